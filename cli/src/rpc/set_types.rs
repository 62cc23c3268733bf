//! The JSON form of changes of the validator set.

use crate::rpc::block_types::{CertificateJson, HeaderJson, ValidatorJson};
use crate::rpc::text::Text;
use hydrogen_core::ValidatorChange;
use hydrogen_types::{Hash, Height, Validator, ValidatorSet};
use serde::{Deserialize, Serialize};

/// A page of `chain_validatorChanges`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ValidatorChangesJson {
    /// Changes in the order of their heights.
    pub changes: Vec<ValidatorChangeJson>,
    /// Where the next page begins; null when there is none yet.
    pub next: Option<Text<Height>>,
}

/// A set that differs from the one before it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ValidatorChangeJson {
    /// The first height that it decides.
    pub height: Text<Height>,
    /// Its hash.
    pub hash: Text<Hash>,
    /// Its members.
    pub validators: Vec<ValidatorJson>,
    /// The last header that the set before it decided; null for the set of genesis.
    pub header: Option<HeaderJson>,
    /// That header's certificate.
    pub certificate: Option<CertificateJson>,
}

impl From<&ValidatorChange> for ValidatorChangeJson {
    fn from(change: &ValidatorChange) -> Self {
        Self {
            height: Text(change.height),
            hash: Text(change.validators.hash()),
            validators: change.validators.members().iter().map(ValidatorJson::from).collect(),
            header: change.proof.as_ref().map(|(header, _)| header.into()),
            certificate: change.proof.as_ref().map(|(_, certificate)| certificate.into()),
        }
    }
}

impl ValidatorChangeJson {
    /// Reads it back.
    ///
    /// # Errors
    /// When the members are no validator set.
    pub fn into_change(self) -> Result<ValidatorChange, String> {
        let height = self.height.0;
        let validators = ValidatorSet::new(self.validators.into_iter().map(Validator::from).collect())
            .ok_or_else(|| format!("the validators of height {height} are no set"))?;
        let proof = self.header.map(Into::into).zip(self.certificate.map(Into::into));
        Ok(ValidatorChange { height, validators, proof })
    }
}
