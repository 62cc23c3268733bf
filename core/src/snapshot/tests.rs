//! Snapshots of chains with transfers, modules and changing validators: the copy is the chain, and nothing else passes.

use super::{CHUNK_BYTES, Chunk, Manifest, SnapshotError, is_fresh, restore};
use crate::block::certify;
use crate::chain::Chain;
use crate::crypto::{NodeKeys, SecretKey, sign_tx};
use crate::execute::Context;
use crate::genesis::{Genesis, Params};
use crate::reader::ReadError;
use crate::store::{Batch, Entry, Frozen, MemStore, Store, StoreError, Table};
use crate::validate::{CheckedTx, check_tx};
use crate::vm::{CodeError, ContractVm, VmCall, VmError, VmResult};
use hydrogen_proof::LightError;
use hydrogen_types::codec::encode;
use hydrogen_types::{Action, Address, Amount, Block, Certificate, ChainId, Gas, Hash, Height, TxBody};
use hydrogen_types::{Validator, ValidatorSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A sandbox that keeps modules and runs none.
struct Shelf;

impl ContractVm for Shelf {
    fn check(&self, _: &[u8]) -> Result<(), CodeError> {
        Ok(())
    }

    fn warm(&self, _: Hash, _: Arc<[u8]>) {}

    fn call(&self, _: VmCall, context: Box<Context>) -> (Box<Context>, Result<VmResult, VmError>) {
        (context, Err(VmError::Host(String::from("no contracts here"))))
    }
}

fn keys(number: u8) -> NodeKeys {
    NodeKeys::from_seed([number; 32])
}

fn rich() -> SecretKey {
    SecretKey::from_seed([99; 32])
}

fn validator(number: u8, power: u64) -> Validator {
    let keys = keys(number);
    Validator {
        consensus_key: keys.consensus.public(),
        vrf_key: keys.vrf.public(),
        power,
        account: keys.account.address(),
    }
}

fn genesis(name: &str) -> Genesis {
    Genesis {
        chain_id: ChainId::new(name).unwrap(),
        time_ms: 1_000_000,
        params: Params { block_gas_max: Gas::new(20_000_000_000_000), ..Params::default() },
        validators: (1..=4).map(|number| validator(number, 10)).collect(),
        governance: Some(rich().public()),
        accounts: vec![(rich().address(), Amount::cnx(1_000_000))],
        contracts: Vec::new(),
    }
}

fn open(store: &Arc<MemStore>, genesis: &Genesis) -> Chain {
    Chain::open(store.clone(), Arc::new(Shelf), genesis.clone()).unwrap()
}

/// Numbers from a seed, for histories.
struct Dice(Hash);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = Hash::sha256(self.0.as_bytes());
        u64::from_le_bytes(*self.0.as_bytes().first_chunk().unwrap()) % bound
    }
}

/// A chain that grows at random, with its blocks.
struct Grown {
    genesis: Genesis,
    store: Arc<MemStore>,
    chain: Chain,
    nonce: u64,
    dice: Dice,
    blocks: Vec<(Block, Certificate)>,
}

impl Grown {
    fn new(seed: u8) -> Self {
        let (genesis, store) = (genesis("snapshots"), Arc::new(MemStore::new()));
        let chain = open(&store, &genesis);
        let dice = Dice(Hash::sha256(&[seed]));
        Self { genesis, store, chain, nonce: 0, dice, blocks: Vec::new() }
    }

    fn signed(&mut self, action: Action) -> CheckedTx {
        let body = TxBody {
            chain_id: self.genesis.chain_id.clone(),
            sender: rich().public(),
            nonce: self.nonce,
            valid_until: Height::new(1_000_000),
            gas_limit: Gas::new(1_000_000_000_000),
            gas_price: 1_000_000,
            action,
        };
        self.nonce += 1;
        check_tx(&encode(&sign_tx(body, &rich())), &self.genesis.chain_id, &self.genesis.params).unwrap()
    }

    fn action(&mut self) -> Action {
        match self.dice.below(12) {
            0 => {
                let size = 1_000 + usize::try_from(self.dice.below(200_000)).unwrap();
                Action::Upload { code: vec![u8::try_from(self.dice.below(256)).unwrap(); size] }
            }
            1 => {
                let number = 1 + u8::try_from(self.dice.below(6)).unwrap();
                Action::SetValidator { validator: validator(number, self.dice.below(14)) }
            }
            _ => {
                let to = Address::new([u8::try_from(self.dice.below(256)).unwrap(); 20]);
                Action::Transfer { to, amount: Amount::new(u128::from(1 + self.dice.below(1_000))) }
            }
        }
    }

    fn block(&mut self) {
        let count = self.dice.below(5);
        let actions: Vec<Action> = (0..count).map(|_| self.action()).collect();
        let txs = actions.into_iter().map(|action| self.signed(action)).collect();
        self.seal(txs);
    }

    fn seal(&mut self, txs: Vec<CheckedTx>) {
        let height = self.chain.tip().height.next();
        let set = self.chain.validators(height).unwrap();
        let all: Vec<NodeKeys> = (1..=7).map(keys).collect();
        let of = |address: Address| all.iter().find(|keys| keys.consensus.address() == address);
        let proposer = of(set.proposer(height, 0).address()).unwrap();
        let executed = self.chain.build(proposer, 0, self.chain.tip().time_ms + 50, txs).unwrap();
        let signers: Vec<&SecretKey> = set
            .members()
            .iter()
            .filter_map(|member| of(member.address()))
            .map(|keys| &keys.consensus)
            .collect();
        let certificate = certify(&self.genesis.chain_id, &executed.block, &signers);
        self.blocks.push((executed.block.clone(), certificate.clone()));
        self.chain.commit(executed, certificate).unwrap();
    }

    fn grow(&mut self, blocks: usize) {
        (0..blocks).for_each(|_| self.block());
    }

    fn snapshot(&self, height: u64) -> (Manifest, Vec<Vec<u8>>) {
        let mut chunks = Vec::new();
        let mut sink = |index: u32, bytes: &[u8]| {
            assert_eq!(usize::try_from(index).unwrap(), chunks.len());
            chunks.push(bytes.to_vec());
            Ok(())
        };
        let manifest = self.chain.reader().snapshot(Height::new(height), &mut sink).unwrap();
        (manifest, chunks)
    }
}

fn from(chunks: &[Vec<u8>]) -> impl FnMut(u32) -> io::Result<Vec<u8>> + '_ {
    |index| chunks.get(usize::try_from(index).unwrap()).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn table(store: &MemStore, table: Table) -> Vec<Entry> {
    store.range(table, &[], None, usize::MAX).unwrap()
}

/// Restored at some height and fed the blocks after it, a chain has every key, page and module of the chain that
/// executed all, the same receipts, the same sets; and its snapshot is the same one.
#[test]
fn a_restored_chain_equals_a_replayed_one() {
    let mut changes = 0;
    for seed in 0..12 {
        let mut grown = Grown::new(seed);
        grown.grow(40);
        let height = 5 + grown.dice.below(35);
        let (manifest, chunks) = grown.snapshot(height);
        changes += manifest.hops.len();
        let manifest = Manifest::from_bytes(&manifest.to_bytes().unwrap()).unwrap();
        let store = Arc::new(MemStore::new());
        restore(&*store, &grown.genesis, &manifest, &mut from(&chunks)).unwrap();
        let mut copy = open(&store, &grown.genesis);
        assert_eq!(copy.tip().height.get(), height);
        for (block, certificate) in grown.blocks.iter().skip(usize::try_from(height).unwrap()) {
            let committed = copy.import(block.clone(), certificate.clone()).unwrap();
            let original = grown.chain.reader().block(block.header.height).unwrap().unwrap();
            assert_eq!(committed.receipts, original.receipts);
        }
        assert_eq!(copy.tip(), grown.chain.tip());
        for compared in [Table::State, Table::Pages, Table::Code] {
            assert_eq!(table(&store, compared), table(&grown.store, compared), "{compared:?} of seed {seed}");
        }
        let sets = |chain: &Chain| chain.reader().validator_changes(Height::GENESIS, usize::MAX).unwrap();
        let of =
            |chain: &Chain| sets(chain).into_iter().map(|c| (c.height, c.validators)).collect::<Vec<_>>();
        assert_eq!(of(&copy), of(&grown.chain));
        let copied = Grown { chain: copy, store, ..Grown::new(seed) };
        let again = copied.snapshot(40);
        assert_eq!((again.0.id(), again.1), {
            let (m, c) = grown.snapshot(40);
            (m.id(), c)
        });
    }
    assert!(changes > 10, "only {changes} changes of the set were followed");
}

/// Blocks that are committed while a snapshot is made do not enter it, and the node says where its history begins.
#[test]
fn a_snapshot_is_of_one_height() {
    let mut grown = Grown::new(77);
    grown.grow(10);
    let early = grown.snapshot(10);
    grown.grow(10);
    assert_eq!(grown.snapshot(10), early, "the way back leads to the same entries");
    let store = Arc::new(MemStore::new());
    restore(&*store, &grown.genesis, &early.0, &mut from(&early.1)).unwrap();
    let reader = open(&store, &grown.genesis).reader();
    assert_eq!(reader.base().unwrap(), Height::new(10));
    assert!(reader.account(&rich().address(), Some(Height::new(10))).is_ok());
    let before = reader.account(&rich().address(), Some(Height::new(9))).unwrap_err();
    assert_eq!(
        before.to_string(),
        "no state at height 9: this node started from a snapshot of height 10, and its history begins there"
    );
    assert!(matches!(before, ReadError::BelowBase { .. }));
    let none = reader.snapshot(Height::new(11), &mut |_, _| Ok(())).unwrap_err();
    assert!(matches!(none, SnapshotError::NoSuchHeight { .. }), "{none}");
}

/// Each way in which a snapshot can be false has its own error, and leaves a store that begins from genesis.
#[test]
fn false_snapshots_are_refused() {
    let mut grown = Grown::new(5);
    grown.grow(40);
    let (manifest, chunks) = grown.snapshot(30);
    assert!(!manifest.hops.is_empty());
    let refuse = |manifest: &Manifest, chunks: &[Vec<u8>]| {
        let store = Arc::new(MemStore::new());
        let error = restore(&*store, &grown.genesis, manifest, &mut from(chunks)).unwrap_err();
        assert!(is_fresh(&*store).unwrap());
        let empty = Table::ALL.iter().all(|kept| table(&store, *kept).is_empty());
        assert!(empty || !error.is_peer_fault(), "{error} left something");
        assert_eq!(open(&store, &grown.genesis).tip().height, Height::GENESIS);
        error
    };
    let with = |change: &dyn Fn(&mut Manifest)| {
        let mut changed = manifest.clone();
        change(&mut changed);
        refuse(&changed, &chunks)
    };
    let other = with(&|manifest| manifest.genesis = Hash::ZERO);
    assert!(matches!(other, SnapshotError::OtherChain { .. }), "{other}");
    let no_hops = with(&|manifest| manifest.hops.clear());
    let set = matches!(no_hops, SnapshotError::NotCertified { source: LightError::OtherSet { .. }, .. });
    assert!(set, "{no_hops}");
    let unsigned = with(&|manifest| manifest.certificate.signatures.truncate(1));
    let quorum = matches!(unsigned, SnapshotError::NotCertified { source: LightError::Certificate(_), .. });
    assert!(quorum, "{unsigned}");
    let forged = with(&|manifest| manifest.header.state_root = Hash::ZERO);
    let block = matches!(forged, SnapshotError::NotCertified { source: LightError::OtherBlock { .. }, .. });
    assert!(block, "{forged}");
    let set = with(&|manifest| manifest.hops[0].next = ValidatorSet::new(vec![validator(7, 1)]).unwrap());
    assert!(matches!(set, SnapshotError::NotCertified { source: LightError::WrongNext { .. }, .. }), "{set}");

    let mut corrupt = chunks.clone();
    corrupt[0][100] ^= 1;
    let corrupt = refuse(&manifest, &corrupt);
    assert!(matches!(corrupt, SnapshotError::WrongChunk { index: 0, .. }), "{corrupt}");
    let missing = refuse(&manifest, &[]);
    assert!(matches!(missing, SnapshotError::Chunk { index: 0, .. }), "{missing}");
    assert!(!missing.is_peer_fault() && corrupt_is_fault(&chunks, &refuse, &manifest));
}

/// Chunks that fit a manifest of their maker, under a certified header of the chain.
fn corrupt_is_fault(
    chunks: &[Vec<u8>],
    refuse: &dyn Fn(&Manifest, &[Vec<u8>]) -> SnapshotError,
    manifest: &Manifest,
) -> bool {
    let forged = |change: &dyn Fn(&mut Vec<Chunk>)| {
        let mut entries: Vec<Chunk> = chunks.iter().map(|chunk| borsh::from_slice(chunk).unwrap()).collect();
        change(&mut entries);
        let chunks: Vec<Vec<u8>> = entries.iter().map(encode).collect();
        let hashes = chunks.iter().map(|chunk| Hash::sha256(chunk)).collect();
        refuse(&Manifest { chunks: hashes, ..manifest.clone() }, &chunks)
    };
    let value = forged(&|chunks| chunks[0].state[0].1.push(0));
    assert!(matches!(value, SnapshotError::WrongRoot { .. }), "{value}");
    let key = forged(&|chunks| drop(chunks[0].state.pop()));
    assert!(matches!(key, SnapshotError::WrongRoot { .. }), "{key}");
    let order = forged(&|chunks| chunks[0].state.swap(0, 1));
    assert!(matches!(order, SnapshotError::MalformedChunk { .. }), "{order}");
    let module = forged(&|chunks| drop(chunks.iter_mut().find_map(|chunk| chunk.code.pop())));
    assert!(matches!(module, SnapshotError::WrongModule { missing: true, .. }), "{module}");
    let stranger = forged(&|chunks| chunks.push(Chunk { state: vec![], code: vec![vec![9; 9]] }));
    let refused = matches!(
        stranger,
        SnapshotError::WrongModule { missing: false, .. } | SnapshotError::MalformedChunk { .. }
    );
    assert!(refused, "{stranger}");
    let large = forged(&|chunks| chunks[0].code.push(vec![0; super::CHUNK_BYTES_MAX]));
    assert!(large.to_string().contains("malformed"), "{large}");
    let all = [value, key, order, module, stranger, large];
    all.iter().all(SnapshotError::is_peer_fault)
}

/// What a peer sends as a manifest is bounded, and of one version.
#[test]
fn manifests_are_bounded() {
    let mut grown = Grown::new(3);
    grown.grow(3);
    let (manifest, _) = grown.snapshot(3);
    let bytes = manifest.to_bytes().unwrap();
    let truncated = Manifest::from_bytes(&bytes[..bytes.len() - 1]).unwrap_err();
    assert!(matches!(truncated, SnapshotError::BadManifest(_)), "{truncated}");
    assert!(matches!(Manifest::from_bytes(&[]), Err(SnapshotError::BadManifest(_))));
    let oversized = Manifest::from_bytes(&vec![1; super::MANIFEST_BYTES_MAX + 1]).unwrap_err();
    assert!(matches!(oversized, SnapshotError::ManifestTooLarge { .. }), "{oversized}");
    let later = Manifest { version: 2, ..manifest.clone() };
    let later = Manifest::from_bytes(&encode(&later)).unwrap_err();
    assert!(matches!(later, SnapshotError::OtherVersion { got: 2 }), "{later}");
    let many = Manifest { chunks: vec![Hash::ZERO; super::CHUNKS_MAX + 1], ..manifest };
    let many = Manifest::from_bytes(&encode(&many)).unwrap_err();
    assert!(matches!(many, SnapshotError::TooManyChunks { .. }), "{many}");
}

/// A restore that ends between any two writes leaves no chain, and the next one begins anew and ends alike.
#[test]
fn an_interrupted_restore_begins_anew() {
    let mut grown = Grown::new(9);
    let (manifest, chunks) = grown.snapshot_of(4 * CHUNK_BYTES);
    assert!(chunks.len() > 3);
    let store = Arc::new(MemStore::new());
    for stop in 0..chunks.len() {
        // The process ends: nothing of `restore` runs any more, not even its tidying.
        let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut source = from(&chunks);
            restore(&*store, &grown.genesis, &manifest, &mut |index| {
                if usize::try_from(index).unwrap() == stop {
                    std::panic::resume_unwind(Box::new("killed"));
                }
                source(index)
            })
        }));
        assert!(stopped.is_err());
        assert!(is_fresh(&*store).unwrap());
        let fork = Arc::new(store.fork());
        assert_eq!(open(&fork, &grown.genesis).tip().height, Height::GENESIS, "no half state is a chain");
        assert_eq!(table(&fork, Table::State).len(), table(&Grown::new(9).store, Table::State).len());
    }
    restore(&*store, &grown.genesis, &manifest, &mut from(&chunks)).unwrap();
    assert_eq!(open(&store, &grown.genesis).tip(), grown.chain.tip());
    assert_eq!(table(&store, Table::Pages), table(&grown.store, Table::Pages));
}

impl Grown {
    fn snapshot_bytes(&self) -> usize {
        table(&self.store, Table::Code).iter().map(|(_, module)| module.len()).sum()
    }

    /// A snapshot of the tip once there are so many bytes of modules.
    fn snapshot_of(&mut self, bytes: usize) -> (Manifest, Vec<Vec<u8>>) {
        while self.snapshot_bytes() < bytes {
            self.grow(1);
        }
        self.snapshot(self.chain.tip().height.get())
    }
}

/// The end at any batch: whatever is left is a chain at genesis or the whole snapshot, never a mixture.
#[test]
fn what_any_batch_leaves_is_no_half_chain() {
    let mut grown = Grown::new(11);
    let (manifest, chunks) = grown.snapshot_of(CHUNK_BYTES);
    let first = Arc::new(MemStore::new());
    // More than one page to clear.
    let mut rest = Batch::default();
    (0..3_000u32).for_each(|key| rest.put(Table::State, key.to_be_bytes(), [1]));
    open(&first, &grown.genesis);
    first.commit(rest).unwrap();
    let genesis = open(&Arc::new(MemStore::new()), &grown.genesis).tip();
    for left in 1.. {
        let store = Arc::new(first.fork());
        let dying = Dying { store: store.clone(), left: AtomicU64::new(left) };
        if restore(&dying, &grown.genesis, &manifest, &mut from(&chunks)).is_ok() {
            assert!(left > 6, "clearing and filling takes several batches");
            break;
        }
        let untouched = store.get(Table::Meta, b"format").unwrap().is_some();
        assert!(is_fresh(&*store).unwrap());
        if !untouched {
            assert_eq!(open(&store, &grown.genesis).tip(), genesis, "after {left} batches");
        }
    }
}

/// A store that ends after some batches.
struct Dying {
    store: Arc<MemStore>,
    left: AtomicU64,
}

impl Store for Dying {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(table, key)
    }

    fn range(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.store.range(table, start, end, limit)
    }

    fn frozen(&self, look: &mut dyn FnMut(&dyn Frozen) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.store.frozen(look)
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let left = self.left.load(Ordering::Relaxed);
        let left = left.checked_sub(1).ok_or_else(|| StoreError::Io { reason: "it died".into() })?;
        self.left.store(left, Ordering::Relaxed);
        self.store.commit(batch)
    }
}
