//! The balance of the whole chain, before and after.

use crate::application::{BalanceSheet, Change};
use crate::demo::names::Names;
use hydrogen_types::{Address, Amount};
use serde_json::{Value, json};

/// Every balance that changed, a line each, and the sum.
pub(super) fn table(before: &BalanceSheet, after: &BalanceSheet, names: &Names) -> Vec<String> {
    let changes = before.changes(after);
    let width = changes.iter().map(|change| names.of(&change.address).len()).max().unwrap_or(0).max(8);
    let row = |name: &str, before: String, after: String, difference: String| {
        format!("{name:<width$}  {before:>28}  {after:>28}  {difference:>26}")
    };
    let line = |change: &Change| {
        let name = names.of(&change.address);
        row(&name, change.before.to_string(), change.after.to_string(), signed(change.difference()))
    };
    let mut lines = vec![row(
        "account",
        format!("at block {}", before.height),
        format!("at block {}", after.height),
        String::from("change in CNX"),
    )];
    lines.extend(changes.iter().map(line));
    let unchanged = before.balances.len().max(after.balances.len()).saturating_sub(changes.len());
    lines.push(row(
        &format!("sum of all {}", after.balances.len()),
        signed(before.total()).trim_start_matches('+').to_owned(),
        signed(after.total()).trim_start_matches('+').to_owned(),
        signed(sum(&changes)),
    ));
    lines.push(format!("({unchanged} accounts did not change)"));
    lines
}

/// What the validators earned in fees, and what was burned, of these changes.
pub(super) fn fees_and_burned(changes: &[Change], validators: &[Address]) -> String {
    let fees: i128 =
        changes.iter().filter(|change| validators.contains(&change.address)).map(Change::difference).sum();
    let burned = Address::of_name("burned");
    let burned: i128 = changes.iter().filter(|change| change.address == burned).map(Change::difference).sum();
    format!("(of this, fees to the validators: {} CNX; burned: {} CNX)", signed(fees), signed(burned))
}

/// The sum of all changes, in base units: zero, or coins came or went.
pub(super) fn sum(changes: &[Change]) -> i128 {
    changes.iter().map(Change::difference).sum()
}

/// The changes as JSON, in base units.
pub(super) fn json_of(changes: &[Change], names: &Names) -> Value {
    let row = |change: &Change| {
        json!({
            "name": names.of(&change.address), "address": change.address.to_string(),
            "before": change.before.get().to_string(), "after": change.after.get().to_string(),
            "change": change.difference().to_string()
        })
    };
    Value::from(changes.iter().map(row).collect::<Vec<_>>())
}

/// Base units as CNX with a sign.
fn signed(base_units: i128) -> String {
    let amount = Amount::new(base_units.unsigned_abs());
    match base_units {
        0 => String::from("0"),
        negative if negative < 0 => format!("-{amount}"),
        _ => format!("+{amount}"),
    }
}
