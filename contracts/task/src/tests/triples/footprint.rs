//! What a call may touch.

use crate::settle::BURNED;
use crate::state::Node;
use crate::tests::calls::Call;
use crate::tests::net::creator;
use hydrogen_sdk::mock::World;
use hydrogen_types::{Address, Amount};
use std::collections::{BTreeMap, BTreeSet};

/// Names of storage that a method may change, and whether it may move CNX of the caller, of the creator, of others in the
/// task, or burn some. Gas of scheduled calls is the contract's: every change of a task may buy one.
fn allowed(call: &Call) -> (&'static [&'static str], &'static [Purse]) {
    use Purse::{Burned, Caller, Creator, Panel};
    match call {
        Call::Create(_) => (&["tasks", "totals", "ended"], &[Caller]),
        Call::Args(..) | Call::Commit(..) | Call::Reveal(..) => (&["tasks"], &[]),
        Call::Report(..) => (&["tasks", "totals", "ended", "nodes", "available"], &[Caller, Creator, Burned]),
        Call::Cancel(_) => (&["tasks", "totals", "ended", "nodes", "available"], &[Creator, Panel]),
        Call::Expire(_) => {
            (&["tasks", "totals", "ended", "nodes", "available", "penalties"], &[Creator, Panel, Burned])
        }
        Call::Join(..) => (&["totals", "nodes", "available"], &[Caller]),
        Call::AddStake(_) => (&["totals", "nodes"], &[Caller]),
        Call::Pause | Call::Resume | Call::Quit => (&["totals", "nodes", "available"], &[]),
        Call::Withdraw => (&["totals", "nodes", "penalties"], &[Caller]),
        Call::RegisterRelay(..) => (&["relays"], &[]),
        Call::RemoveRelay(_) => (&["relays", "totals"], &[]),
        Call::SetConfig(_) => (&["config", "configs", "totals"], &[]),
        Call::OfferOwnership(_) => (&["offered"], &[]),
        Call::AcceptOwnership => (&["offered", "owner"], &[]),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purse {
    Caller,
    Creator,
    Panel,
    Burned,
}

/// A refusal leaves the world as it was, down to the last event, before anything is undone.
pub(super) fn check_nothing(before: &World, after: &World, call: &Call) {
    let name = call.name();
    assert_eq!(before.storage, after.storage, "{name}");
    assert_eq!(before.balances, after.balances, "{name}");
    assert_eq!(before.allowances, after.allowances, "{name}");
    assert_eq!(before.scheduled, after.scheduled, "{name}");
    assert_eq!(before.events, after.events, "{name}");
}

/// What was granted touched only what it may: names of storage, entries of others' nodes, balances, allowances.
pub(super) fn check(before: &World, after: &World, who: Address, call: &Call) {
    let (names, purses) = allowed(call);
    let name = call.name();
    for key in changed(&before.storage, &after.storage) {
        let zero = key.iter().position(|byte| *byte == 0).expect("a name ends with a zero byte");
        let entry = String::from_utf8_lossy(&key[..zero]);
        assert!(names.contains(&&*entry), "{name} changed `{entry}`");
        if entry == "nodes" && is_own(call) && key[zero + 1..] != *who.as_bytes() {
            let load = |world: &World| -> Node { borsh::from_slice(&world.storage[&key]).expect("a node") };
            let moved = Node { places: load(after).places, ..load(before) };
            assert_eq!(moved, load(after), "{name} changed another node");
        }
    }
    let contract = before.context.contract;
    for owner in changed(&before.balances, &after.balances) {
        let purse = match owner {
            _ if owner == contract || owner == Address::default() => continue,
            _ if owner == BURNED => Purse::Burned,
            _ if owner == who && purses.contains(&Purse::Caller) => Purse::Caller,
            _ if owner == creator() => Purse::Creator,
            _ => Purse::Panel,
        };
        assert!(purses.contains(&purse), "{name} moved CNX of {owner}");
    }
    let sum =
        |world: &World| world.balances.values().fold(Amount::ZERO, |sum, part| crate::money::add(sum, *part));
    assert_eq!(sum(before), sum(after), "{name} made or lost CNX");
    for (owner, _) in changed(&before.allowances, &after.allowances) {
        let pulls = matches!(call, Call::Create(_) | Call::Join(..) | Call::AddStake(_));
        assert!(pulls && owner == who, "{name} used an allowance of {owner}");
    }
}

/// Calls by which a node moves itself and nobody else.
fn is_own(call: &Call) -> bool {
    matches!(
        call,
        Call::Join(..) | Call::AddStake(_) | Call::Pause | Call::Resume | Call::Quit | Call::Withdraw
    )
}

fn changed<K: Ord + Clone, V: PartialEq>(before: &BTreeMap<K, V>, after: &BTreeMap<K, V>) -> BTreeSet<K> {
    before.keys().chain(after.keys()).filter(|key| before.get(key) != after.get(key)).cloned().collect()
}
