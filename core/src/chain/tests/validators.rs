//! Changes of the validator set: who may, how much, and from when.

use super::{NoContracts, app, genesis, keys, validator};
use crate::block::certify;
use crate::chain::{Chain, NextDue};
use crate::crypto::{NodeKeys, SecretKey, sign_tx};
use crate::error::BlockError;
use crate::genesis::Genesis;
use crate::store::MemStore;
use crate::validate::check_tx;
use hydrogen_types::codec::encode;
use hydrogen_types::receipt::code;
use hydrogen_types::{
    Action, Amount, Block, Certificate, Gas, Header, Height, TxBody, Validator, ValidatorSet,
};
use std::sync::Arc;

fn governance() -> SecretKey {
    SecretKey::from_seed([98; 32])
}

fn governed(members: &[NodeKeys]) -> Genesis {
    let accounts = [app(), governance()].map(|key| (key.address(), Amount::cnx(100)));
    let validators = members.iter().map(|keys| Validator { power: 10, ..validator(keys) }).collect();
    Genesis {
        governance: Some(governance().public()),
        accounts: accounts.to_vec(),
        validators,
        ..genesis(members)
    }
}

fn open(genesis: Genesis) -> Chain {
    Chain::open(Arc::new(MemStore::new()), Arc::new(NoContracts), genesis).unwrap()
}

/// Eight nodes, the first four of them validators of power 10.
pub(super) struct Net {
    nodes: Vec<NodeKeys>,
    pub(super) chain: Chain,
    copy: Chain,
    nonces: [u64; 2],
}

impl Net {
    pub(super) fn new() -> Self {
        let nodes: Vec<NodeKeys> = (1..=8).map(keys).collect();
        let genesis = governed(&nodes[..4]);
        Self { chain: open(genesis.clone()), copy: open(genesis), nodes, nonces: [0; 2] }
    }

    pub(super) fn member(&self, index: usize, power: u64) -> Validator {
        Validator { power, ..validator(&self.nodes[index]) }
    }

    /// A block with these changes, signed by the governance key or by a stranger; gives the receipts' codes. Every
    /// member of the deciding set signs, and a second chain takes the block.
    pub(super) fn block(&mut self, by_governance: bool, changes: &[Validator]) -> Vec<u32> {
        let height = self.chain.tip().height.next();
        let set = self.chain.validators(height).unwrap();
        let key = if by_governance { governance() } else { app() };
        let nonce = &mut self.nonces[usize::from(by_governance)];
        let mut txs = Vec::new();
        for validator in changes {
            let body = TxBody {
                chain_id: self.chain.genesis().chain_id.clone(),
                sender: key.public(),
                nonce: *nonce,
                valid_until: Height::new(50),
                gas_limit: Gas::new(200_000_000),
                gas_price: 1_000_000,
                action: Action::SetValidator { validator: validator.clone() },
            };
            *nonce += 1;
            let bytes = encode(&sign_tx(body, &key));
            txs.push(check_tx(&bytes, &self.chain.genesis().chain_id, &self.chain.genesis().params).unwrap());
        }
        let turn = set.proposer(height, 0).consensus_key;
        let proposer = self.nodes.iter().find(|keys| keys.consensus.public() == turn).unwrap();
        let executed = self.chain.build(proposer, 0, 1_000_000 + 500 * height.get(), txs).unwrap();
        assert_eq!(executed.block.header.validators, set.hash());
        let next = self.chain.validators(height.next()).unwrap();
        assert_eq!(executed.block.header.next_validators, next.hash());
        let certificate = self.certificate(&executed.block, &set);
        let committed = self.chain.commit(executed, certificate.clone()).unwrap();
        self.copy.import(committed.block.clone(), certificate).unwrap();
        assert_eq!(self.copy.tip(), self.chain.tip());
        committed.receipts.iter().map(|receipt| receipt.code).collect()
    }

    /// Signed by all members of a set, whoever decides that height.
    pub(super) fn certificate_of(&self, header: &Header, set: &ValidatorSet) -> Certificate {
        self.certificate(&Block { header: header.clone(), txs: Vec::new() }, set)
    }

    fn certificate(&self, block: &Block, set: &ValidatorSet) -> Certificate {
        let members = self.nodes.iter().filter(|keys| set.get(&keys.consensus.address()).is_some());
        let signers: Vec<_> = members.map(|keys| &keys.consensus).collect();
        certify(&block.header.chain_id, block, &signers)
    }

    /// Powers in the set of `height`, of the first five nodes.
    fn powers(&self, height: u64) -> Vec<u64> {
        let set = self.chain.reader().validators(Some(Height::new(height))).unwrap();
        let power = |keys: &NodeKeys| set.get(&keys.consensus.address()).map_or(0, |member| member.power);
        self.nodes[..5].iter().map(power).collect()
    }
}

#[test]
fn a_change_decides_from_the_height_after_next_on() {
    let mut net = Net::new();
    assert_eq!(net.block(true, &[net.member(4, 10)]), [code::SUCCESS]);
    assert_eq!(net.powers(2), [10, 10, 10, 10, 0]);
    assert_eq!(net.chain.next_due().unwrap(), Some(NextDue::NextBlock), "no heartbeat is waited for");
    assert_eq!(net.powers(3), [10; 5], "known as soon as the change is final");
    assert_eq!(net.chain.validators(Height::new(3)).unwrap().members().len(), 5);
    net.block(true, &[]);
    assert_eq!(net.chain.next_due().unwrap(), None);
    // Height 3 needs the fifth: three of the old four are no more than two thirds.
    let set = net.chain.validators(Height::new(3)).unwrap();
    let turn = set.proposer(Height::new(3), 0).consensus_key;
    let proposer = net.nodes.iter().find(|keys| keys.consensus.public() == turn).unwrap();
    let block = net.chain.build(proposer, 0, 1_009_000, vec![]).unwrap().block;
    let three: Vec<_> = net.nodes[..3].iter().map(|keys| &keys.consensus).collect();
    let few = certify(&block.header.chain_id, &block, &three);
    assert!(matches!(net.copy.import(block, few), Err(BlockError::BadCertificate(_))));
    net.block(true, &[]);
    assert_eq!(net.powers(1), [10, 10, 10, 10, 0], "history stays");
    assert_eq!(net.block(true, &[net.member(0, 0)]), [code::SUCCESS]);
    assert_eq!(net.powers(5), [10; 5]);
    assert_eq!(net.powers(6), [0, 10, 10, 10, 10]);
    for _ in 0..3 {
        net.block(true, &[]);
    }
    assert_eq!(net.powers(8), [0, 10, 10, 10, 10]);
}

#[test]
fn only_the_governance_key_changes_the_set() {
    let mut net = Net::new();
    assert_eq!(net.block(false, &[net.member(4, 1)]), [code::NOT_GOVERNANCE]);
    assert_eq!(net.powers(3), [10, 10, 10, 10, 0]);
}

#[test]
fn a_block_moves_a_third_of_the_power_at_most() {
    let mut net = Net::new();
    let bad = code::BAD_VALIDATORS;
    // 13 of 40 may move.
    assert_eq!(net.block(true, &[net.member(4, 14)]), [bad]);
    assert_eq!(net.block(true, &[net.member(4, 13), net.member(3, 9)]), [code::SUCCESS, bad]);
    assert_eq!(net.powers(4), [10, 10, 10, 10, 13]);
    // The set of the next height is what the next block's change is measured by: 17 of 53.
    assert_eq!(net.block(true, &[net.member(0, 0), net.member(1, 3)]), [code::SUCCESS, code::SUCCESS]);
    assert_eq!(net.powers(5), [0, 3, 10, 10, 13]);
    assert_eq!(net.block(true, &[net.member(0, 0)]), [bad], "removed already");
}

#[test]
fn without_a_governance_key_the_set_is_fixed() {
    let mut net = Net::new();
    let fixed = Genesis { governance: None, ..governed(&net.nodes[..4]) };
    (net.chain, net.copy) = (open(fixed.clone()), open(fixed));
    assert_eq!(net.block(true, &[net.member(4, 1)]), [code::NOT_GOVERNANCE]);
}

#[test]
fn a_block_that_names_another_next_set_is_refused() {
    let mut net = Net::new();
    net.block(true, &[net.member(4, 10)]);
    let set = net.chain.validators(Height::new(2)).unwrap();
    let turn = set.proposer(Height::new(2), 0).consensus_key;
    let proposer = net.nodes.iter().find(|keys| keys.consensus.public() == turn).unwrap();
    let mut block = net.chain.build(proposer, 0, 1_009_000, vec![]).unwrap().block;
    // What it would name if the change had been forgotten.
    block.header.next_validators = block.header.validators;
    let error = net.chain.execute(block, None).unwrap_err();
    assert!(matches!(error, BlockError::WrongField { field: "next validator set", .. }), "{error}");
}

#[test]
fn every_set_is_kept_by_its_height() {
    let mut net = Net::new();
    net.block(true, &[net.member(4, 10)]);
    net.block(true, &[]);
    net.block(true, &[net.member(0, 0)]);
    // A change and its opposite in one block: nothing changes.
    net.block(true, &[net.member(1, 5), net.member(1, 10)]);
    for _ in 0..3 {
        net.block(true, &[]);
    }
    let reader = net.copy.reader();
    let changes = reader.validator_changes(Height::GENESIS, 10).unwrap();
    let heights: Vec<u64> = changes.iter().map(|change| change.height.get()).collect();
    assert_eq!(heights, [1, 3, 5]);
    assert_eq!(reader.validator_changes(Height::new(2), 1).unwrap(), changes[1..2]);
    assert_eq!(reader.validator_changes(Height::new(6), 10).unwrap(), []);
    for (height, change) in [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (8, 2), (9, 2)] {
        let set = reader.validators(Some(Height::new(height))).unwrap();
        assert_eq!(set, changes[change].validators, "height {height}");
    }
    let unknown = reader.validators(Some(Height::new(10))).unwrap_err().to_string();
    assert_eq!(
        unknown,
        "who decides height 10 is not known yet: the tip is 7, sets are known for two heights more"
    );
    let (header, certificate) = changes[1].proof.clone().unwrap();
    assert_eq!((header.height, header.next_validators), (Height::new(2), changes[1].validators.hash()));
    assert_eq!(certificate.block, header.hash());
}
