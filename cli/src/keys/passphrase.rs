//! Where a passphrase comes from: `--passphrase-file`, or the environment; never the command line.

use crate::failure::{Failure, Outcome};
use crate::session::Session;
use zeroize::Zeroizing;

/// The variable that holds a passphrase.
const VARIABLE: &str = "HYDROGEN_PASSPHRASE";
/// Longest passphrase file: more is surely another file.
const PASSPHRASE_BYTES_MAX: usize = 4096;

/// A passphrase; wiped when dropped.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// From a text, at least one character.
    ///
    /// # Errors
    /// When it is empty.
    pub fn new(text: String) -> Outcome<Self> {
        if text.is_empty() {
            return Err(Failure::new("the passphrase is empty"));
        }
        Ok(Self(Zeroizing::new(text)))
    }

    /// What the flags or the environment give, if they do.
    ///
    /// # Errors
    /// When the file cannot be read or holds no passphrase.
    pub fn given(session: &Session) -> Outcome<Option<Self>> {
        if let Some(path) = &session.passphrase_file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Failure::of(format_args!("passphrase file {}", path.display()), &error))?;
            if text.len() > PASSPHRASE_BYTES_MAX {
                let size = text.len();
                return Err(Failure::new(format!(
                    "{} holds {size} bytes, a passphrase at most {PASSPHRASE_BYTES_MAX}",
                    path.display()
                )));
            }
            return Self::new(text.trim_end_matches(['\r', '\n']).into()).map(Some);
        }
        match std::env::var(VARIABLE) {
            Ok(text) if !text.is_empty() => Self::new(text).map(Some),
            _ => Ok(None),
        }
    }

    /// As [`Passphrase::given`], but required.
    ///
    /// # Errors
    /// Says how to give one.
    pub fn required(session: &Session) -> Outcome<Self> {
        Self::given(session)?.ok_or_else(|| {
            Failure::new("a passphrase is needed").hint(format!(
                "give --passphrase-file FILE, or set {VARIABLE}; --clear keeps a key unencrypted"
            ))
        })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
