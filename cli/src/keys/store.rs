//! Keys by name: in the home, in the home's local testnet, in a file, or one of the development keys.

use crate::failure::{Failure, Outcome};
use crate::keys::file::KeyFile;
use crate::keys::passphrase::Passphrase;
use crate::keys::seed::{DEV_KEYS, dev_seed};
use crate::session::Session;
use hydrogen_core::NodeKeys;
use hydrogen_types::{Address, PublicKey};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest name of a key.
const NAME_BYTES_MAX: usize = 64;

/// A key as `keys list` shows it.
#[derive(Debug, Clone)]
pub struct KeySummary {
    /// Name.
    pub name: String,
    /// The account's address.
    pub address: Address,
    /// Whether its seed stands in clear.
    pub clear: bool,
    /// The file.
    pub path: PathBuf,
}

/// Where a key of this name is or would be in `home`.
///
/// # Errors
/// When the name is not made of letters, digits, `-` and `_`.
pub fn path_of(home: &Path, name: &str) -> Outcome<PathBuf> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(legal) {
        return Err(Failure::new(format!("`{name}` is not a key's name"))
            .hint(format!("use 1 to {NAME_BYTES_MAX} letters, digits, - and _")));
    }
    Ok(home.join("keys").join(format!("{name}.json")))
}

/// Writes a new key into `home`; its file.
///
/// # Errors
/// When the name is illegal or taken, or the disk refuses.
pub fn write(home: &Path, name: &str, key: &KeyFile) -> Outcome<PathBuf> {
    if dev_index(name).is_some() {
        return Err(Failure::new(format!("`{name}` is the public key of a development account"))
            .hint("choose another name"));
    }
    let path = path_of(home, name)?;
    key.write_new(&path)?;
    Ok(path)
}

/// All keys that commands with this home may name, ordered by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(session: &Session) -> Outcome<Vec<KeySummary>> {
    let mut keys: Vec<KeySummary> = Vec::new();
    for folder in folders(&session.home) {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Failure::of(folder.display(), &error)),
        };
        for entry in entries {
            let path = entry?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")) else {
                continue;
            };
            if keys.iter().any(|key| key.name == name) {
                continue;
            }
            match KeyFile::read(&path) {
                Ok(key) => keys.push(KeySummary {
                    name: name.into(),
                    address: key.address(),
                    clear: key.is_clear(),
                    path: path.clone(),
                }),
                Err(error) => session.output.say(format_args!("skipped: {error}")),
            }
        }
    }
    keys.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(keys)
}

/// The address of a key, without opening it; `None` if no key has this name.
///
/// # Errors
/// When the file is no key file.
pub fn address_of(session: &Session, name: &str) -> Outcome<Option<Address>> {
    if let Some(index) = dev_index(name) {
        return Ok(Some(NodeKeys::from_seed(dev_seed(index)).account.address()));
    }
    match find(session, name) {
        Some(path) => Ok(Some(KeyFile::read(&path)?.address())),
        None => Ok(None),
    }
}

/// The public account key of a key, without opening it; `None` if no key has this name.
///
/// # Errors
/// When the file is no key file.
pub fn public_key_of(session: &Session, name: &str) -> Outcome<Option<PublicKey>> {
    if let Some(index) = dev_index(name) {
        return Ok(Some(NodeKeys::from_seed(dev_seed(index)).account.public()));
    }
    find(session, name).map(|path| Ok(KeyFile::read(&path)?.public_key())).transpose()
}

/// The seed of a key.
///
/// # Errors
/// When there is no such key, or its passphrase is missing or wrong.
pub fn seed_of(session: &Session, name: &str) -> Outcome<Zeroizing<[u8; 32]>> {
    if let Some(index) = dev_index(name) {
        return Ok(Zeroizing::new(dev_seed(index)));
    }
    let path = find(session, name).ok_or_else(|| missing(session, name))?;
    KeyFile::read(&path)?.seed(|| Passphrase::required(session))
}

/// All keys derived from a seed: account, consensus, VRF, peer.
///
/// # Errors
/// As [`seed_of`].
pub fn open(session: &Session, name: &str) -> Outcome<NodeKeys> {
    Ok(NodeKeys::from_seed(*seed_of(session, name)?))
}

fn dev_index(name: &str) -> Option<u32> {
    let index: u32 = name.strip_prefix("dev")?.parse().ok()?;
    (index < DEV_KEYS && name == format!("dev{index}")).then_some(index)
}

/// The home's own keys first, then those of the testnet that lives in it by default.
fn folders(home: &Path) -> [PathBuf; 2] {
    [home.join("keys"), home.join("testnet").join("keys")]
}

fn find(session: &Session, name: &str) -> Option<PathBuf> {
    if name.contains('/') || name.ends_with(".json") {
        return Some(PathBuf::from(name));
    }
    path_of(&session.home, name).ok()?;
    let candidates = folders(&session.home).map(|folder| folder.join(format!("{name}.json")));
    candidates.into_iter().find(|path| path.is_file())
}

fn missing(session: &Session, name: &str) -> Failure {
    let known = list(session).unwrap_or_default();
    let names: Vec<&str> = known.iter().map(|key| key.name.as_str()).collect();
    let hint = match names.as_slice() {
        [] => format!("make one with `hydrogen keys new {name}`, or point --home to where it is"),
        names => format!("there are: {}; make one with `hydrogen keys new NAME`", names.join(", ")),
    };
    Failure::new(format!("no key `{name}` in {}", session.home.display())).hint(hint)
}
