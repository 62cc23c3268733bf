//! One target under libFuzzer: `HYDROGEN_FUZZ` names it. Started by `fuzz/run`.
#![no_main]
#![allow(unsafe_code, reason = "the engine calls an exported function")]

use hydrogen_fuzz::{Target, target};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TARGET: LazyLock<&'static Target> = LazyLock::new(|| {
    let name = std::env::var("HYDROGEN_FUZZ").expect("HYDROGEN_FUZZ names a target");
    target(&name).unwrap_or_else(|| panic!("no target `{name}`"))
});

fuzz_target!(|bytes: &[u8]| {
    (TARGET.run)(bytes);
});
