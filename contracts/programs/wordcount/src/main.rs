//! A task program: counts the words of a text.
//!
//! - stdin: UTF-8 text.
//! - stdout: a line `COUNT WORD` for each word, most frequent first, equally frequent ones in byte order.
//! - exit: 0; 65 for bytes that are not UTF-8, with a sentence on stderr.
//!
//! A word is a run of letters, digits and inner apostrophes, in lower case.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::process::ExitCode;

/// Says that the input is at fault: the task's error is then "bad arguments".
const EXIT_BAD_ARGUMENTS: u8 = 65;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            eprintln!("{error}");
            ExitCode::from(EXIT_BAD_ARGUMENTS)
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text)?;
    io::stdout().lock().write_all(report(&text).as_bytes())
}

/// The counts of a text, as lines.
fn report(text: &str) -> String {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for piece in text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'') {
        let word = piece.trim_matches('\'').to_lowercase();
        if !word.is_empty() {
            *counts.entry(word).or_default() += 1;
        }
    }
    // The sort is stable, so words of one count stay in the order of the map.
    let mut lines: Vec<(String, u64)> = counts.into_iter().collect();
    lines.sort_by(|(_, left), (_, right)| right.cmp(left));
    lines.iter().map(|(word, count)| format!("{count} {word}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::report;

    #[test]
    fn the_most_frequent_word_comes_first_and_ties_are_in_order() {
        let text = "The node, the relay; don't 'quote' THE node. Zebra apple 42";
        assert_eq!(report(text), "3 the\n2 node\n1 42\n1 apple\n1 don't\n1 quote\n1 relay\n1 zebra\n");
    }

    #[test]
    fn a_text_without_words_counts_nothing() {
        assert_eq!(report(" ... '' \n"), "");
    }
}
