//! All relays, and which of them serve a task.

use crate::relay::Relay;
use hydrogen_types::Address;
use hydrogen_types::task::RelayView;

/// The relays of a network, and what the contract says of them.
#[derive(Debug)]
pub(crate) struct Relays {
    relays: Vec<Relay>,
    /// As the contract showed them last; written by [`Relays::learn`].
    views: Vec<RelayView>,
}

impl Relays {
    pub(crate) fn new(relays: Vec<Relay>) -> Self {
        Self { relays, views: Vec::new() }
    }

    /// Takes what the contract shows.
    pub(crate) fn learn(&mut self, views: Vec<RelayView>) {
        self.views = views;
    }

    /// Places of the relays whose receipts for `task` the contract takes, `first` in front.
    pub(crate) fn serving(&self, task: u64, first: Option<Address>) -> Vec<usize> {
        let serves =
            |relay: &Relay| self.views.iter().any(|view| view.id == relay.id() && is_serving(view, task));
        let mut places: Vec<usize> =
            (0..self.relays.len()).filter(|place| serves(&self.relays[*place])).collect();
        places.sort_by_key(|place| Some(self.relays[*place].id()) != first);
        places
    }

    pub(crate) fn name(&self, place: usize) -> String {
        format!("relay-{place}")
    }

    pub(crate) fn at(&self, place: usize) -> &Relay {
        &self.relays[place]
    }

    pub(crate) fn at_mut(&mut self, place: usize) -> &mut Relay {
        &mut self.relays[place]
    }

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Relay> {
        self.relays.iter_mut()
    }

    pub(crate) fn of_id(&self, id: &Address) -> Option<&Relay> {
        self.relays.iter().find(|relay| relay.id() == *id)
    }
}

/// A draining relay serves the tasks that were created before it was removed.
fn is_serving(view: &RelayView, task: u64) -> bool {
    !view.draining || view.last_task.is_some_and(|last| task <= last)
}
