//! Records of equivocation as JSON.

use crate::rpc::error::{Answer, invalid, unread};
use crate::rpc::text::AsText;
use hydrogen_core::ChainReader;
use hydrogen_core::evidence::{Evidence, EvidenceKey, Statement};
use hydrogen_types::{Address, Height, Signature, codec};
use serde_json::{Value, json};

/// Records of one page.
pub(super) const PAGE_MAX: usize = 100;

/// Which records are asked for.
pub(super) struct Wanted {
    /// Against this validator alone.
    pub(super) validator: Option<Address>,
    /// Of this height alone.
    pub(super) height: Option<Height>,
    /// After this place, as a page before has told it.
    pub(super) after: Option<Vec<u8>>,
}

/// A page of records, by height, and where the next begins.
pub(super) fn page(reader: &ChainReader, wanted: &Wanted) -> Answer {
    let place = |bytes: &Vec<u8>| {
        let wrong = || {
            invalid(format!(
                "parameter `after`: `{}` is no place: leave it out, or take `next` of a page",
                bytes.to_text()
            ))
        };
        EvidenceKey::from_bytes(bytes).ok_or_else(wrong)
    };
    let after = wanted.after.as_ref().map(place).transpose()?;
    let records = reader.evidence().map_err(|error| unread(&error))?;
    let asked = |record: &&Evidence| {
        let about = record.about();
        wanted.validator.is_none_or(|validator| validator == about.validator)
            && wanted.height.is_none_or(|height| height == about.height)
            && after.is_none_or(|after| after < about)
    };
    let mut found: Vec<&Evidence> = records.iter().filter(asked).take(PAGE_MAX + 1).collect();
    let more = found.len() > PAGE_MAX;
    found.truncate(PAGE_MAX);
    let next = found.last().filter(|_| more).map(|last| last.about().to_bytes().to_text());
    Ok(json!({"evidence": found.into_iter().map(record).collect::<Vec<Value>>(), "next": next}))
}

fn record(record: &Evidence) -> Value {
    let about = record.about();
    json!({
        "validator": about.validator.to_string(),
        "height": about.height.to_string(),
        "round": about.round,
        "step": about.step.name(),
        "first": statement(&record.first),
        "second": statement(&record.second),
        "record": codec::encode(record).to_text(),
    })
}

/// `block` is null for a vote against every block.
fn statement((statement, signature): &(Statement, Signature)) -> Value {
    let locked = match statement {
        Statement::Proposal { locked, .. } => *locked,
        Statement::Prevote(_) | Statement::Precommit(_) => None,
    };
    let block = statement.block().map(|block| block.to_string());
    json!({"block": block, "locked_round": locked, "signature": signature.0.to_vec().to_text()})
}
