//! The dense lists from which panels are drawn: one of all available nodes, and one for each external type of those that
//! execute it.
//!
//! *Invariants*: a list holds addresses under 0 .. its size without gaps; an available node stands in the list of all and
//! in the list of each of its types, any other node in none; each knows its places. A node has at most
//! [`hydrogen_types::task::NODE_TYPES_MAX`] types, so every operation touches a bounded number of entries.
//!
//! A task is admitted when its list holds three nodes more than are promised to all the tasks not yet drawn, whatever
//! their lists. Draws run in the order of creation and each takes three nodes, so unless nodes leave, every draw finds
//! its three: those before it took no more from its list than had been promised when it was admitted.

use crate::state::{AVAILABLE, NODES, Node, SIZES, Totals};
use alloc::string::String;
use hydrogen_types::Address;

/// Name of the list of all: no external type's name is empty.
const ALL: &str = "";

/// The list's name of a task of an external type, or of a program.
pub(crate) fn list_of(external: Option<&str>) -> &str {
    external.unwrap_or(ALL)
}

/// How many nodes a list holds.
pub(crate) fn size(totals: &Totals, list: &str) -> u64 {
    if list == ALL { totals.stats.nodes_available } else { SIZES.load(&list.into()).unwrap_or_default() }
}

/// The node at a place.
pub(crate) fn at(list: &str, place: u64) -> Address {
    AVAILABLE.load(&(list.into(), place)).expect("a list has no gaps")
}

/// Appends a node to its lists, if it is not there. The caller saves node and counters.
pub(crate) fn enlist(totals: &mut Totals, address: &Address, node: &mut Node) {
    if !node.places.is_empty() {
        return;
    }
    for index in 0..=node.types.len() {
        let list = name(node, index);
        let place = size(totals, &list);
        resize(totals, &list, place + 1);
        AVAILABLE.save(&(list, place), address);
        node.places.push(place);
    }
}

/// Takes a node from its lists, if it is there: the last one of each moves to its place. The caller saves node and
/// counters.
pub(crate) fn unlist(totals: &mut Totals, node: &mut Node) {
    let places = core::mem::take(&mut node.places);
    for (index, place) in places.into_iter().enumerate() {
        let list = name(node, index);
        let last = size(totals, &list) - 1;
        resize(totals, &list, last);
        if place != last {
            let moved = at(&list, last);
            let mut moved_node = NODES.load(&moved).expect("whoever is listed is a node");
            let index = place_index(&moved_node, &list).expect("whoever is listed knows its lists");
            moved_node.places[index] = place;
            NODES.save(&moved, &moved_node);
            AVAILABLE.save(&(list.clone(), place), &moved);
        }
        AVAILABLE.remove(&(list, last));
    }
}

/// Name of the list in which the node has its place of this index.
fn name(node: &Node, index: usize) -> String {
    match index.checked_sub(1) {
        None => String::from(ALL),
        Some(index) => node.types[index].clone(),
    }
}

fn place_index(node: &Node, list: &str) -> Option<usize> {
    if list == ALL { Some(0) } else { node.types.iter().position(|name| name == list).map(|index| index + 1) }
}

fn resize(totals: &mut Totals, list: &str, size: u64) {
    if list == ALL {
        totals.stats.nodes_available = size;
    } else if size == 0 {
        SIZES.remove(&list.into());
    } else {
        SIZES.save(&list.into(), &size);
    }
}
