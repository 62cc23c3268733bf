//! A task program: count, sum, least and greatest of the whole numbers on stdin.
//!
//! - stdin: whole numbers of 64 bits, apart by white space; at least one.
//! - stdout: four lines, `count N`, `sum N`, `least N`, `greatest N`.
//! - exit: 0; 65 for other input, with a sentence on stderr.

use std::io::{self, Read};
use std::process::ExitCode;

/// Says that the input is at fault: the task then ends with the error "bad arguments".
const EXIT_BAD_ARGUMENTS: u8 = 65;

fn main() -> ExitCode {
    let mut input = Vec::new();
    if let Err(error) = io::stdin().read_to_end(&mut input) {
        eprintln!("stdin: {error}");
        return ExitCode::FAILURE;
    }
    match report(&input) {
        Ok(lines) => {
            print!("{lines}");
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::from(EXIT_BAD_ARGUMENTS)
        }
    }
}

/// The four lines, or what is wrong with the input.
fn report(input: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(input).map_err(|_| "the input is not text".to_string())?;
    let numbers = text.split_ascii_whitespace().map(|word| {
        let number = word.parse::<i64>();
        number.map_err(|_| format!("`{word}` is not a whole number of 64 bits"))
    });
    let numbers: Vec<i64> = numbers.collect::<Result<_, _>>()?;
    let (Some(least), Some(greatest)) = (numbers.iter().min(), numbers.iter().max()) else {
        return Err("there is no number in the input".to_string());
    };
    // A sum of numbers of 64 bits fits 128.
    let sum: i128 = numbers.iter().map(|number| i128::from(*number)).sum();
    let count = numbers.len();
    Ok(format!("count {count}\nsum {sum}\nleast {least}\ngreatest {greatest}\n"))
}

#[cfg(test)]
mod tests {
    use super::report;

    #[test]
    fn the_sample_gives_what_is_expected() {
        let input = include_bytes!("../sample/input.txt");
        let expected = include_str!("../sample/expected.txt");
        assert_eq!(report(input), Ok(expected.to_string()));
    }

    #[test]
    fn other_input_is_refused() {
        for (input, sentence) in [
            (&b"1 two 3"[..], "`two` is not a whole number of 64 bits"),
            (b"9223372036854775808", "`9223372036854775808` is not a whole number of 64 bits"),
            (b" \n", "there is no number in the input"),
            (b"\xff", "the input is not text"),
        ] {
            assert_eq!(report(input), Err(sentence.to_string()));
        }
    }

    #[test]
    fn the_greatest_numbers_do_not_overflow() {
        let input = format!("{} {}", i64::MAX, i64::MAX);
        let lines = report(input.as_bytes()).unwrap();
        assert!(lines.contains("sum 18446744073709551614\n"));
    }
}
