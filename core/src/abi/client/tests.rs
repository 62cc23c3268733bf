use super::*;

#[test]
fn names_change_their_case() {
    assert_eq!(upper_camel("some_name-of"), "SomeNameOf");
    assert_eq!(lower_camel("some_name"), "someName");
    assert_eq!(shouting("SomeName"), "SOME_NAME");
    assert_eq!(upper_camel("_"), "");
}
