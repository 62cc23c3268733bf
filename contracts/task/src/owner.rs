//! What the owner may: put a configuration in force, and give the contract to another account. `relays` has the rest.

use crate::config::{self, check_config};
use crate::error::TaskError;
use crate::event::{ConfigSet, OwnershipAccepted, OwnershipOffered};
use crate::state::{CONFIG_NUMBER, CONFIGS, OFFERED, OWNER, Totals};
use hydrogen_sdk::EventData;
use hydrogen_types::Address;
use hydrogen_types::host::CallContext;
use hydrogen_types::task::TaskConfig;

/// Refuses everybody else.
pub(crate) fn check_owner(context: &CallContext) -> Result<(), TaskError> {
    if OWNER.load() == Some(context.caller) { Ok(()) } else { Err(TaskError::NotOwner) }
}

/// Puts a configuration in force for the tasks and nodes to come. Returns its number.
///
/// Tasks keep theirs. A node whose stake is below a raised `stake_min` stays in its lists until its next task is over:
/// then it is paused. A type that is dropped takes no new task and no new node.
pub(crate) fn set_config(context: &CallContext, config: TaskConfig) -> Result<u64, TaskError> {
    check_owner(context)?;
    check_config(&config)?;
    let number = config::current().0 + 1;
    CONFIGS.save(&number, &config);
    CONFIG_NUMBER.save(&number);
    let mut totals = Totals::load();
    totals.stats.stake_min = totals.stats.stake_min.min(config.stake_min);
    totals.save();
    ConfigSet { number }.emit();
    Ok(number)
}

/// Offers the contract to another account, in place of an earlier offer; to the owner itself, the offer is withdrawn.
pub(crate) fn offer(context: &CallContext, to: Address) -> Result<(), TaskError> {
    check_owner(context)?;
    if to == context.caller {
        OFFERED.remove();
    } else {
        OFFERED.save(&to);
    }
    OwnershipOffered { to }.emit();
    Ok(())
}

/// Takes the offer.
pub(crate) fn accept(context: &CallContext) -> Result<(), TaskError> {
    if OFFERED.load() != Some(context.caller) {
        return Err(TaskError::NotOffered);
    }
    OFFERED.remove();
    OWNER.save(&context.caller);
    OwnershipAccepted { owner: context.caller }.emit();
    Ok(())
}
