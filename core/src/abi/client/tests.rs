use super::*;

#[test]
fn names_change_their_case() {
    assert_eq!(upper_camel("some_name-of"), "SomeNameOf");
    assert_eq!(lower_camel("some_name"), "someName");
    assert_eq!(shouting("SomeName"), "SOME_NAME");
    assert_eq!(upper_camel("_"), "");
}

/// A stranger's names cannot end the code that they stand in.
#[test]
fn names_are_nothing_but_names() {
    let evil = "a() {} pub fn run(";
    for name in [clean(evil), upper_camel(evil), lower_camel(evil), shouting(evil)] {
        assert!(name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_'), "{name}");
    }
    assert_eq!(clean("some_name2"), "some_name2");
}
