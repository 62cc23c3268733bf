//! Changes of the validator set, by the governance key.
//!
//! ```text
//! block h:      a change is made
//! state of h:   `validators` decides h + 1, `next validators` (if there) decides h + 2
//! block h + 2:  decided by the changed set
//! ```
//!
//! *Invariants*: whoever is to decide height h + 2 is known once h is final, so votes for the next height can be
//! checked before the current one is decided; two sets in a row differ by at most a third of the power, so whoever
//! trusts one follows to the next. The header of h names the sets of h and of h + 1, so a light client follows by
//! headers alone (`hydrogen_proof::LightClient`).

use super::native::Refusal;
use crate::state::{Overlay, keys};
use crate::store::StoreError;
use hydrogen_types::receipt::code;
use hydrogen_types::{PublicKey, Validator, ValidatorSet};

/// A change may move one part in so many of the power, summed over all changes of a block.
const POWER_PART: u128 = 3;

/// A block begins: the set that was next decides the block after it.
pub(super) fn enter_block(state: &mut Overlay) -> Result<(), StoreError> {
    if let Some(next) = state.read::<ValidatorSet>(&keys::next_validators())? {
        state.write(keys::validators(), &next);
        state.remove(keys::next_validators());
    }
    Ok(())
}

/// Adds a validator, sets its power and other keys, or (with a power of 0) removes it.
pub(super) fn change(
    state: &mut Overlay,
    governance: Option<PublicKey>,
    sender: &PublicKey,
    validator: &Validator,
) -> Result<Result<(), Refusal>, StoreError> {
    let refused = |code, message: String| Ok(Err(Refusal::new(code, message)));
    if governance != Some(*sender) {
        let message = match governance {
            Some(key) => format!("only the governance key {key} changes the validator set"),
            None => "this chain's genesis names no governance key: its validator set is fixed".into(),
        };
        return refused(code::NOT_GOVERNANCE, message);
    }
    let damaged = StoreError::Damaged { what: "validator set" };
    let base: ValidatorSet = state.read(&keys::validators())?.ok_or(damaged)?;
    let next = state.read::<ValidatorSet>(&keys::next_validators())?.unwrap_or_else(|| base.clone());
    let mut members = next.members().to_vec();
    let known = members.len();
    members.retain(|member| member.consensus_key != validator.consensus_key);
    match validator.power {
        0 if members.len() == known => {
            let message = format!("{} is no validator: nothing to remove", validator.address());
            return refused(code::BAD_VALIDATORS, message);
        }
        0 => {}
        _ => members.push(validator.clone()),
    }
    let Some(changed) = ValidatorSet::new(members) else {
        let message = "a set has 1 to 128 validators, and powers that add up to less than 2^64 / 3".into();
        return refused(code::BAD_VALIDATORS, message);
    };
    let moved = moved_power(&base, &changed);
    let total = u128::from(base.total_power());
    if moved.saturating_mul(POWER_PART) > total {
        let message = format!(
            "this moves {moved} of a power of {total} in one block, a third is allowed: spread it over several blocks"
        );
        return refused(code::BAD_VALIDATORS, message);
    }
    state.write(keys::next_validators(), &changed);
    Ok(Ok(()))
}

/// The sum over all validators of what each gains or loses. Another VRF key or account under the same consensus key
/// moves nothing.
fn moved_power(base: &ValidatorSet, changed: &ValidatorSet) -> u128 {
    let power = |set: &ValidatorSet, key: &PublicKey| {
        set.members().iter().find(|member| member.consensus_key == *key).map_or(0, |member| member.power)
    };
    let lost = base
        .members()
        .iter()
        .map(|member| u128::from(member.power.saturating_sub(power(changed, &member.consensus_key))));
    let gained = changed
        .members()
        .iter()
        .map(|member| u128::from(member.power.saturating_sub(power(base, &member.consensus_key))));
    lost.chain(gained).sum()
}
