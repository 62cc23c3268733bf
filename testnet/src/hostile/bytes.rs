//! The bytes of attacks, written by hand: what a node's own types cannot say.

use super::kinds::Kind;
use super::raw::{Pace, Raw};
use crate::sim::Rng;
use hydrogen_core::{Genesis, NodeKeys, SecretKey, sign_tx};
use hydrogen_p2p::consensus::Said;
use hydrogen_p2p::consensus::forge::sign;
use hydrogen_types::block::VoteKind;
use hydrogen_types::codec::encode;
use hydrogen_types::{Action, Address, Amount, Gas, Hash, Height, TxBody};

/// Tags of requests and answers on the wire.
const STATUS: u8 = 0;
const MESSAGE: u8 = 1;
const BLOCK: u8 = 2;
const GET_BLOCK: u8 = 3;
const GET_BLOCKS: u8 = 4;
const STATUS_ANSWER: u8 = 2;
const BLOCKS_ANSWER: u8 = 4;
/// A height that no chain has.
const GREAT_HEIGHT: u64 = 1 << 40;
/// Length of a frame that never ends: as much as a request may have, or a little less.
const ENDLESS_BYTES: u32 = 180 << 10;
/// Transactions of accounts without money, sent at once: what passes the meter of gossip, and enough that the rest of it
/// is more than five floods.
const USELESS_TXS: usize = 40_000;

/// Streams of which protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    Direct,
    Foreign,
    Mesh,
    Ping,
    Push,
}

/// What an attacker makes its bytes of.
pub(super) struct Forge {
    pub(super) genesis: Genesis,
    hash: Hash,
    prefix: String,
    rng: Rng,
    sent: u64,
    /// The height that the target works on, by its own word.
    height: u64,
    /// Messages of validators that it was sent.
    pub(super) overheard: Vec<Vec<u8>>,
}

/// A frame of the request protocol.
fn frame(content: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend_from_slice(content);
    bytes
}

/// A number as protobuf writes it.
fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap_or_default());
    bytes
}

/// A field of bytes as protobuf writes it.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [vec![number << 3 | 2], varint(content.len()), content.to_vec()].concat()
}

impl Forge {
    pub(super) fn new(genesis: &Genesis, seed: u64) -> Self {
        let hash = genesis.hash();
        let prefix = hash.to_string().get(2..18).unwrap_or_default().to_owned();
        let (genesis, rng) = (genesis.clone(), Rng::new(seed));
        Self { genesis, hash, prefix, rng, sent: 0, height: 1, overheard: Vec::new() }
    }

    /// A protocol or topic of this chain.
    pub(super) fn name(&self, what: &str) -> String {
        format!("/hydrogen/{}/{what}/1", self.prefix)
    }

    fn garbage(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| u8::try_from(self.rng.below(256)).unwrap_or_default()).collect()
    }

    fn state(&self, genesis: Hash, height: u64, validator: bool) -> Vec<u8> {
        encode(&(genesis, Height::new(height), validator, Vec::<Vec<u8>>::new()))
    }

    /// What it says of itself under this attack.
    fn own_state(&self, kind: Kind) -> Vec<u8> {
        let lies = matches!(kind, Kind::SyncGarbage | Kind::SyncLies | Kind::SyncSilence);
        let genesis = if kind == Kind::WrongChain { Hash::sha256(b"another") } else { self.hash };
        self.state(genesis, if lies { GREAT_HEIGHT } else { 0 }, kind == Kind::ReplayedVotes)
    }

    /// The first thing it says; an honest node says it, too.
    pub(super) fn hello(&self, kind: Kind) -> Raw {
        Raw { bytes: frame(&tagged(STATUS, &self.own_state(kind))), pace: Pace::Once }
    }

    /// Its answer to a request; `None` for none at all.
    pub(super) fn answer(&mut self, kind: Kind, request: &[u8]) -> Option<Vec<u8>> {
        match request.first().copied() {
            Some(STATUS) => {
                if let Some(height) = request.get(33..41).and_then(|bytes| bytes.try_into().ok()) {
                    self.height = u64::from_le_bytes(height).saturating_add(1);
                }
                Some(frame(&tagged(STATUS_ANSWER, &self.own_state(kind))))
            }
            Some(GET_BLOCKS) => match kind {
                Kind::SyncGarbage => Some(frame(&self.garbage(5_000))),
                Kind::SyncLies => {
                    let certificate = (Height::new(1), 0u32, Hash::ZERO, Vec::<u8>::new());
                    let blocks = vec![(self.garbage(2_000), certificate)];
                    Some(frame(&tagged(BLOCKS_ANSWER, &encode(&blocks))))
                }
                _ => None,
            },
            Some(MESSAGE) => {
                self.overheard.extend(request.get(5..).map(<[u8]>::to_vec));
                self.overheard.truncate(64);
                Some(frame(&[0]))
            }
            // Whatever else there may be, now or later: received.
            _ => Some(frame(&[0])),
        }
    }

    fn vote(&mut self, height: u64, key: &SecretKey, voter: Address) -> Vec<u8> {
        self.sent += 1;
        let block = Some(Hash::sha256(&self.sent.to_le_bytes()));
        let (kind, height) = (VoteKind::Precommit, Height::new(height));
        let said = Said::Vote { kind, height, round: 0, block, voter };
        sign(&said, &self.genesis.chain_id, key).unwrap_or_default()
    }

    fn tx(&mut self, spoil: bool) -> Vec<u8> {
        self.sent += 1;
        let key =
            NodeKeys::from_seed(*Hash::sha256(&self.rng.below(u64::MAX).to_le_bytes()).as_bytes()).account;
        let body = TxBody {
            chain_id: self.genesis.chain_id.clone(),
            sender: key.public(),
            nonce: 0,
            valid_until: Height::new(1_000),
            gas_limit: Gas::new(1_000_000_000),
            gas_price: self.genesis.params.gas_price_min,
            action: Action::Transfer { to: key.address(), amount: Amount::new(1) },
        };
        let mut tx = sign_tx(body, &key);
        if spoil {
            tx.signature.0[9] ^= 1;
        }
        encode(&tx)
    }

    /// Frames of gossip on one topic. They go on one stream: a second one would end the first.
    fn gossip_many(&mut self, topic: &str, count: usize, mut data: impl FnMut(&mut Self) -> Vec<u8>) -> Raw {
        let topic = self.name(topic);
        let mut bytes = Vec::new();
        for _ in 0..count {
            let data = data(self);
            bytes.extend(Self::gossip(&topic, &data));
        }
        Raw { bytes, pace: Pace::Hold }
    }

    fn gossip(topic: &str, data: &[u8]) -> Vec<u8> {
        let message = [field(2, data), field(4, topic.as_bytes())].concat();
        let rpc = field(2, &message);
        [varint(rpc.len()), rpc].concat()
    }

    fn message(content: &[u8]) -> Vec<u8> {
        frame(&tagged(MESSAGE, &encode(&content.to_vec())))
    }

    /// Anybody's vote that is none of this height: nothing about it is false.
    fn old_vote(&mut self, height: u64) -> Vec<u8> {
        let validator = self.genesis.validators[0].address();
        let key = NodeKeys::from_seed([99; 32]).consensus;
        Self::message(&self.vote(height, &key, validator))
    }

    /// What it sends next.
    pub(super) fn shot(&mut self, kind: Kind) -> Option<(Channel, Raw)> {
        let direct = |bytes| Some((Channel::Direct, Raw { bytes, pace: Pace::Once }));
        let mesh = |raw| Some((Channel::Mesh, raw));
        match kind {
            Kind::Oversize => direct([vec![255; 4], self.garbage(64)].concat()),
            Kind::LengthLies => direct([1_000u32.to_le_bytes().to_vec(), self.garbage(10)].concat()),
            Kind::Endless => {
                let bytes = [ENDLESS_BYTES.to_le_bytes().to_vec(), vec![0; 100_000]].concat();
                Some((Channel::Direct, Raw { bytes, pace: Pace::Hold }))
            }
            Kind::Truncated => {
                let state = tagged(STATUS, &self.own_state(kind));
                direct(frame(&state[..state.len() / 2]))
            }
            Kind::HugeCount => direct(frame(&tagged(MESSAGE, &[255; 4]))),
            Kind::ManyEmpty => {
                let known = vec![Vec::<u8>::new(); 500_000];
                direct(frame(&tagged(STATUS, &encode(&(self.hash, Height::new(0), false, known)))))
            }
            Kind::UnknownTag => direct(frame(&[200, 1, 2, 3])),
            Kind::NestedGarbage => {
                let garbage = self.garbage(300);
                direct(Self::message(&garbage))
            }
            Kind::WrongProtocol => Some((Channel::Foreign, Raw { bytes: frame(&[0; 64]), pace: Pace::Once })),
            Kind::StatusFlood | Kind::WrongChain => Some((Channel::Direct, self.hello(kind))),
            Kind::MessageFlood => direct(self.old_vote(0)),
            Kind::FutureVotes => direct(self.old_vote(GREAT_HEIGHT)),
            Kind::GetBlockFlood => {
                self.sent += 1;
                direct(frame(&tagged(GET_BLOCK, Hash::sha256(&self.sent.to_le_bytes()).as_bytes())))
            }
            Kind::GetBlocksFlood => direct(frame(&tagged(GET_BLOCKS, &encode(&Height::new(1))))),
            Kind::SlowReader => {
                let bytes = frame(&tagged(GET_BLOCKS, &encode(&Height::new(1))));
                Some((Channel::Direct, Raw { bytes, pace: Pace::Unread }))
            }
            Kind::ReplayedVotes => {
                let said = self.overheard.get(self.rng.index(self.overheard.len().max(1)))?.clone();
                direct(Self::message(&said))
            }
            Kind::BadCertificates => {
                let content = tagged(2 + u8::from(self.rng.chance(500)), &self.garbage(200));
                direct(Self::message(&content))
            }
            Kind::UnaskedBlocks => {
                let garbage = self.garbage(20_000);
                direct(frame(&tagged(BLOCK, &encode(&garbage))))
            }
            Kind::GossipGarbage => mesh(self.gossip_many("txs", 100, |forge| forge.garbage(200))),
            Kind::GossipForged => mesh(self.gossip_many("txs", 100, |forge| forge.tx(true))),
            Kind::GossipAnnouncements => mesh(self.gossip_many("blocks", 100, |forge| forge.garbage(13))),
            Kind::GossipUseless => mesh(self.gossip_many("txs", USELESS_TXS, |forge| forge.tx(false))),
            Kind::GossipDuplicates => {
                let bytes = self.gossip_many("txs", 1, |forge| forge.tx(false)).bytes;
                mesh(Raw { bytes, pace: Pace::Repeat })
            }
            Kind::WrongTopic => {
                mesh(Raw { bytes: Self::gossip("/another/topic", b"hello"), pace: Pace::Repeat })
            }
            Kind::Slowloris => {
                let bytes = [60_000u32.to_le_bytes().to_vec(), vec![0; 600]].concat();
                Some((Channel::Direct, Raw { bytes, pace: Pace::Drip }))
            }
            Kind::IdentifySpam => Some((Channel::Push, Raw { bytes: self.garbage(4_000), pace: Pace::Once })),
            Kind::PingFlood => Some((Channel::Ping, Raw { bytes: self.garbage(32), pace: Pace::Repeat })),
            Kind::ForgedVotes => direct(self.forged()),
            Kind::SyncGarbage | Kind::SyncLies | Kind::SyncSilence => None,
            Kind::Mute | Kind::HalfOpen | Kind::Identities => None,
        }
    }

    /// A vote of the height that is on, in a validator's name: it overhears which that is from what it is told.
    fn forged(&mut self) -> Vec<u8> {
        let place = self.rng.index(self.genesis.validators.len());
        let voter = self.genesis.validators[place].address();
        let key = NodeKeys::from_seed([99; 32]).consensus;
        let height = self.height + self.rng.below(2);
        Self::message(&self.vote(height, &key, voter))
    }
}
