//! A real host, fed what peers may send it. The bytes are a list of commands, each an operation and its argument; some
//! operations sign what they are given, since no mutation makes a signature.

use super::wal::Bytes;
use crate::fixture::{GENESIS_MS, bare_chain, keys, transfer, validators};
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_core::Mempool;
use hydrogen_p2p::consensus::forge::{read, sign};
use hydrogen_p2p::consensus::{
    Disk, Host, HostConfig, HostError, Input, LogDisk, Now, Offer, Output, Peer, PeerState, Said, TxOrigin,
};
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::{Address, Block, Certificate, Hash, Height};
use std::collections::BTreeMap;

/// Commands of one run.
const COMMANDS_MAX: usize = 256;
/// Outputs of one step; a decision announces, sends and asks, to a handful of peers.
const OUTPUTS_MAX: usize = 256;
/// Peers of the host.
const PEERS: u64 = 4;

/// What may happen.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub(super) enum Command {
    Wait(u16),
    Message(u8, Vec<u8>),
    /// Signed anew by the validator that it names.
    Signed(u8, Vec<u8>),
    Block(u8, Vec<u8>),
    /// With the transactions' root put right.
    Whole(u8, Vec<u8>),
    Announced(u8, Height, Hash),
    Synced(u8, Vec<(Vec<u8>, Certificate)>),
    Tx(u8, Vec<u8>),
    Status(u8, Height, bool),
    Gone(u8),
    BlockWanted(Hash),
    BlockMissing(u8, Hash),
    SyncFailed(u8),
    GossipedVote(u8, Vec<u8>),
    Evidence(u8, Vec<u8>),
    EvidenceTold(u8, Vec<Vec<u8>>),
    Part(u8, Hash, u32, Vec<u8>),
    PartMissing(u8, Hash),
    PartWanted(Hash, u32),
}

/// A host over a fresh chain.
pub(super) fn host(index: u8, disk: Box<dyn Disk>) -> Result<Host, HostError> {
    let config = HostConfig {
        keys: keys(index),
        validator: true,
        disk,
        counters: Default::default(),
        mempool: Mempool::new(),
        limits: Default::default(),
    };
    Host::new(bare_chain(), config, Now { mono_ms: 0, wall_ms: GENESIS_MS })
}

fn signed(bytes: &[u8]) -> Option<Vec<u8>> {
    let said = read(bytes)?;
    let (Said::Vote { voter: by, .. } | Said::Proposal { proposer: by, .. }) = said else { return None };
    let all = validators();
    // Never in the name of the host itself: it signs for itself.
    let keys = all.iter().skip(1).find(|keys| keys.consensus.address() == by).unwrap_or(&all[1]);
    let said = match said {
        Said::Vote { kind, height, round, block, .. } => {
            Said::Vote { kind, height, round, block, voter: keys.consensus.address() }
        }
        Said::Proposal { height, round, block, locked, .. } => {
            Said::Proposal { height, round, block, locked, proposer: keys.consensus.address() }
        }
        said @ Said::Certificate { .. } => said,
    };
    sign(&said, &bare_chain().genesis().chain_id, &keys.consensus)
}

fn whole(bytes: &[u8]) -> Vec<u8> {
    let Ok(Offer::Whole(inner)) = decode(bytes, 1 << 20) else { return bytes.to_vec() };
    let Ok(mut block) = decode::<Block>(&inner, 1 << 20) else { return bytes.to_vec() };
    let leaves: Vec<Hash> = block.txs.iter().map(|tx| Hash::sha256(&encode(tx))).collect();
    block.header.tx_root = hydrogen_types::merkle::list_root(&leaves);
    encode(&Offer::Whole(encode(&block)))
}

/// The input of a command; `None` for time alone.
fn input(command: Command, now_ms: &mut u64) -> Input {
    let peer = |number: u8| Peer(1 + u64::from(number) % PEERS);
    match command {
        Command::Wait(ms) => {
            *now_ms += u64::from(ms);
            Input::Tick
        }
        Command::Message(from, bytes) => Input::Message(peer(from), bytes),
        Command::Signed(from, bytes) => Input::Message(peer(from), signed(&bytes).unwrap_or(bytes)),
        Command::Block(from, bytes) => Input::Block(peer(from), bytes),
        Command::Whole(from, bytes) => Input::Block(peer(from), whole(&bytes)),
        Command::Announced(from, height, id) => Input::Announced(peer(from), 1, height, id),
        Command::Synced(from, blocks) => Input::Synced(peer(from), blocks),
        Command::Tx(from, bytes) => Input::Tx(bytes, TxOrigin::Gossip(peer(from), 1)),
        Command::Status(from, height, validator) => {
            Input::Status(peer(from), PeerState { height, validator })
        }
        Command::Gone(from) => Input::Gone(peer(from)),
        Command::BlockWanted(id) => Input::BlockWanted(1, id),
        Command::BlockMissing(from, id) => Input::BlockMissing(peer(from), id),
        Command::SyncFailed(from) => Input::SyncFailed(peer(from)),
        Command::GossipedVote(from, bytes) => {
            Input::GossipedVote(peer(from), 1, signed(&bytes).unwrap_or(bytes))
        }
        Command::Evidence(from, bytes) => Input::Evidence(peer(from), 1, bytes),
        Command::EvidenceTold(from, records) => Input::EvidenceTold(peer(from), records),
        Command::Part(from, root, index, bytes) => Input::Part(peer(from), root, index, bytes),
        Command::PartMissing(from, root) => Input::PartMissing(peer(from), root),
        Command::PartWanted(root, index) => Input::PartWanted(1, root, index),
    }
}

/// What a host may not do, whatever it is told.
#[derive(Default)]
struct Watch {
    said: BTreeMap<Question, Answer>,
}

/// Whether it is a precommit, or a proposal for `None`; height and round.
type Question = (Option<bool>, Height, u32);
/// The block; for a proposal also the round it is locked since.
type Answer = (Option<Hash>, Option<u32>);

impl Watch {
    fn step(&mut self, host: &Host, outputs: &[Output]) {
        assert!(outputs.len() <= OUTPUTS_MAX, "{} outputs of one step", outputs.len());
        for output in outputs {
            match output {
                Output::Fatal(error) => panic!("a peer stops the host: {error}"),
                Output::Broadcast(bytes) | Output::Send(_, bytes) => self.listen(bytes),
                _ => {}
            }
        }
        for queue in host.queues() {
            assert!(queue.length <= queue.length_max, "{} {}", queue.length, queue.name);
        }
    }

    /// Two answers to one question would be a double vote.
    fn listen(&mut self, bytes: &[u8]) {
        let me: Address = keys(0).consensus.address();
        let (question, answer) = match read(bytes) {
            Some(Said::Vote { kind, height, round, block, voter }) if voter == me => {
                let precommit = kind == hydrogen_types::block::VoteKind::Precommit;
                ((Some(precommit), height, round), (block, None))
            }
            Some(Said::Proposal { height, round, block, locked, proposer }) if proposer == me => {
                ((None, height, round), (Some(block), locked))
            }
            _ => return,
        };
        assert_eq!(*self.said.entry(question).or_insert(answer), answer, "said otherwise before");
    }
}

/// Whether the host has decided a block.
pub(super) fn run(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut host = host(0, Box::new(LogDisk::over(Bytes::default()))).expect("an empty log");
    let (mut now_ms, mut watch, mut decided) = (0u64, Watch::default(), false);
    for _ in 0..COMMANDS_MAX {
        let Ok(command) = Command::deserialize(&mut rest) else { break };
        let input = input(command, &mut now_ms);
        let outputs = host.step(Now { mono_ms: now_ms, wall_ms: GENESIS_MS + now_ms }, input);
        watch.step(&host, &outputs);
        decided |= outputs.iter().any(|output| matches!(output, Output::Committed(_)));
    }
    decided
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let (_, heard) = Net::lived();
    // The same with signatures made anew, so that a change of what is signed is one of what is said.
    let resigned = heard.iter().cloned().map(|command| match command {
        Command::Message(from, bytes) => Command::Signed(from, bytes),
        Command::Block(from, bytes) => Command::Whole(from, bytes),
        other => other,
    });
    let flat = |commands: Vec<Command>| commands.iter().flat_map(encode).collect::<Vec<u8>>();
    vec![flat(resigned.collect()), flat(heard)]
}

/// Four hosts that hear each other at once.
pub(super) struct Net {
    hosts: Vec<Host>,
    heard: Vec<Command>,
    now_ms: u64,
}

impl Net {
    /// The log of the first host in the middle of its third height, and what it heard up to there.
    pub(super) fn lived() -> (Vec<u8>, Vec<Command>) {
        let file = Bytes::default();
        let disk = |index: u8| if index == 0 { file.clone() } else { Bytes::default() };
        let hosts =
            (0..4).map(|index| host(index, Box::new(LogDisk::over(disk(index)))).expect("an empty log"));
        let mut net = Self { hosts: hosts.collect(), heard: Vec::new(), now_ms: 0 };
        for (one, other) in (0..4u64).flat_map(|one| (0..4u64).map(move |other| (one, other))) {
            if one != other {
                let state = PeerState { height: Height::GENESIS, validator: true };
                net.tell(one, Input::Status(Peer(other), state));
            }
        }
        net.tell(1, Input::Tx(encode(&transfer(0)), TxOrigin::Local(1)));
        while net.hosts[0].height().get() < 3 && net.now_ms < 20_000 {
            net.now_ms += 50;
            net.heard.push(Command::Wait(50));
            (0..4).for_each(|index| net.tell(index, Input::Tick));
        }
        assert_eq!(net.hosts[0].height().get(), 3, "four hosts decide");
        (file.content(), net.heard)
    }

    /// Gives a host an input, and the others what it says.
    fn tell(&mut self, first: u64, input: Input) {
        let mut waiting = std::collections::VecDeque::from([(first, input)]);
        while let Some((to, input)) = waiting.pop_front() {
            if to == 0 {
                self.note(&input);
            }
            let Some(host) = usize::try_from(to).ok().and_then(|to| self.hosts.get_mut(to)) else { continue };
            let now = Now { mono_ms: self.now_ms, wall_ms: GENESIS_MS + self.now_ms };
            for output in host.step(now, input) {
                waiting.extend(posts(to, output));
            }
        }
    }

    fn note(&mut self, input: &Input) {
        let from = |peer: &Peer| u8::try_from(peer.0 - 1).expect("one of four");
        self.heard.push(match input {
            Input::Message(peer, bytes) => Command::Message(from(peer), bytes.clone()),
            Input::Block(peer, bytes) => Command::Block(from(peer), bytes.clone()),
            Input::Announced(peer, _, height, id) => Command::Announced(from(peer), *height, *id),
            Input::Status(peer, state) => Command::Status(from(peer), state.height, state.validator),
            Input::Tx(bytes, TxOrigin::Gossip(peer, _)) => Command::Tx(from(peer), bytes.clone()),
            _ => return,
        });
    }
}

fn posts(from: u64, output: Output) -> Vec<(u64, Input)> {
    let me = Peer(from);
    let others = |input: Input| (0..4).filter(|to| *to != from).map(|to| (to, input.clone())).collect();
    match output {
        Output::Broadcast(bytes) => others(Input::Message(me, bytes.to_vec())),
        Output::BroadcastBlock(bytes) => others(Input::Block(me, bytes.to_vec())),
        Output::Send(to, bytes) => vec![(to.0, Input::Message(me, bytes.to_vec()))],
        Output::SendBlock(to, bytes) => vec![(to.0, Input::Block(me, bytes.to_vec()))],
        Output::AskBlock(to, id) => vec![(to.0, Input::BlockWanted(from, id))],
        Output::BlockReply(to, Some(bytes)) => vec![(to, Input::Block(me, bytes.to_vec()))],
        Output::Announce(height, id) => others(Input::Announced(me, 1, height, id)),
        Output::GossipTx(bytes) => others(Input::Tx(bytes, TxOrigin::Gossip(me, 1))),
        _ => Vec::new(),
    }
}
