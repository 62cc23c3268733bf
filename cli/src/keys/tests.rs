use crate::keys::{KeyError, KeyFile, Passphrase};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.into()).expect("not empty")
}

fn no_passphrase() -> Result<Passphrase, KeyError> {
    Err(KeyError::WrongPassphrase)
}

#[test]
fn an_encrypted_key_opens_with_its_passphrase_alone() {
    let key = KeyFile::encrypted(&[7; 32], &passphrase("correct horse")).expect("sealed");
    let text = serde_json::to_string(&key).expect("json");
    assert!(!text.contains(&hex::encode([7u8; 32])), "the seed must not stand in the file");
    assert_eq!(*key.seed(|| Ok::<_, KeyError>(passphrase("correct horse"))).expect("opens"), [7; 32]);
    let refused = key.seed(|| Ok::<_, KeyError>(passphrase("wrong horse")));
    assert!(matches!(refused, Err(KeyError::WrongPassphrase)));
}

#[test]
fn a_box_put_under_another_address_does_not_open() {
    let own = KeyFile::encrypted(&[7; 32], &passphrase("p")).expect("sealed");
    let other = KeyFile::clear(&[8; 32]);
    let mut json = serde_json::to_value(&own).expect("json");
    json["address"] = serde_json::to_value(&other).expect("json")["address"].clone();
    let moved: KeyFile = serde_json::from_value(json).expect("still a key file");
    let refused = moved.seed(|| Ok::<_, KeyError>(passphrase("p")));
    assert!(matches!(refused, Err(KeyError::WrongPassphrase)));
}

#[test]
fn files_are_private_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("keys").join("a.json");
    KeyFile::clear(&[7; 32]).write_new(&path).expect("written");
    let mode = std::fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(matches!(KeyFile::clear(&[8; 32]).write_new(&path), Err(KeyError::Exists { .. })));
    let read = KeyFile::read(&path).expect("reads");
    assert_eq!(*read.seed(no_passphrase).expect("clear"), [7; 32]);
}
