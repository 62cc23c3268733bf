//! Names for the addresses of the network.

use crate::testnet::Plan;
use hydrogen_offchain::calls::task_contract;
use hydrogen_types::Address;
use std::collections::BTreeMap;

/// Who is who.
#[derive(Debug, Clone)]
pub(super) struct Names(BTreeMap<Address, String>);

impl Names {
    /// The keys of the plan, the cheats marked, and the addresses that no key has.
    pub(super) fn new(plan: &Plan) -> Self {
        let mut names: BTreeMap<Address, String> =
            plan.keys.iter().map(|key| (key.address.0, key.name.clone())).collect();
        for role in &plan.roles {
            if let Some(persona) = role.misbehaviour() {
                names.insert(role.address.0, format!("{} ({persona})", role.name));
            }
        }
        names.insert(task_contract(), String::from("task contract"));
        names.insert(Address::of_name("burned"), String::from("burned"));
        Self(names)
    }

    pub(super) fn add(&mut self, address: Address, name: &str) {
        self.0.insert(address, name.to_owned());
    }

    /// The name, or the address itself.
    pub(super) fn of(&self, address: &Address) -> String {
        self.0.get(address).cloned().unwrap_or_else(|| address.to_string())
    }
}
