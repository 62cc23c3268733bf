//! From a history that fails to the shortest that still does.

use super::ops::Op;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

std::thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs it; a panic of this thread prints nothing and is the error.
pub(super) fn quietly<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if QUIET.get() {
                LAST.set(info.to_string());
            } else {
                usual(info);
            }
        }));
    });
    QUIET.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    result.map_err(|_| LAST.take())
}

/// Cuts parts out while the rest still fails, large parts first.
fn shortest(history: &[Op], fails: impl Fn(&[Op]) -> bool) -> Vec<Op> {
    let mut best = history.to_vec();
    let mut part = best.len() / 2;
    while part > 0 {
        let (mut at, before) = (0, best.len());
        while at < best.len() {
            let mut shorter = best.clone();
            shorter.drain(at..(at + part).min(best.len()));
            if fails(&shorter) { best = shorter } else { at += part }
        }
        if best.len() == before || part > 1 {
            part /= 2;
        }
    }
    best
}

/// What a reader needs to see it fail again.
pub(super) fn report(seed: u64, history: &[Op], why: &str, play: impl Fn(&[Op])) -> String {
    let best = shortest(history, |history| quietly(|| play(history)).is_err());
    let last = quietly(|| play(&best)).err().unwrap_or_default();
    let steps: Vec<String> = best.iter().map(|op| format!("    Op::{op:?},")).collect();
    format!("seed {seed} fails: {why}\n\nthe shortest history that fails:\n{}\n\nas {last}", steps.join("\n"))
}

#[test]
fn a_failing_history_is_cut_down_to_what_matters() {
    let history = super::history(7, 100);
    let wanted = [history[20], history[77]];
    let fails = |history: &[Op]| wanted.iter().all(|op| history.contains(op));
    assert_eq!(shortest(&history, fails), wanted);
}
