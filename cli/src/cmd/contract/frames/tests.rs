use super::{Names, readable};
use hydrogen_build::section;
use hydrogen_types::Hash;

const NAMED: &str = "(module
    (import \"hydrogen\" \"log\" (func $log (param i32 i32)))
    (func $_ZN5tally5tally6deeper17h0123456789abcdefE unreachable)
    (func (export \"call.fail\") call 1))";

/// What a node says of functions of `NAMED`, and of one that it does not have.
fn frames() -> Vec<String> {
    ["function 1", "function 2", "function 7", "something else"].map(str::to_owned).into()
}

#[test]
fn frames_get_the_names_of_the_module_that_ran() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tally.debug.wasm");
    let named = wat::parse_str(NAMED).unwrap();
    std::fs::write(&file, &named).unwrap();
    let hash = Hash::sha256(&section::strip(&named).unwrap());
    let expected = ["function 1 tally::tally::deeper", "function 2", "function 7", "something else"];
    let told = Names::find(&hash, Some(&file), None).unwrap();
    assert_eq!(told.name(&frames()), expected);
    // Beside the module it is found.
    let found = Names::find(&hash, None, Some(&folder.path().join("tally.wasm"))).unwrap();
    assert_eq!(found.name(&frames()), expected);
    // A stamped module is another code, and its debug module carries the same stamp.
    let stamped = Hash::sha256(&section::stamp(&section::strip(&named).unwrap(), &[7; 32]));
    let refused = Names::find(&stamped, Some(&file), None).map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("is not the module with names of code"), "{refused}");
    std::fs::write(&file, section::stamp(&named, &[7; 32])).unwrap();
    assert_eq!(Names::find(&stamped, Some(&file), None).unwrap().name(&frames()), expected);
    // Nothing is made up for other code.
    let other = Names::find(&Hash::sha256(b"other"), None, Some(&folder.path().join("tally.wasm"))).unwrap();
    assert_eq!(other.name(&frames()), frames());
}

#[test]
fn names_are_readable() {
    for (name, expected) in [
        ("_ZN5tally5tally6deeper17h0123456789abcdefE", "tally::tally::deeper"),
        ("core::panicking::panic_fmt::h0123456789abcdef", "core::panicking::panic_fmt"),
        ("_RNvNtCs1234_5tally5tally6deeper", "tally::tally::deeper"),
        ("call.fail", "call.fail"),
    ] {
        assert_eq!(readable(name), expected);
    }
}
