//! Everything that is wrong with a module at once, and which switched-off proposal is to blame.
//!
//! A module that uses a proposal that is off fails validation at its first use, and nothing behind that place in the
//! section is looked at. So the walk is repeated with that proposal switched on, for the sake of what lies behind, until
//! nothing new turns up. Only authors pay for this: the chain stops at the first violation.

use crate::check;
use crate::findings::{FINDINGS_MAX, Finding, FindingKind, Findings, Report};
use crate::proposals::{PROPOSALS, Proposal, contract_features, known_features};
use crate::survey::Survey;
use std::collections::BTreeMap;
use wasmparser::WasmFeatures;

/// The checks of a contract or of a program.
pub(crate) type Examine = fn(&[u8], WasmFeatures, &mut Findings) -> Survey;

/// Everything that is wrong with a contract's module: what the chain checks at upload, by the same code, to the end.
///
/// ```
/// let report = hydrogen_vm::report(b"\0asm\x01\0\0\0");
/// assert!(report.findings[0].to_string().starts_with("a contract exports its memory as `memory`"));
/// ```
#[must_use]
pub fn report(code: &[u8]) -> Report {
    collect(code, contract_features(), check::examine)
}

/// Order of a report, what concerns no single place last, and what makes two findings the same.
type Key = (usize, FindingKind, String);

fn key(finding: &Finding) -> Key {
    (finding.offset.unwrap_or(usize::MAX), finding.kind, finding.problem.clone())
}

fn run(code: &[u8], features: WasmFeatures, examine: Examine) -> Findings {
    let mut findings = Findings::up_to(FINDINGS_MAX);
    let _survey = examine(code, features, &mut findings);
    findings
}

fn invalid(findings: &Findings) -> Vec<usize> {
    let malformed = findings.list().iter().filter(|finding| finding.kind == FindingKind::Malformed);
    malformed.filter_map(|finding| finding.offset).collect()
}

/// Rounds of [`report`], each with the proposals of the round before switched on.
pub(crate) fn collect(code: &[u8], base: WasmFeatures, examine: Examine) -> Report {
    let mut features = base;
    let mut all: BTreeMap<Key, Finding> = BTreeMap::new();
    let mut unreadable;
    loop {
        let round = run(code, features, examine);
        unreadable = round.unreadable();
        let blame = blame(code, features, examine, &round);
        let mut next = features;
        for finding in round.list() {
            let culprits = finding.offset.and_then(|offset| blame.get(&offset));
            let finding = match culprits {
                Some(culprits) if finding.kind == FindingKind::Malformed => {
                    next |= culprits.iter().fold(WasmFeatures::empty(), |all, one| all | one.feature);
                    all.retain(|(offset, kind, _), _| {
                        *kind != FindingKind::Malformed || Some(*offset) != finding.offset
                    });
                    accused(finding, culprits)
                }
                _ => finding.clone(),
            };
            all.entry(key(&finding)).or_insert(finding);
        }
        if next == features || all.len() >= FINDINGS_MAX {
            break;
        }
        features = next;
    }
    let unseen = if all.len() >= FINDINGS_MAX {
        Some(format!("these are the first {FINDINGS_MAX}"))
    } else {
        unreadable.map(|offset| format!("the module could not be read beyond offset {offset:#x}"))
    };
    Report { findings: all.into_values().take(FINDINGS_MAX).collect(), unseen }
}

/// The finding of something that is off.
fn accused(finding: &Finding, culprits: &[&Proposal]) -> Finding {
    let names: Vec<String> = culprits.iter().map(|one| format!("`{}`", one.name)).collect();
    let message = finding.problem.trim_start_matches("not a valid module: ");
    let (without, reason) = culprits.first().map(|one| (one.without, one.reason)).unwrap_or_default();
    Finding {
        kind: FindingKind::Proposal,
        problem: format!("uses {}, which is off: {message}", names.join(" with ")),
        mend: format!("{without}; why it is off: {reason}"),
        ..finding.clone()
    }
}

/// Places that are valid once more proposals are on, and these: one where one is enough.
fn blame(
    code: &[u8],
    features: WasmFeatures,
    examine: Examine,
    round: &Findings,
) -> BTreeMap<usize, Vec<&'static Proposal>> {
    let places = invalid(round);
    let mut blame = BTreeMap::new();
    if places.is_empty() {
        return blame;
    }
    let cures = |features: WasmFeatures, place: usize| {
        let with = run(code, features, examine);
        place < with.unreadable().unwrap_or(usize::MAX) && !invalid(&with).contains(&place)
    };
    let off: Vec<_> = PROPOSALS.iter().filter(|one| !features.contains(one.feature)).collect();
    for proposal in &off {
        let with = run(code, features | proposal.feature, examine);
        let (still, read_to) = (invalid(&with), with.unreadable().unwrap_or(usize::MAX));
        for place in places.iter().filter(|place| **place < read_to && !still.contains(place)) {
            blame.entry(*place).or_insert_with(|| vec![*proposal]);
        }
    }
    // Some need several: of all of them, leave out what is not needed. One place is enough for a round.
    let unexplained = places.iter().find(|place| !blame.contains_key(place)).copied();
    if let Some(place) = unexplained.filter(|place| cures(known_features(), *place)) {
        let mut needed = known_features();
        for proposal in &off {
            let fewer = needed - proposal.feature;
            if cures(fewer, place) {
                needed = fewer;
            }
        }
        blame.insert(place, off.into_iter().filter(|one| needed.contains(one.feature)).collect());
    }
    blame
}
