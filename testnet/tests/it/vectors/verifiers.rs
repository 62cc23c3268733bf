//! The places of the tree that verify signatures, each asked with messages of its own kind.

use super::edges::{Edge, edges};
use crate::golden::imports;
use crate::support::{params, vm};
use hydrogen_core::{Chain, GenesisContract, MemStore, check_tx};
use hydrogen_p2p::consensus::Said;
use hydrogen_p2p::consensus::forge::sign;
use hydrogen_p2p::internals::{vote_holds, vote_message};
use hydrogen_proof::verify_certificate;
use hydrogen_testnet::sim::ledger::{account, genesis};
use hydrogen_types::block::{VoteKind, vote_sign_bytes};
use hydrogen_types::codec::encode;
use hydrogen_types::{
    Action, Address, Amount, Certificate, ChainId, CommitSignature, Gas, Hash, Height, PublicKey, Signature,
    Tx, TxBody, Validator, ValidatorSet,
};
use std::sync::Arc;

const BLOCK: Hash = Hash::new([9; 32]);
const HEIGHT: Height = Height::new(1);

/// See the module.
pub(super) struct Verifiers {
    chain_id: ChainId,
    chain: Chain,
    /// Questions asked so far.
    pub(super) asked: usize,
}

/// A contract that answers whether the signature at the end of its input holds.
fn contract() -> GenesisContract {
    let text = format!(
        r#"(module {}
        (memory (export "memory") 1)
        (func (export "init"))
        (func (export "query.holds")
            (call $input_read (i32.const 1024))
            (i32.store (i32.const 0) (call $ed25519_verify (i32.const 1024) (i32.const 1120)
                (i32.sub (call $input_len) (i32.const 96)) (i32.const 1056)))
            (call $return_value (i32.const 0) (i32.const 1))))"#,
        imports()
    );
    let code = wat::parse_str(&text).expect("a module");
    GenesisContract { name: "asks".into(), code, init: Vec::new(), admin: None }
}

fn body(chain_id: &ChainId, sender: &PublicKey) -> TxBody {
    TxBody {
        chain_id: chain_id.clone(),
        sender: *sender,
        nonce: 0,
        valid_until: Height::new(100),
        gas_limit: Gas::new(1_000_000_000),
        gas_price: 1_000_000,
        action: Action::Transfer { to: Address::new([7; 20]), amount: Amount::new(1) },
    }
}

impl Verifiers {
    pub(super) fn new() -> Self {
        let mut genesis = genesis(1, params());
        genesis.contracts = vec![contract()];
        let store: Arc<MemStore> = Arc::default();
        let chain_id = genesis.chain_id.clone();
        Self { chain_id, chain: Chain::open(store, vm(), genesis).expect("a chain in memory"), asked: 0 }
    }

    /// Asks every verifier every edge.
    pub(super) fn each(&mut self, mut judge: impl FnMut(&str, &Edge, bool)) {
        let chain_id = self.chain_id.clone();
        let mut ask = |verifier: &str, edges: Vec<Edge>, answer: &dyn Fn(&Edge) -> bool| {
            self.asked += edges.len();
            edges.iter().for_each(|edge| judge(verifier, edge, answer(edge)));
        };
        let id = &chain_id;
        ask("transaction", edges(&|key| body(id, key).hash().as_bytes().to_vec()), &|edge| {
            let tx = Tx { body: body(id, &PublicKey(edge.key)), signature: Signature(edge.signature) };
            let bytes = encode(&tx);
            let longer = [bytes.clone(), vec![0]].concat();
            assert!(check_tx(&bytes[..bytes.len() - 1], id, &params()).is_err(), "a signature cut short");
            assert!(check_tx(&longer, id, &params()).is_err(), "a signature made longer");
            check_tx(&bytes, id, &params()).is_ok()
        });
        let said = |voter| Said::Vote {
            kind: VoteKind::Precommit,
            height: HEIGHT,
            round: 0,
            block: Some(BLOCK),
            voter,
        };
        let vote = |key: &PublicKey| sign(&said(Address::of_key(key)), id, &account(0)).expect("a vote");
        ask("vote", edges(&|key| vote_message(&vote(key), id).expect("a vote")), &|edge| {
            let key = PublicKey(edge.key);
            vote_holds(&vote(&key), id, &key, Signature(edge.signature))
        });
        let precommit = |_: &PublicKey| vote_sign_bytes(id, VoteKind::Precommit, HEIGHT, 0, Some(BLOCK));
        ask("certificate", edges(&precommit), &|edge| {
            let key = PublicKey(edge.key);
            let member =
                Validator { consensus_key: key, vrf_key: key, power: 1, account: Address::of_key(&key) };
            let set = ValidatorSet::new(vec![member]).expect("a set of one");
            let signature =
                CommitSignature { validator: Address::of_key(&key), signature: Signature(edge.signature) };
            let certificate =
                Certificate { height: HEIGHT, round: 0, block: BLOCK, signatures: vec![signature] };
            verify_certificate(id, &set, &certificate).is_ok()
        });
        let reader = self.chain.reader();
        ask("contract", edges(&|_| b"what a contract checks".to_vec()), &|edge| {
            let input = [&edge.key[..], &edge.signature[..], &edge.message[..]].concat();
            let answer = reader.query(&Address::of_name("asks"), "holds", input, None).expect("an answer");
            answer.value == [1]
        });
    }
}
