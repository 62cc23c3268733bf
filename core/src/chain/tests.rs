mod history;
mod light;
mod validators;

use super::{Chain, NextDue};
use crate::block::certify;
use crate::crypto::{NodeKeys, SecretKey, sign_tx};
use crate::error::{BlockError, ChainError, TxError};
use crate::execute::Context;
use crate::genesis::{Genesis, Params};
use crate::store::MemStore;
use crate::validate::{CheckedTx, check_tx};
use crate::vm::{CodeError, ContractVm, VmCall, VmError, VmResult};
use hydrogen_proof::CertificateError;
use hydrogen_types::codec::encode;
use hydrogen_types::receipt::code;
use hydrogen_types::{Action, Address, Amount, Block, ChainId, Gas, Hash, Height, TxBody, Validator};
use std::sync::Arc;

/// These tests run no contract: the sandbox's own tests do.
struct NoContracts;

impl ContractVm for NoContracts {
    fn check(&self, _: &[u8]) -> Result<(), CodeError> {
        Err(CodeError { message: String::from("no contracts here") })
    }

    fn warm(&self, _: Hash, _: Arc<[u8]>) {}

    fn call(&self, _: VmCall, context: Box<Context>) -> (Box<Context>, Result<VmResult, VmError>) {
        (context, Err(VmError::Host(String::from("no contracts here"))))
    }
}

fn keys(number: u8) -> NodeKeys {
    NodeKeys::from_seed([number; 32])
}

fn validator(keys: &NodeKeys) -> Validator {
    Validator {
        consensus_key: keys.consensus.public(),
        vrf_key: keys.vrf.public(),
        power: 1,
        account: keys.account.address(),
    }
}

fn genesis(validators: &[NodeKeys]) -> Genesis {
    Genesis {
        chain_id: ChainId::new("core-test").unwrap(),
        time_ms: 1_000_000,
        params: Params::default(),
        validators: validators.iter().map(validator).collect(),
        governance: None,
        accounts: vec![(app().address(), Amount::cnx(100))],
        contracts: Vec::new(),
    }
}

fn app() -> SecretKey {
    SecretKey::from_seed([99; 32])
}

fn open(validators: &[NodeKeys]) -> Chain {
    Chain::open(Arc::new(MemStore::new()), Arc::new(NoContracts), genesis(validators)).unwrap()
}

fn transfer(chain: &Chain, nonce: u64, amount: Amount) -> CheckedTx {
    let body = TxBody {
        chain_id: chain.genesis().chain_id.clone(),
        sender: app().public(),
        nonce,
        valid_until: Height::new(50),
        gas_limit: Gas::new(100_000_000),
        gas_price: 1_000_000,
        action: Action::Transfer { to: keys(50).account.address(), amount },
    };
    let bytes = encode(&sign_tx(body, &app()));
    check_tx(&bytes, &chain.genesis().chain_id, &chain.genesis().params).unwrap()
}

/// The proposer of the next height in round 0, among `validators`.
fn turn<'a>(chain: &Chain, validators: &'a [NodeKeys], round: u32) -> &'a NodeKeys {
    let height = chain.tip().height.next();
    let proposer = chain.validators(height).unwrap().proposer(height, round).consensus_key;
    validators.iter().find(|keys| keys.consensus.public() == proposer).unwrap()
}

fn supply(chain: &Chain) -> Amount {
    let accounts = chain.reader().accounts(None, 100).unwrap();
    accounts.iter().fold(Amount::ZERO, |sum, (_, account)| sum.checked_add(account.balance).unwrap())
}

#[test]
fn a_transfer_moves_money_pays_its_fee_and_is_replayed_alike() {
    let validators = [keys(1)];
    let (mut chain, mut copy) = (open(&validators), open(&validators));
    let txs = vec![transfer(&chain, 0, Amount::cnx(3)), transfer(&chain, 1, Amount::cnx(1_000))];
    let executed = chain.build(&validators[0], 0, 1_000_500, txs).unwrap();
    let certificate = certify(&chain.genesis().chain_id, &executed.block, &[&validators[0].consensus]);
    let block = executed.block.clone();
    let committed = chain.commit(executed, certificate.clone()).unwrap();

    let [paid, unpaid] = committed.receipts.as_slice() else { panic!("two receipts") };
    assert_eq!((paid.code, unpaid.code), (code::SUCCESS, code::BALANCE_TOO_LOW));
    let reader = chain.reader();
    let balance = |address: &Address| reader.account(address, None).unwrap().balance;
    let fees = paid.fee.checked_add(unpaid.fee).unwrap();
    assert_eq!(balance(&keys(50).account.address()), Amount::cnx(3));
    assert_eq!(balance(&validators[0].account.address()), fees);
    assert_eq!(balance(&app().address()), Amount::cnx(97).checked_sub(fees).unwrap());
    assert_eq!(reader.account(&app().address(), None).unwrap().nonce, 2, "a failed one counts");
    assert_eq!(reader.account(&app().address(), Some(Height::GENESIS)).unwrap().balance, Amount::cnx(100));
    assert_eq!(supply(&chain), Amount::cnx(100));
    assert_eq!(reader.receipt(&paid.hash).unwrap().unwrap().0, *paid);

    copy.import(block, certificate).unwrap();
    assert_eq!(copy.tip(), chain.tip());
}

#[test]
fn wrong_blocks_are_refused_with_the_reason() {
    let validators = [keys(1), keys(2), keys(3), keys(4)];
    let mut chain = open(&validators);
    let proposer = turn(&chain, &validators, 0);
    let other =
        validators.iter().find(|keys| keys.consensus.public() != proposer.consensus.public()).unwrap();
    assert!(matches!(chain.build(other, 0, 0, vec![]), Err(ChainError::NotProposer { .. })));
    let good = chain.build(proposer, 0, 1_000_500, vec![transfer(&chain, 0, Amount::cnx(1))]).unwrap().block;

    let check = |change: &dyn Fn(&mut Block), expected: &str| {
        let mut block = good.clone();
        change(&mut block);
        let error = chain.execute(block, Some(1_000_500)).unwrap_err();
        assert!(error.to_string().contains(expected), "{error} does not say `{expected}`");
        assert!(error.is_peer_fault());
    };
    check(
        &|block| block.header.chain_id = ChainId::new("other").unwrap(),
        "chain id other, expected core-test",
    );
    check(&|block| block.header.round = 1, "proposer");
    check(&|block| block.header.validators = Hash::ZERO, "header has validator set");
    check(&|block| block.header.next_validators = Hash::ZERO, "header has next validator set");
    check(&|block| block.header.time_ms = 1_000_000, "time 1000000 ms is outside 1000001 to 1002500");
    check(&|block| block.header.time_ms = 1_002_501, "time");
    check(&|block| block.header.uptime_ms += 1, "uptime");
    check(&|block| block.header.state_root = Hash::ZERO, "state root");
    check(&|block| block.header.gas_used = Gas::ZERO, "gas used");
    check(&|block| block.txs.clear(), "transaction root");
    let (chain_id, parent) = (&good.header.chain_id, &chain.tip().beacon);
    let turn = crate::block::BeaconTurn { chain_id, height: Height::new(1), parent };
    let foreign = other.vrf.prove(&turn.input());
    check(&|block| block.header.beacon_proof = foreign, "beacon proof does not hold");
    check(&|block| add_order(&mut block.header.beacon_proof), "beacon proof does not hold");
    check(&|block| block.txs[0].signature.0[0] ^= 1, "transaction root");

    let signers: Vec<_> = validators.iter().map(|keys| &keys.consensus).collect();
    let few = certify(&good.header.chain_id, &good, &signers[..2]);
    let refused = chain.import(good.clone(), few).unwrap_err();
    assert!(matches!(refused, BlockError::BadCertificate(CertificateError::NoQuorum { power: 2, total: 4 })));
    chain.import(good.clone(), certify(&good.header.chain_id, &good, &signers[..3])).unwrap();
}

/// Adds the group order to the proof's scalar.
fn add_order(proof: &mut [u8; 80]) {
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut carry = 0u16;
    for (byte, addend) in proof[48..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
}

#[test]
fn an_outage_adds_three_heartbeats_to_the_uptime_at_most() {
    let validators = [keys(1)];
    let mut chain = open(&validators);
    for (now_ms, uptime_ms) in [(1_000_400, 400), (9_000_000, 30_400), (5_000, 30_401)] {
        let executed = chain.build(&validators[0], 0, now_ms, vec![]).unwrap();
        let certificate = certify(&chain.genesis().chain_id, &executed.block, &[&validators[0].consensus]);
        chain.commit(executed, certificate).unwrap();
        assert_eq!(chain.tip().uptime_ms, uptime_ms);
    }
    assert_eq!(chain.next_due().unwrap(), None::<NextDue>);
}

#[test]
fn times_that_would_overflow_are_refused() {
    let validators = [keys(1)];
    let late = Genesis { time_ms: u64::MAX, ..genesis(&validators) };
    let refused = Chain::open(Arc::new(MemStore::new()), Arc::new(NoContracts), late);
    assert!(matches!(refused, Err(ChainError::BadGenesis(reason)) if reason.contains("time_ms is")));

    let chain = open(&validators);
    let mut block = chain.build(&validators[0], 0, 1_000_500, vec![]).unwrap().block;
    block.header.time_ms = u64::MAX - 1;
    for now_ms in [None, Some(u64::MAX)] {
        let refused = chain.execute(block.clone(), now_ms);
        assert!(matches!(refused, Err(BlockError::WrongTime { latest_ms, .. }) if latest_ms == 1 << 53));
    }
}

#[test]
fn a_store_of_another_chain_is_refused() {
    let store = Arc::new(MemStore::new());
    Chain::open(store.clone(), Arc::new(NoContracts), genesis(&[keys(1)])).unwrap();
    Chain::open(store.clone(), Arc::new(NoContracts), genesis(&[keys(1)])).unwrap();
    let other = Chain::open(store, Arc::new(NoContracts), genesis(&[keys(2)]));
    assert!(matches!(other, Err(ChainError::OtherGenesis { .. })));
}

#[test]
fn bad_transactions_have_their_own_errors() {
    let chain = open(&[keys(1)]);
    let good = encode(transfer(&chain, 0, Amount::cnx(1)).tx());
    let check = |bytes: &[u8], chain_id: &str, expected: &str| {
        let chain_id = ChainId::new(chain_id).unwrap();
        let error = check_tx(bytes, &chain_id, &Params::default()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error} does not say `{expected}`");
        assert!(error.is_peer_fault());
    };
    check(&good, "other", "transaction is for chain `core-test`, this is `other`");
    check(&[good.clone(), vec![0]].concat(), "core-test", "malformed");
    check(&good[1..], "core-test", "malformed");
    check(&vec![0; 2 << 20], "core-test", "2097152 bytes, at most 1048576");
    let mut forged = good;
    *forged.last_mut().unwrap() ^= 1;
    check(&forged, "core-test", "signature does not hold");
    let late = chain.reader().check_waiting(&transfer(&chain, 0, Amount::ZERO));
    assert_eq!(late.unwrap(), 0);
    let poor = TxError::BalanceTooLow { balance: Amount::ZERO, needed: Amount::cnx(1) };
    assert!(!poor.is_peer_fault());
}
