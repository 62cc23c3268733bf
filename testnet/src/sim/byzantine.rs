//! Validators that misbehave: an honest host runs inside, and what it says is bent on its way out.

use super::ledger::keys;
use super::rng::Rng;
use super::world::Post;
use hydrogen_core::block::certify;
use hydrogen_p2p::consensus::forge::{read, sign};
use hydrogen_p2p::consensus::{Input, Offer, Peer, Said, part_range};
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::{Address, Block, Certificate, ChainId, Hash};
use std::collections::BTreeMap;

/// Largest block that is looked into.
pub(crate) const BLOCK_BYTES_MAX: usize = 16 << 20;
/// How far ahead the clock of a node that proposes invalid blocks is.
pub(crate) const FUTURE_MS: u64 = 3_600_000;
/// Longest piece of garbage.
const GARBAGE_BYTES_MAX: u64 = 400;

/// How a node behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// By the rules.
    Honest,
    /// Says one thing to even nodes and another to odd ones: votes, proposals, blocks.
    Equivocates,
    /// Keeps its blocks, and half of all else, to itself.
    Withholds,
    /// Proposes blocks with a wrong state root, if its place is even, else blocks whose time is an hour ahead.
    ProposesInvalid,
    /// Votes against every block.
    VotesNil,
    /// Sends garbage beside all that is right.
    SendsGarbage,
    /// As a test says, which speaks for it; what it says by itself is not bent.
    Scripted,
}

impl Behaviour {
    /// All that bend what they say.
    pub const BAD: [Self; 5] =
        [Self::Equivocates, Self::Withholds, Self::ProposesInvalid, Self::VotesNil, Self::SendsGarbage];

    /// A word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Equivocates => "equivocates",
            Self::Withholds => "withholds",
            Self::ProposesInvalid => "proposes invalid blocks",
            Self::VotesNil => "votes nil",
            Self::SendsGarbage => "sends garbage",
            Self::Scripted => "scripted",
        }
    }
}

/// What a node that misbehaves remembers.
#[derive(Debug, Default)]
pub(crate) struct Bender {
    /// Blocks it changed, by the id they had.
    changed: BTreeMap<Hash, Hash>,
    /// Those of them that go in parts, by the roots of their manifests.
    forged: BTreeMap<Hash, Vec<u8>>,
}

/// A liar at the moment.
pub(crate) struct Liar<'a> {
    pub(crate) behaviour: Behaviour,
    pub(crate) from: usize,
    pub(crate) chain_id: &'a ChainId,
    /// The true bytes of blocks that it offers in parts.
    pub(crate) own: &'a BTreeMap<Hash, Vec<u8>>,
    pub(crate) part_bytes: usize,
}

/// How a message of its own is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// Votes for nothing.
    Nil,
    /// A block with another state root, and proposals of it.
    Corrupt,
    /// Another block that is as good, and votes for that one; for the opposite of other votes.
    Opposite,
}

impl Bender {
    /// Bends what node `from` says. Returns how much of it was.
    pub(crate) fn bend(&mut self, liar: &Liar<'_>, posts: &mut Vec<Post>, rng: &mut Rng) -> u64 {
        let mut bent = 0;
        match liar.behaviour {
            Behaviour::Honest | Behaviour::Scripted => {}
            Behaviour::Equivocates => {
                for post in posts.iter_mut().filter(|post| post.to % 2 == 1) {
                    bent += u64::from(self.lie(Lie::Opposite, liar, &mut post.input));
                }
            }
            Behaviour::Withholds => {
                let before = posts.len();
                posts.retain(|post| {
                    !matches!(post.input, Input::Block(..)) && (post.reliable || rng.chance(500))
                });
                bent += (before - posts.len()) as u64;
            }
            Behaviour::ProposesInvalid => {
                for post in posts.iter_mut() {
                    bent += u64::from(self.lie(Lie::Corrupt, liar, &mut post.input));
                }
            }
            Behaviour::VotesNil => {
                for post in posts.iter_mut() {
                    bent += u64::from(self.lie(Lie::Nil, liar, &mut post.input));
                }
            }
            Behaviour::SendsGarbage => {
                let more: Vec<Post> = posts.iter().filter_map(|post| garbage(liar.from, post, rng)).collect();
                bent += more.len() as u64;
                posts.extend(more);
            }
        }
        bent
    }

    /// Changes a message or block of this node's own. Says whether it did.
    fn lie(&mut self, lie: Lie, liar: &Liar<'_>, input: &mut Input) -> bool {
        let key = keys(liar.from).consensus;
        match input {
            Input::Message(_, bytes) | Input::GossipedVote(_, _, bytes) => {
                let said = read(bytes).and_then(|said| self.otherwise(lie, said, key.address()));
                match said.and_then(|said| sign(&said, liar.chain_id, &key)) {
                    Some(forged) => *bytes = forged,
                    None => return false,
                }
                true
            }
            Input::Block(_, bytes) if lie != Lie::Nil => {
                let own = match Offer::decode(bytes, BLOCK_BYTES_MAX, liar.part_bytes) {
                    Ok(Offer::Whole(bytes)) => Some(bytes),
                    Ok(Offer::Parts(manifest)) => liar.own.get(&manifest.id).cloned(),
                    Err(_) => None,
                };
                let block = own.and_then(|bytes| decode::<Block>(&bytes, BLOCK_BYTES_MAX).ok());
                let Some(mut block) = block else { return false };
                let ahead = lie == Lie::Corrupt && liar.from % 2 == 1;
                if block.header.proposer != key.address() || ahead {
                    return false;
                }
                let id = block.hash();
                if lie == Lie::Opposite {
                    // As good as the true one, unless the uptime is capped or something falls due in between.
                    block.header.time_ms += 1;
                    block.header.uptime_ms += 1;
                } else {
                    block.header.state_root = Hash::sha256(block.header.state_root.as_bytes());
                }
                self.changed.insert(id, block.hash());
                let forged = encode(&block);
                let offer = Offer::of(block.header.height, block.hash(), &forged, liar.part_bytes);
                if let Offer::Parts(manifest) = &offer {
                    self.forged.insert(manifest.root(), forged);
                }
                *bytes = encode(&offer);
                true
            }
            _ => false,
        }
    }

    /// A part of a block that this node changed.
    pub(crate) fn part(&self, root: &Hash, index: u32, part_bytes: usize) -> Option<Vec<u8>> {
        let bytes = self.forged.get(root)?;
        Some(bytes[part_range(bytes.len(), index, part_bytes)?].to_vec())
    }

    /// What is said instead of something of this node's own; `None` to leave it.
    fn otherwise(&self, lie: Lie, said: Said, me: Address) -> Option<Said> {
        match (lie, said) {
            (Lie::Nil, Said::Vote { kind, height, round, block: Some(_), voter }) if voter == me => {
                Some(Said::Vote { kind, height, round, block: None, voter })
            }
            (Lie::Opposite, Said::Vote { kind, height, round, block, voter }) if voter == me => {
                let made_up = Hash::sha256(&encode(&(height, round)));
                let block = match block {
                    Some(id) => self.changed.get(&id).copied(),
                    None => Some(made_up),
                };
                Some(Said::Vote { kind, height, round, block, voter })
            }
            (Lie::Corrupt | Lie::Opposite, Said::Proposal { height, round, block, locked, proposer })
                if proposer == me =>
            {
                let block = *self.changed.get(&block)?;
                Some(Said::Proposal { height, round, block, locked, proposer })
            }
            _ => None,
        }
    }
}

/// A decided block with another state root, and a certificate for it by this node alone.
pub(crate) fn forge_decided(
    from: usize,
    chain_id: &ChainId,
    (bytes, certificate): &mut (Vec<u8>, Certificate),
) {
    let Ok(mut block) = decode::<Block>(bytes, BLOCK_BYTES_MAX) else { return };
    block.header.state_root = Hash::sha256(block.header.state_root.as_bytes());
    *certificate = certify(chain_id, &block, &[&keys(from).consensus]);
    *bytes = encode(&block);
}

/// Bytes of a message, changed, cut short, made longer or made up, to whoever got the message.
fn garbage(from: usize, post: &Post, rng: &mut Rng) -> Option<Post> {
    let me = Peer(from as u64);
    if let Input::Part(_, root, index, bytes) = &post.input {
        let mut bytes = bytes.clone();
        let at = rng.index(bytes.len());
        bytes[at] ^= 1 << rng.below(8);
        return Some(Post { to: post.to, reliable: false, input: Input::Part(me, *root, *index, bytes) });
    }
    let (Input::Message(_, bytes) | Input::Block(_, bytes)) = &post.input else { return None };
    let mut bytes = bytes.clone();
    match rng.below(4) {
        0 if !bytes.is_empty() => {
            let at = rng.index(bytes.len());
            bytes[at] ^= 1 << rng.below(8);
        }
        1 => bytes.truncate(rng.index(bytes.len() + 1)),
        2 => bytes.extend_from_within(..),
        _ => {
            bytes.clear();
            bytes
                .extend((0..rng.below(GARBAGE_BYTES_MAX)).map(|_| u8::try_from(rng.below(256)).unwrap_or(0)));
        }
    }
    let input = if rng.chance(500) { Input::Message(me, bytes) } else { Input::Block(me, bytes) };
    Some(Post { to: post.to, reliable: false, input })
}
