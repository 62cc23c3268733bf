//! `docs/relay.md` lists every limit and every metric, with what the program says.

use crate::relay::RelayLimits;
use crate::relay::metrics::Metrics;
use std::collections::BTreeSet;
use std::path::Path;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/relay.md");
    std::fs::read_to_string(path).expect("docs/relay.md")
}

/// The rows of the table below a heading, cell by cell.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = page();
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).expect("the section");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn every_limit_is_documented_with_its_default() {
    let found: Vec<(String, String)> = table("Limits")
        .into_iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), row[1].clone()))
        .collect();
    let wanted: Vec<(String, String)> =
        RelayLimits::default().table().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(found, wanted);
}

#[test]
fn every_metric_is_documented() {
    let text = Metrics::new().encode();
    let wanted: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split_once(' '))
        .map(|(name, kind)| format!("{name}{}", if kind == "counter" { "_total" } else { "" }))
        .collect();
    assert!(wanted.len() > 20, "{wanted:?}");
    let found: BTreeSet<String> =
        table("Metrics").into_iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    assert_eq!(found, wanted);
}
