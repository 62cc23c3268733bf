//! The parameters of a chain, and the range that each may have.

use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::Gas;
use serde::{Deserialize, Serialize};

/// Bytes of a block besides its transactions, at most: a transaction of the largest size fits into a block.
const HEADER_BYTES: u64 = 1_024;

/// Parameters of a chain. Gas in units of 1 ps, times in ms, sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Gas of one block.
    #[serde(with = "gas_number")]
    pub block_gas_max: Gas,
    /// Bytes of one block.
    pub block_bytes_max: u32,
    /// Bytes of one transaction.
    pub tx_bytes_max: u32,
    /// Base units for each gas, at least.
    pub gas_price_min: u64,
    /// Longest time without a block.
    pub heartbeat_ms: u64,
    /// Shortest time between blocks.
    pub block_interval_ms: u64,
    /// Time for a proposal in round 0.
    pub timeout_propose_ms: u64,
    /// Time for prevotes in round 0.
    pub timeout_prevote_ms: u64,
    /// Time for precommits in round 0.
    pub timeout_precommit_ms: u64,
    /// What each later round adds to these.
    pub timeout_delta_ms: u64,
    /// Time after which votes are sent again.
    pub timeout_rebroadcast_ms: u64,
    /// Blocks between a task's creation and its draw.
    pub draw_delay: u64,
    /// Gas of one block's scheduled calls.
    #[serde(with = "gas_number")]
    pub scheduled_gas_max: Gas,
    /// Gas of one query.
    #[serde(with = "gas_number")]
    pub query_gas_max: Gas,
    /// Whether one block adds at most three heartbeats to the uptime; off only under `hydrogen dev`.
    pub uptime_capped: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            block_gas_max: Gas::new(1_000_000_000_000),
            block_bytes_max: 4 << 20,
            tx_bytes_max: 1 << 20,
            gas_price_min: 1_000_000,
            heartbeat_ms: 10_000,
            block_interval_ms: 100,
            timeout_propose_ms: 2_000,
            timeout_prevote_ms: 500,
            timeout_precommit_ms: 500,
            timeout_delta_ms: 250,
            timeout_rebroadcast_ms: 1_000,
            draw_delay: 1,
            scheduled_gas_max: Gas::new(500_000_000_000),
            query_gas_max: Gas::new(1_000_000_000_000),
            uptime_capped: true,
        }
    }
}

/// The values that one parameter may have.
#[derive(Debug, Clone, Copy)]
pub struct ParamRange {
    /// The field's name.
    pub name: &'static str,
    /// What it counts.
    pub unit: &'static str,
    /// Lowest value.
    pub least: u64,
    /// Highest value.
    pub most: u64,
    value: fn(&Params) -> u64,
}

impl ParamRange {
    /// The value that `params` has.
    #[must_use]
    pub fn of(&self, params: &Params) -> u64 {
        (self.value)(params)
    }
}

macro_rules! ranges {
    ($($name:ident $unit:literal $least:literal $most:literal $value:expr;)*) => {
        &[$(ParamRange { name: stringify!($name), unit: $unit, least: $least, most: $most, value: $value }),*]
    };
}

/// Every number among the parameters with its range, in the order of the document. `docs/genesis.md` gives reasons.
pub const PARAM_RANGES: &[ParamRange] = ranges! {
    block_gas_max "gas" 1_000_000_000 100_000_000_000_000 |params| params.block_gas_max.get();
    block_bytes_max "bytes" 65_536 16_777_216 |params| params.block_bytes_max.into();
    tx_bytes_max "bytes" 1_024 4_194_304 |params| params.tx_bytes_max.into();
    gas_price_min "base units" 1 1_000_000_000_000 |params| params.gas_price_min;
    heartbeat_ms "ms" 50 3_600_000 |params| params.heartbeat_ms;
    block_interval_ms "ms" 0 60_000 |params| params.block_interval_ms;
    timeout_propose_ms "ms" 50 60_000 |params| params.timeout_propose_ms;
    timeout_prevote_ms "ms" 10 60_000 |params| params.timeout_prevote_ms;
    timeout_precommit_ms "ms" 10 60_000 |params| params.timeout_precommit_ms;
    timeout_delta_ms "ms" 1 10_000 |params| params.timeout_delta_ms;
    timeout_rebroadcast_ms "ms" 50 60_000 |params| params.timeout_rebroadcast_ms;
    draw_delay "blocks" 1 1_000 |params| params.draw_delay;
    scheduled_gas_max "gas" 1_000_000_000 100_000_000_000_000 |params| params.scheduled_gas_max.get();
    query_gas_max "gas" 1_000_000 100_000_000_000_000 |params| params.query_gas_max.get();
};

impl Params {
    /// Checks that every value is in its range and that they fit each other.
    ///
    /// # Errors
    /// A sentence with the field, its value and what it may be.
    pub fn check(&self) -> Result<(), String> {
        for range in PARAM_RANGES {
            let ParamRange { name, unit, least, most, .. } = range;
            let value = range.of(self);
            if value < *least || value > *most {
                return Err(format!("{name} is {value}, it must be {least} to {most} {unit}"));
            }
        }
        at_most(
            "scheduled_gas_max",
            self.scheduled_gas_max.get(),
            "block_gas_max",
            self.block_gas_max.get(),
        )?;
        at_most("block_interval_ms", self.block_interval_ms, "heartbeat_ms", self.heartbeat_ms)?;
        let tx_room = u64::from(self.block_bytes_max).saturating_sub(HEADER_BYTES);
        at_most("tx_bytes_max", self.tx_bytes_max.into(), "block_bytes_max less 1024", tx_room)
    }
}

fn at_most(name: &str, value: u64, other: &str, most: u64) -> Result<(), String> {
    if value <= most {
        return Ok(());
    }
    Err(format!("{name} is {value}, it must be at most {other}, which is {most}"))
}

mod gas_number {
    use hydrogen_types::Gas;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(gas: &Gas, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(gas.get())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Gas, D::Error> {
        u64::deserialize(deserializer).map(Gas::new)
    }
}
