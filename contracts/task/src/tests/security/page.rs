//! `docs/security.md`: blocks of it are made here.

use std::path::PathBuf;
use std::sync::Mutex;

static WRITING: Mutex<()> = Mutex::new(());

/// Compares the block called `name` with `wanted`, or writes it there with `HYDROGEN_REFRESH=1`.
pub(in crate::tests) fn check_block(name: &str, wanted: &str) {
    let _guard = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security.md"));
    let page = std::fs::read_to_string(&path).expect("the document is there");
    let (first, last) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (head, rest) = page.split_once(&first).unwrap_or_else(|| panic!("no block `{name}` in {path:?}"));
    let (found, tail) = rest.split_once(&last).unwrap_or_else(|| panic!("block `{name}` does not end"));
    if std::env::var_os("HYDROGEN_REFRESH").is_some() {
        std::fs::write(&path, format!("{head}{first}{wanted}{last}{tail}"))
            .expect("the document can be written");
        return;
    }
    assert_eq!(
        found, wanted,
        "block `{name}` of docs/security.md is stale: refresh it as it says at its top"
    );
}
