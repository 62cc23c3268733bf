//! Attacks: each row of section 9 of `task-protocol`, and more.
//!
//! An attack is a function named after it. It first works out what the attacker has of it under the rule that it was
//! made for (`old`: a few lines beside it), then plays it against the contract, checks that it fails, and returns both
//! as a row of the table in `docs/security.md`, which is compared with what the functions compute. `attacks!` makes a
//! test of each, and the list.

use super::net::{balance, node_view};
use super::security::check_block;
use crate::state::NODES;
use hydrogen_types::{Address, Amount};
use std::fmt::Write;

/// What an attack brings, in words with numbers.
pub(super) struct Row {
    /// Under the old rule.
    old: String,
    /// Against the contract.
    ours: String,
}

/// Attacks by name.
type Attacks = &'static [(&'static str, fn() -> Row)];

impl Row {
    fn new(old: impl Into<String>, ours: impl Into<String>) -> Self {
        Self { old: old.into(), ours: ours.into() }
    }

    /// Of an attack that is about money alone: it paid, and does not.
    fn money(old: i128, ours: i128) -> Self {
        assert!(old > 0, "the old rule paid {}", cnx(old));
        assert!(ours <= 0, "the attack pays {}", cnx(ours));
        Self::new(cnx(old), cnx(ours))
    }
}

macro_rules! attacks {
    ($($name:ident),* $(,)?) => {
        pub(super) const ALL: super::Attacks = &[$((stringify!($name), $name)),*];

        mod test {
            $(
                #[test]
                fn $name() {
                    super::$name();
                }
            )*
        }
    };
}

mod disclosure;
mod draw;
mod errors;
mod nodes;
mod old;
mod outage;
mod receipts;
mod silence;
mod upload;

/// A share of the tasks played here, in base units.
const SHARE: i128 = 10 * CNX;
/// A node's stake.
const STAKE: i128 = 400 * CNX;
const CNX: i128 = Amount::cnx(1).get().cast_signed();

/// What an account has, its stake included.
fn wealth(who: Address) -> i128 {
    let staked = NODES.load(&who).map_or(Amount::ZERO, |_| node_view(who).stake);
    balance(who).get().cast_signed() + staked.get().cast_signed()
}

/// By how much `attack` made these accounts richer together.
fn gain(who: &[Address], attack: impl FnOnce()) -> i128 {
    let all = || who.iter().copied().map(wealth).sum::<i128>();
    let before = all();
    attack();
    all() - before
}

fn cnx(amount: i128) -> String {
    let sign = match amount {
        ..0 => "-",
        0 => "",
        _ => "+",
    };
    format!("{sign}{} CNX", Amount::new(amount.unsigned_abs()))
}

/// What others lose, or what is at stake: no gain of anybody, so without a sign.
fn plain(amount: i128) -> String {
    assert!(amount >= 0, "{amount}");
    format!("{} CNX", Amount::new(amount.unsigned_abs()))
}

/// With `--nocapture`, the whole list.
#[test]
fn the_table_of_attacks() {
    let groups: [(&str, Attacks); 8] = [
        ("the draw", draw::ALL),
        ("commitments and reveals", disclosure::ALL),
        ("errors", errors::ALL),
        ("uploads", upload::ALL),
        ("silence and fees", silence::ALL),
        ("receipts", receipts::ALL),
        ("nodes and races", nodes::ALL),
        ("outages", outage::ALL),
    ];
    let mut text =
        String::from("| about | attack | gain under the old rule | gain here |\n|---|---|---|---|\n");
    for (about, attacks) in groups {
        for (name, play) in attacks {
            let Row { old, ours } = play();
            writeln!(text, "| {about} | {} | {old} | {ours} |", name.replace('_', " "))
                .expect("text takes everything");
        }
    }
    println!("{text}");
    check_block("attacks", &text);
}
