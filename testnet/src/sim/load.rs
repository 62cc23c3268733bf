//! Transactions: accounts that pay each other, call a contract, and sometimes send what must be refused.

use super::ledger::{ACCOUNTS, COUNTER, GOVERNANCE, POWER, account, member};
use super::rng::Rng;
use super::world::World;
use hydrogen_core::{ChainReader, sign_tx};
use hydrogen_p2p::consensus::{Input, TxOrigin};
use hydrogen_types::codec::encode;
use hydrogen_types::{Action, Address, Amount, Gas, Height, Tx, TxBody};

/// Gas of one transaction: a call of the counter uses a fraction.
const GAS: Gas = Gas::new(1_000_000_000);
/// More than all accounts have together.
const UNAFFORDABLE: Amount = Amount::cnx(1_000_000);
/// Most that an honest validator gains over its power in genesis: liars, which gain nothing, stay below a third.
const POWER_GAIN_MAX: u64 = 4;
/// Heights for which a transaction is good.
const VALID_HEIGHTS: u64 = 1_000;

/// The accounts' side of a run.
pub(crate) struct Load {
    rng: Rng,
    /// The nonce each account will use next, as far as it knows.
    nonces: Vec<u64>,
    /// Transactions handed to nodes.
    pub(crate) sent: u64,
}

impl Load {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { rng, nonces: vec![0; ACCOUNTS], sent: 0 }
    }

    /// One account sends something to one node that runs.
    pub(crate) fn act(&mut self, world: &mut World) {
        let node = self.rng.index(world.nodes.len());
        let Some(reader) = world.reader(node) else { return };
        if self.rng.chance(30) {
            return self.govern(world, node, &reader);
        }
        let index = self.rng.index(ACCOUNTS);
        let action = self.action();
        let bytes = match self.rng.below(10) {
            0 => {
                let far = self.nonces[index] + self.rng.below(400);
                encode(&signed(world, &reader, index, far, action))
            }
            1 => {
                let tx = signed(world, &reader, index, self.nonces[index], action);
                let mut bytes = encode(&tx);
                let at = self.rng.index(bytes.len());
                bytes[at] ^= 1;
                bytes
            }
            _ => {
                let nonce = self.nonces[index];
                self.nonces[index] += 1;
                encode(&signed(world, &reader, index, nonce, action))
            }
        };
        self.sent += 1;
        world.give(node, Input::Tx(bytes, TxOrigin::Local(self.sent)));
        // A node that lost its power forgot what waited: sometimes an account asks where it stands.
        if self.rng.chance(200) {
            self.nonces[index] = nonce_at(&reader, index);
        }
    }

    /// The governance key gives an honest node another power, or takes the first follower in or out.
    fn govern(&mut self, world: &mut World, node: usize, reader: &ChainReader) {
        let count = world.validators;
        let chosen = self.rng.index(count + 1);
        let validator = match world.nodes.get(chosen) {
            Some(_) if chosen == count => member(chosen, POWER * self.rng.below(2)),
            Some(known) if known.is_honest() => member(chosen, POWER + self.rng.below(POWER_GAIN_MAX + 1)),
            _ => return,
        };
        let nonce = nonce_at(reader, GOVERNANCE);
        let tx = signed(world, reader, GOVERNANCE, nonce, Action::SetValidator { validator });
        self.sent += 1;
        world.give(node, Input::Tx(encode(&tx), TxOrigin::Local(self.sent)));
    }

    fn action(&mut self) -> Action {
        let other = account(self.rng.index(ACCOUNTS)).address();
        match self.rng.below(4) {
            0 => Action::Call {
                contract: Address::of_name(COUNTER),
                method: "increment".into(),
                args: encode(&self.rng.below(1_000)),
                value: Amount::ZERO,
            },
            1 => Action::Approve { spender: other, amount: Amount::new(self.rng.below(1_000).into()) },
            2 => Action::Transfer { to: other, amount: UNAFFORDABLE },
            _ => Action::Transfer { to: other, amount: Amount::new(self.rng.below(1_000_000).into()) },
        }
    }

    /// After the faults: every account sends one transaction more, to a node that is honest. Returns the nonces that
    /// must be used up, by it or by what waited there already.
    pub(crate) fn probe(&mut self, world: &mut World) -> Vec<u64> {
        let honest: Vec<usize> =
            (0..world.nodes.len()).filter(|node| world.nodes[*node].is_honest()).collect();
        let probe = |index: usize| {
            let node = honest[index % honest.len()];
            let Some(reader) = world.reader(node) else { return 0 };
            let nonce = nonce_at(&reader, index);
            let action = Action::Transfer { to: account(index).address(), amount: Amount::ZERO };
            let tx = signed(world, &reader, index, nonce, action);
            self.sent += 1;
            world.give(node, Input::Tx(encode(&tx), TxOrigin::Local(self.sent)));
            nonce
        };
        (0..ACCOUNTS).map(probe).collect()
    }
}

/// How many of the accounts have not used up their nonce of `probed`, as `reader` sees it.
pub(crate) fn stuck(reader: &ChainReader, probed: &[u64]) -> usize {
    probed.iter().enumerate().filter(|(index, nonce)| nonce_at(reader, *index) <= **nonce).count()
}

fn nonce_at(reader: &ChainReader, index: usize) -> u64 {
    reader.account(&account(index).address(), None).map_or(0, |account| account.nonce)
}

fn signed(world: &World, reader: &ChainReader, index: usize, nonce: u64, action: Action) -> Tx {
    let key = account(index);
    let body = TxBody {
        chain_id: world.genesis.chain_id.clone(),
        sender: key.public(),
        nonce,
        valid_until: Height::new(reader.tip().height.get() + VALID_HEIGHTS),
        gas_limit: GAS,
        gas_price: world.genesis.params.gas_price_min,
        action,
    };
    sign_tx(body, &key)
}
