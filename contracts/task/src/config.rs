//! The configuration: its bounds, and the limits it puts on a task.
//!
//! Every field with its least and greatest value stands in [`numbers`] and [`amounts`], and nowhere else. A
//! configuration has a number; a task keeps the one in force at its creation.

use crate::error::TaskError;
use crate::money::permille;
use crate::state::{CONFIG_NUMBER, CONFIGS};
use hydrogen_types::Amount;
use hydrogen_types::task::{
    Comparison, CreateTask, EXTERNAL_NAME_BYTES_MAX, EXTERNAL_TYPES_MAX, ExternalType, PANEL, PROGRAM_ABI,
    TaskConfig, task_default,
};

/// The shortest timeout leaves this for fetching and for the chain.
const TIMEOUT_BASE_MS: u64 = 30_000;
/// The speed at which a node is expected to fetch arguments: 1 MB/s.
const FETCH_BYTES_PER_MS: u64 = 1_000;
/// A WebAssembly page: no program runs in less.
const MEMORY_BYTES_MIN: u64 = 64 << 10;
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Field, value, least, greatest.
type Bound<T> = (&'static str, T, T, T);

/// The bounds of all numbers. Reasons where they are not plain: the greatest draw delay keeps a promised node waiting
/// for minutes at most; deadlines leave a restart of a node (10 s) and end within a day; a fine in thousandths is at
/// most all of it, or 1000 shares.
fn numbers(config: &TaskConfig) -> [Bound<u64>; 22] {
    [
        ("draw_delay", config.draw_delay, 1, 100),
        ("fuel_per_ms_min", config.fuel_per_ms_min, 1_000, 1_000_000_000),
        ("args_ms", config.args_ms, 10 * SECOND, DAY),
        ("timeout_ms_max", config.timeout_ms_max, MINUTE, DAY),
        ("straggler_ms_min", config.straggler_ms_min, 10 * SECOND, HOUR),
        ("reveal_ms", config.reveal_ms, 10 * SECOND, DAY),
        ("upload_ms", config.upload_ms, 10 * SECOND, DAY),
        ("unbonding_ms", config.unbonding_ms, MINUTE, 365 * DAY),
        ("task_retention_ms", config.task_retention_ms, MINUTE, 365 * DAY),
        ("missed_commit_permille", config.missed_commit_permille, 0, 1_000),
        ("missed_commit_share_permille", config.missed_commit_share_permille, 0, 1_000_000),
        ("missed_reveal_permille", config.missed_reveal_permille, 0, 1_000),
        ("missed_reveal_share_permille", config.missed_reveal_share_permille, 0, 1_000_000),
        ("missed_upload_permille", config.missed_upload_permille, 0, 1_000),
        ("missed_upload_share_permille", config.missed_upload_share_permille, 0, 1_000_000),
        ("cheat_permille", config.cheat_permille, 0, 1_000),
        ("cheat_share_permille", config.cheat_share_permille, 0, 1_000_000),
        ("cancel_permille", config.cancel_permille, 0, 1_000),
        ("args_bytes_max", config.args_bytes_max, 1, 1 << 40),
        ("output_bytes_max", config.output_bytes_max, 1, 1 << 40),
        ("memory_bytes_max", config.memory_bytes_max, MEMORY_BYTES_MIN, 4 << 30),
        ("fuel_max", config.fuel_max, 1, 1 << 60),
    ]
}

/// The bounds of all amounts. The greatest leave room for every product of the fines.
fn amounts(config: &TaskConfig) -> [Bound<Amount>; 3] {
    [
        ("stake_min", config.stake_min, Amount::new(1), Amount::cnx(1_000_000_000)),
        ("fee_per_node_min", config.fee_per_node_min, Amount::new(1), Amount::cnx(1_000_000)),
        ("fee_per_node_second_min", config.fee_per_node_second_min, Amount::ZERO, Amount::cnx(1_000_000)),
    ]
}

/// Refuses a configuration out of bounds, or whose fines or times do not fit each other.
pub(crate) fn check_config(config: &TaskConfig) -> Result<(), TaskError> {
    if config.program_abi != PROGRAM_ABI {
        let (value, expected) = (u64::from(config.program_abi), u64::from(PROGRAM_ABI));
        return Err(TaskError::BadConfig { field: "program_abi", value, least: expected, most: expected });
    }
    for (field, value, least, most) in numbers(config) {
        if value < least || value > most {
            return Err(TaskError::BadConfig { field, value, least, most });
        }
    }
    for (field, value, least, most) in amounts(config) {
        if value < least || value > most {
            return Err(TaskError::BadConfigAmount { field, value, least, most });
        }
    }
    // Silence must never be cheaper the later it comes, or cheaper than a lie.
    let order = [
        ("missed_reveal_permille", config.missed_commit_permille, config.missed_reveal_permille),
        (
            "missed_reveal_share_permille",
            config.missed_commit_share_permille,
            config.missed_reveal_share_permille,
        ),
        ("cheat_permille", config.missed_reveal_permille, config.cheat_permille),
        ("cheat_share_permille", config.missed_reveal_share_permille, config.cheat_share_permille),
        // A stake must outlast every task that may still fine it.
        ("unbonding_ms", stages_ms(config), config.unbonding_ms),
    ];
    for (field, least, value) in order {
        if value < least {
            return Err(TaskError::BadConfig { field, value, least, most: u64::MAX });
        }
    }
    check_external_types(config)
}

/// Legal names, each once; a floor that leaves time for the chain and that a task can reach.
fn check_external_types(config: &TaskConfig) -> Result<(), TaskError> {
    let types = &config.external_types;
    if types.len() > EXTERNAL_TYPES_MAX {
        return Err(TaskError::BadExternalTypes { why: "a configuration has at most 16" });
    }
    for (index, ExternalType { name, timeout_ms_min }) in types.iter().enumerate() {
        if !is_external_name(name) {
            return Err(TaskError::BadExternalTypes { why: BAD_NAME });
        }
        if types[..index].iter().any(|other| other.name == *name) {
            return Err(TaskError::BadExternalTypes { why: "one is named twice" });
        }
        let (field, value) = ("timeout_ms_min", *timeout_ms_min);
        let (least, most) = (TIMEOUT_BASE_MS, config.timeout_ms_max);
        if value < least || value > most {
            return Err(TaskError::BadConfig { field, value, least, most });
        }
    }
    Ok(())
}

const BAD_NAME: &str = "a name is 1 to 32 of a to z, 0 to 9 and -";

fn is_external_name(name: &str) -> bool {
    let legal = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    !name.is_empty() && name.len() <= EXTERNAL_NAME_BYTES_MAX && name.bytes().all(legal)
}

/// The configured external type of this name.
pub(crate) fn external_type<'a>(config: &'a TaskConfig, name: &str) -> Result<&'a ExternalType, TaskError> {
    if !is_external_name(name) {
        return Err(TaskError::BadExternalTypes { why: BAD_NAME });
    }
    let found = config.external_types.iter().find(|entry| entry.name == name);
    found.ok_or_else(|| TaskError::NotSupported { external: name.into() })
}

/// All stage deadlines at their maxima, one after the other.
fn stages_ms(config: &TaskConfig) -> u64 {
    config.args_ms + config.timeout_ms_max + config.reveal_ms + 2 * config.upload_ms
}

/// The configuration in force, with its number.
pub(crate) fn current() -> (u64, TaskConfig) {
    let number = CONFIG_NUMBER.load().expect("init stores a configuration");
    (number, numbered(number))
}

/// The configuration of a task.
pub(crate) fn numbered(number: u64) -> TaskConfig {
    CONFIGS.load(&number).expect("a configuration is never removed")
}

/// A task's limits with the defaults filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) args_bytes_max: u64,
    pub(crate) timeout_ms: u64,
    pub(crate) memory_bytes_max: u64,
    pub(crate) fuel_max: u64,
    pub(crate) output_bytes_max: u64,
}

impl Limits {
    /// Of a request, checked. A timeout too short for honest nodes is refused; one that is not named is long enough.
    pub(crate) fn of(config: &TaskConfig, request: &CreateTask) -> Result<Self, TaskError> {
        let mut limits = Self {
            args_bytes_max: request.args_bytes_max.unwrap_or(task_default::ARGS_BYTES_MAX),
            timeout_ms: 0,
            memory_bytes_max: request.memory_bytes_max.unwrap_or(task_default::MEMORY_BYTES_MAX),
            fuel_max: request.fuel_max.unwrap_or(task_default::FUEL_MAX),
            output_bytes_max: request.output_bytes_max.unwrap_or(task_default::OUTPUT_BYTES_MAX),
        };
        let bounds = [
            ("args_bytes_max", limits.args_bytes_max, 0, config.args_bytes_max),
            ("memory_bytes_max", limits.memory_bytes_max, MEMORY_BYTES_MIN, config.memory_bytes_max),
            ("fuel_max", limits.fuel_max, 1, config.fuel_max),
            ("output_bytes_max", limits.output_bytes_max, 1, config.output_bytes_max),
        ];
        for (field, value, least, most) in bounds {
            if value < least || value > most {
                return Err(TaskError::BadLimits { field, value, least, most });
            }
        }
        let least = limits.timeout_ms_min(config, request)?;
        limits.timeout_ms = request.timeout_ms.unwrap_or(task_default::TIMEOUT_MS.max(least));
        let (value, most) = (limits.timeout_ms, config.timeout_ms_max);
        if value < least || value > most {
            return Err(TaskError::BadLimits { field: "timeout_ms", value, least, most });
        }
        Ok(limits)
    }

    /// Time enough for an honest node. The program of fingerprints may burn as much as the task's own.
    fn timeout_ms_min(&self, config: &TaskConfig, request: &CreateTask) -> Result<u64, TaskError> {
        let fuel_ms = self.fuel_max.div_ceil(config.fuel_per_ms_min);
        let executing_ms = match &request.external {
            Some(name) => external_type(config, name)?.timeout_ms_min,
            None => TIMEOUT_BASE_MS + fuel_ms + self.args_bytes_max.div_ceil(FETCH_BYTES_PER_MS),
        };
        Ok(match request.comparison {
            Comparison::Exact => executing_ms,
            Comparison::Similar { .. } => executing_ms + fuel_ms,
        })
    }
}

/// The least fee of a task with this timeout.
pub(crate) fn fee_min(config: &TaskConfig, timeout_ms: u64) -> Amount {
    let by_time = config.fee_per_node_second_min.get() * u128::from(timeout_ms) / 1000;
    Amount::new(PANEL as u128 * (config.fee_per_node_min.get() + by_time))
}

/// What cancelling, or bringing no arguments, costs.
pub(crate) fn cancel_fee(config: &TaskConfig, fee: Amount) -> Amount {
    let floor = Amount::new(PANEL as u128 * config.fee_per_node_min.get());
    // The fee is at least the floor: it includes it.
    permille(fee, config.cancel_permille).max(floor).min(fee)
}

#[cfg(test)]
mod tests;
