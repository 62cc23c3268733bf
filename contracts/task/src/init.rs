//! What genesis says about tasks.

use crate::config::check_config;
use crate::error::TaskError;
use crate::relays;
use crate::state::{CONFIG_NUMBER, CONFIGS, OWNER, Totals};
use alloc::string::String;
use alloc::vec::Vec;
use hydrogen_types::task::TaskConfig;
use hydrogen_types::{Address, PublicKey};

/// Number of the configuration of genesis.
const FIRST_CONFIG: u64 = 1;

pub(crate) fn init(
    config: TaskConfig,
    owner: Address,
    relays: Vec<(PublicKey, String)>,
) -> Result<(), TaskError> {
    check_config(&config)?;
    let mut totals = Totals::default();
    totals.stats.stake_min = config.stake_min;
    CONFIGS.save(&FIRST_CONFIG, &config);
    CONFIG_NUMBER.save(&FIRST_CONFIG);
    OWNER.save(&owner);
    for (key, url) in relays {
        relays::add(&mut totals, key, url)?;
    }
    totals.save();
    Ok(())
}
