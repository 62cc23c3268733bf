//! An order against the chain's configuration, before anything is paid: limits filled in, the least and the safe fee.

use crate::application::{ApplicationError, Order, Work};
use hydrogen_offchain::safety::safe_fee;
use hydrogen_types::Amount;
use hydrogen_types::task::{Comparison, CreateTask, PANEL, Stats, TaskConfig, task_default};

/// Every timeout leaves this for fetching and for the chain, in ms.
const TIMEOUT_BASE_MS: u64 = 30_000;
/// The speed at which a node is expected to fetch arguments, 1 MB/s, in bytes a ms.
const FETCH_BYTES_PER_MS: u64 = 1_000;
/// A WebAssembly page: no program runs in less.
const MEMORY_BYTES_MIN: u64 = 64 << 10;
/// Widest threshold of a similar task.
const THRESHOLD_MAX: u64 = 32;

/// What an order comes to.
#[derive(Debug, Clone)]
pub struct Quote {
    /// The call's arguments: the timeout is filled in where the default would be too short.
    pub request: CreateTask,
    /// Time for executing, in ms of the chain's uptime.
    pub timeout_ms: u64,
    /// Whether the default timeout had to be raised for the other limits.
    pub is_timeout_raised: bool,
    /// The least fee for it.
    pub fee_min: Amount,
    /// The largest fee that the stakes make safe.
    pub fee_safe: Amount,
}

impl Quote {
    /// Whether whoever holds many nodes may gain by lying about this task.
    #[must_use]
    pub fn is_unsafe(&self) -> bool {
        self.request.fee > self.fee_safe
    }
}

/// Checks an order.
///
/// # Errors
/// A limit out of bounds, arguments too large, an unknown external type, or a fee below the minimum; each with what
/// would do.
pub fn quote(order: &Order, config: &TaskConfig, stats: &Stats) -> Result<Quote, ApplicationError> {
    let mut request = order.request();
    let size = order.input.size;
    if size > config.args_bytes_max {
        let path = order.input.path.clone();
        return Err(ApplicationError::ArgsTooLarge { path, size, size_max: config.args_bytes_max });
    }
    // The default is what most tasks need; larger arguments ask for their size.
    let args_default = task_default::ARGS_BYTES_MAX.min(config.args_bytes_max);
    let args_bytes_max = size.max(args_default);
    if args_bytes_max != task_default::ARGS_BYTES_MAX {
        request.args_bytes_max = Some(args_bytes_max);
    }
    let fuel_max = order.fuel_max.unwrap_or(task_default::FUEL_MAX);
    let memory_bytes_max = order.memory_bytes_max.unwrap_or(task_default::MEMORY_BYTES_MAX);
    let output_bytes_max = order.output_bytes_max.unwrap_or(task_default::OUTPUT_BYTES_MAX);
    within("fuel_max", fuel_max, 1, config.fuel_max)?;
    within("memory_bytes_max", memory_bytes_max, MEMORY_BYTES_MIN, config.memory_bytes_max)?;
    within("output_bytes_max", output_bytes_max, 1, config.output_bytes_max)?;
    if let Comparison::Similar { threshold, .. } = &request.comparison {
        within("threshold", u64::from(*threshold), 1, THRESHOLD_MAX)?;
    }
    let fuel_ms = fuel_max.div_ceil(config.fuel_per_ms_min.max(1));
    let executing_ms = match &order.work {
        Work::Program(_) => TIMEOUT_BASE_MS
            .saturating_add(fuel_ms)
            .saturating_add(args_bytes_max.div_ceil(FETCH_BYTES_PER_MS)),
        Work::External(name) => type_floor_ms(config, name)?,
    };
    // The program of fingerprints may burn as much fuel again.
    let floor_ms = match &request.comparison {
        Comparison::Exact => executing_ms,
        Comparison::Similar { .. } => executing_ms.saturating_add(fuel_ms),
    };
    let default_ms = task_default::TIMEOUT_MS.min(config.timeout_ms_max);
    let timeout_ms = order.timeout_ms.unwrap_or(default_ms.max(floor_ms));
    within("timeout_ms", timeout_ms, floor_ms, config.timeout_ms_max)?;
    request.timeout_ms = Some(timeout_ms);
    let fee_min = fee_min(config, timeout_ms);
    if order.fee < fee_min {
        return Err(ApplicationError::FeeTooLow { fee: order.fee, fee_min, timeout_ms });
    }
    let is_timeout_raised = order.timeout_ms.is_none() && timeout_ms > default_ms;
    let fee_safe = safe_fee(stats, config);
    Ok(Quote { request, timeout_ms, is_timeout_raised, fee_min, fee_safe })
}

/// The least fee of a task with this time for executing.
#[must_use]
pub fn fee_min(config: &TaskConfig, timeout_ms: u64) -> Amount {
    let by_time = config.fee_per_node_second_min.get().saturating_mul(u128::from(timeout_ms)) / 1000;
    let share = config.fee_per_node_min.get().saturating_add(by_time);
    Amount::new(share.saturating_mul(PANEL as u128))
}

fn type_floor_ms(config: &TaskConfig, name: &str) -> Result<u64, ApplicationError> {
    let found = config.external_types.iter().find(|known| known.name == name);
    let found = found.ok_or_else(|| ApplicationError::UnknownType {
        name: name.into(),
        known: config.external_types.iter().map(|known| known.name.clone()).collect(),
    })?;
    Ok(found.timeout_ms_min)
}

fn within(field: &'static str, value: u64, least: u64, most: u64) -> Result<(), ApplicationError> {
    if value < least || value > most {
        return Err(ApplicationError::BadLimit { field, value, least, most });
    }
    Ok(())
}
