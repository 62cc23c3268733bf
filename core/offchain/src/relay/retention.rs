//! What a relay keeps, and for how long.

use hydrogen_types::task::{TaskState, TaskView};
use hydrogen_types::{Address, Hash};
use std::collections::BTreeSet;

/// What becomes of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobFate {
    /// Its task is open: kept.
    Keep,
    /// Its task has ended: note the uptime of that block and keep it so long.
    KeepUntil {
        /// Uptime in ms.
        ms: u64,
    },
    /// Nobody can ask for it any more.
    Remove,
}

/// The fate of a task's blob. `task` is `None` where the chain has removed it, which it does only long after its end:
/// the caller makes sure that the view is no older than the receipt. `ended_ms` is the uptime at which the relay saw
/// the task's end or removal, `kept_ms` what its receipt promised.
#[must_use]
pub fn blob_fate(task: Option<&TaskView>, ended_ms: Option<u64>, kept_ms: u64, now_ms: u64) -> BlobFate {
    let open = task.is_some_and(|task| match task.state {
        TaskState::Created
        | TaskState::Started
        | TaskState::Executing
        | TaskState::Revealing
        | TaskState::Validated => true,
        TaskState::Success | TaskState::Aborted => false,
    });
    if open {
        return BlobFate::Keep;
    }
    let until_ms = ended_ms.unwrap_or(now_ms).saturating_add(kept_ms);
    if now_ms < until_ms { BlobFate::KeepUntil { ms: until_ms } } else { BlobFate::Remove }
}

/// A program as the relay's index has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgramUse {
    /// Its hash.
    pub hash: Hash,
    /// Its bytes.
    pub size: u64,
    /// Who published it.
    pub owner: Address,
    /// When it was last asked for, in any clock that grows.
    pub used_ms: u64,
}

/// Byte budgets of programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgramBudget {
    /// Of all programs together.
    pub all: u64,
    /// Of those that one account published.
    pub owner: u64,
}

/// The programs to remove so that `size` more bytes of `owner` fit in the budgets: least recently used first, the
/// owner's own before those of others, never one that an open task names. `None` if it fits in no way.
#[must_use]
pub fn make_room(
    programs: &[ProgramUse],
    open: &BTreeSet<Hash>,
    owner: &Address,
    size: u64,
    budget: ProgramBudget,
) -> Option<Vec<Hash>> {
    let own: Vec<ProgramUse> = programs.iter().copied().filter(|program| program.owner == *owner).collect();
    let mut evicted = evict_programs(&own, open, budget.owner.checked_sub(size)?);
    let left: Vec<ProgramUse> =
        programs.iter().copied().filter(|program| !evicted.contains(&program.hash)).collect();
    evicted.extend(evict_programs(&left, open, budget.all.checked_sub(size)?));
    let stays = |program: &&ProgramUse| !evicted.contains(&program.hash);
    let sum =
        |programs: &[ProgramUse]| programs.iter().filter(stays).map(|program| program.size).sum::<u64>();
    (sum(&own) + size <= budget.owner && sum(programs) + size <= budget.all).then_some(evicted)
}

/// The programs to remove so that the rest fits in `bytes_max`: least recently used first, never one that an open task
/// names.
#[must_use]
pub fn evict_programs(programs: &[ProgramUse], open: &BTreeSet<Hash>, bytes_max: u64) -> Vec<Hash> {
    let mut left: u64 = programs.iter().map(|program| program.size).sum();
    let mut candidates: Vec<&ProgramUse> =
        programs.iter().filter(|program| !open.contains(&program.hash)).collect();
    candidates.sort_by_key(|program| (program.used_ms, program.hash));
    let mut evicted = Vec::new();
    for program in candidates {
        if left <= bytes_max {
            break;
        }
        left -= program.size;
        evicted.push(program.hash);
    }
    evicted
}
