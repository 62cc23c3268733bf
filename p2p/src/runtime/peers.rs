//! Peers: who is connected, how much each may send, whom to dial again and when.
//!
//! *Invariants*: a number that the host knows means one session, from the first connection of a peer to the last; a
//! static peer is dialled until it is connected, with growing pauses; a peer that does not say who it is, or falls
//! silent, loses its connection.

use super::standing::{BannedPeer, Standing, Weight};
use super::transport;
use super::wire::{ADDRESS_BYTES_MAX, KNOWN_MAX};
use crate::consensus::Peer;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

/// First pause before a static peer is dialled again.
const BACKOFF_MIN: Duration = Duration::from_millis(250);
/// Longest pause.
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// The side with the lower peer id waits so long for the other to dial.
const LOWER_ID_WAITS: Duration = Duration::from_millis(400);
/// Time for a peer to tell its state after it connected. It may be as busy as this node is.
const HELLO_TIMEOUT: Duration = Duration::from_secs(15);
/// A peer that has not said anything for so long is gone, whatever its connection says: states come every second.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Addresses that are dialled: those of the configuration and as many validators as there can be.
const STATICS_MAX: usize = 256;
/// Dials of an address that a peer told.
const LEARNED_DIALS_MAX: u32 = 8;
#[cfg(feature = "kad")]
/// Addresses among them that were found by discovery and lead to no connection yet.
const DISCOVERED_MAX: usize = 64;
#[cfg(feature = "kad")]
/// A node with so many peers dials no others that it discovers; validators tell each other of themselves.
pub(crate) const PEERS_ENOUGH: usize = 32;
/// Requests and gossip messages of one peer in a second, averaged.
const RATE_PER_SECOND: f64 = 1_000.0;
/// Bytes that count as one message more.
const BYTES_PER_TOKEN: usize = 16 << 10;
/// Messages beyond the allowance that count as a fault.
const REFUSED_PER_FAULT: u32 = 1_000;
/// And at once.
const BURST: f64 = 4_000.0;
/// What a gossiped message costs besides that turned out to be of no use; one that was good costs nothing at all.
const USELESS_COST: f64 = 9.0;

/// A connected peer.
pub(crate) struct Session {
    pub(crate) number: Peer,
    pub(crate) address: Multiaddr,
    /// Whether this node dialled.
    pub(crate) outbound: bool,
    pub(crate) validator: bool,
    pub(crate) height: u64,
    pub(crate) seen_at: Instant,
    connected_at: Instant,
    greeted: bool,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// Where it says it listens.
    pub(crate) listens: Option<Multiaddr>,
    tokens: f64,
    filled_at: Instant,
    refused: u32,
}

/// Whether a peer may still send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// It may.
    Enough,
    /// Not now.
    UsedUp,
    /// It goes on and on.
    Flood,
}

struct Static {
    address: Multiaddr,
    id: Option<PeerId>,
    dial_at: Instant,
    backoff: Duration,
    /// Dials left for an address that another peer told; those of the configuration never run out.
    dials_left: Option<u32>,
}

/// The book of peers.
pub(crate) struct PeerBook {
    me: PeerId,
    sessions: BTreeMap<PeerId, Session>,
    by_number: HashMap<Peer, PeerId>,
    next_number: u64,
    statics: Vec<Static>,
    /// If given, nobody else is dialled.
    allow: Option<BTreeSet<PeerId>>,
    standing: Standing,
}

/// The peer id at the end of an address.
pub(crate) fn id_of(address: &Multiaddr) -> Option<PeerId> {
    address.iter().find_map(|part| match part {
        Protocol::P2p(id) => Some(id),
        _ => None,
    })
}

/// What a message of `bytes` takes from the allowance of its sender.
fn cost_of(bytes: usize) -> f64 {
    1.0 + f64::from(u32::try_from(bytes / BYTES_PER_TOKEN).unwrap_or(u32::MAX))
}

impl PeerBook {
    pub(crate) fn new(me: PeerId, addresses: Vec<Multiaddr>, now: Instant) -> Self {
        let statics = addresses.into_iter().map(|address| {
            let id = id_of(&address);
            let dial_at = if id.is_some_and(|id| me < id) { now + LOWER_ID_WAITS } else { now };
            Static { address, id, dial_at, backoff: BACKOFF_MIN, dials_left: None }
        });
        Self {
            me,
            sessions: BTreeMap::new(),
            by_number: HashMap::new(),
            next_number: 1,
            statics: statics.filter(|peer| peer.id != Some(me)).collect(),
            allow: None,
            standing: Standing::default(),
        }
    }

    /// From now on nobody else is learnt of.
    pub(crate) fn allow_only(&mut self, allow: Option<BTreeSet<PeerId>>) {
        self.allow = allow;
    }

    /// A connection is there; says whether it is the peer's first.
    pub(crate) fn connected(&mut self, id: PeerId, address: &Multiaddr, dialled: bool, now: Instant) -> bool {
        if dialled {
            // An address without an id learns whose it is.
            for known in self.statics.iter_mut().filter(|known| known.id.is_none()) {
                if known.address == *address || known.address.clone().with(Protocol::P2p(id)) == *address {
                    known.id = Some(id);
                }
            }
        }
        for known in self.statics.iter_mut().filter(|known| known.id == Some(id)) {
            known.backoff = BACKOFF_MIN;
        }
        if self.sessions.contains_key(&id) {
            return false;
        }
        let number = Peer(self.next_number);
        self.next_number += 1;
        self.by_number.insert(number, id);
        let address = address.clone();
        let session = Session {
            number,
            address,
            outbound: dialled,
            validator: false,
            height: 0,
            seen_at: now,
            connected_at: now,
            greeted: false,
            bytes_in: 0,
            bytes_out: 0,
            listens: None,
            tokens: BURST,
            filled_at: now,
            refused: 0,
        };
        self.sessions.insert(id, session);
        true
    }

    /// The last connection of a peer is gone.
    pub(crate) fn disconnected(&mut self, id: &PeerId) -> Option<Peer> {
        let session = self.sessions.remove(id)?;
        self.by_number.remove(&session.number);
        Some(session.number)
    }

    /// The static peers to dial now; each is then left alone for its pause, which doubles.
    pub(crate) fn due_dials(&mut self, now: Instant) -> Vec<(Option<PeerId>, Multiaddr)> {
        let (sessions, standing) = (&self.sessions, &self.standing);
        let due = |known: &&mut Static| {
            let settled = known.id.is_some_and(|id| sessions.contains_key(&id) || standing.is_banned(&id));
            !settled && known.dial_at <= now
        };
        let mut dial = Vec::new();
        for known in self.statics.iter_mut().filter(due) {
            known.dial_at = now + known.backoff;
            known.backoff = (known.backoff * 2).min(BACKOFF_MAX);
            known.dials_left = known.dials_left.map(|left| left.saturating_sub(1));
            dial.push((known.id, known.address.clone()));
        }
        self.statics.retain(|known| {
            known.dials_left != Some(0) || self.sessions.contains_key(&known.id.unwrap_or(self.me))
        });
        dial
    }

    /// A peer tells where another validator listens: dial it too, a few times.
    pub(crate) fn learn(&mut self, bytes: &[u8], now: Instant) {
        if bytes.len() > ADDRESS_BYTES_MAX {
            return;
        }
        let Ok(address) = Multiaddr::try_from(bytes.to_vec()) else { return };
        if let Some(id) = id_of(&address) {
            self.remember(id, address, now);
        }
    }

    /// Discovery found a peer: dial it too, a few times, while there are few.
    #[cfg(feature = "kad")]
    pub(crate) fn discovered(&mut self, id: PeerId, address: Multiaddr, now: Instant) {
        let lost = |known: &&Static| {
            known.dials_left.is_some() && known.id.is_none_or(|id| !self.sessions.contains_key(&id))
        };
        let waiting = self.statics.iter().filter(lost).count();
        let enough = self.sessions.len() >= PEERS_ENOUGH || waiting >= DISCOVERED_MAX;
        if !enough && address.len() <= ADDRESS_BYTES_MAX && id_of(&address) == Some(id) {
            self.remember(id, address, now);
        }
    }

    fn remember(&mut self, id: PeerId, address: Multiaddr, now: Instant) {
        let known = id == self.me || self.statics.iter().any(|known| known.id == Some(id));
        let kept_out = self.standing.is_banned(&id)
            || self.allow.as_ref().is_some_and(|allow| !allow.contains(&id))
            || transport::check(&address).is_err();
        if known || kept_out || self.sessions.contains_key(&id) || self.statics.len() >= STATICS_MAX {
            return;
        }
        let dial_at = if self.me < id { now + LOWER_ID_WAITS } else { now };
        let dials_left = Some(LEARNED_DIALS_MAX);
        self.statics.push(Static { address, id: Some(id), dial_at, backoff: BACKOFF_MIN, dials_left });
    }

    /// Where the validators among the peers can be dialled, as bytes that end in their ids.
    pub(crate) fn dialable_validators(&self) -> Vec<Vec<u8>> {
        let validators = self.sessions.iter().filter(|(_, session)| session.validator);
        let addresses = validators.filter_map(|(id, session)| {
            let address = session.listens.clone()?;
            let whole = if id_of(&address).is_some() { address } else { address.with(Protocol::P2p(*id)) };
            Some(whole.to_vec()).filter(|bytes| bytes.len() <= ADDRESS_BYTES_MAX)
        });
        addresses.take(KNOWN_MAX).collect()
    }

    pub(crate) fn session(&self, id: &PeerId) -> Option<&Session> {
        self.sessions.get(id)
    }

    pub(crate) fn session_mut(&mut self, id: &PeerId) -> Option<&mut Session> {
        self.sessions.get_mut(id)
    }

    pub(crate) fn sessions(&self) -> impl Iterator<Item = (&PeerId, &Session)> {
        self.sessions.iter()
    }

    pub(crate) fn id(&self, number: Peer) -> Option<PeerId> {
        self.by_number.get(&number).copied()
    }

    pub(crate) fn validators(&self) -> Vec<PeerId> {
        self.sessions.iter().filter(|(_, session)| session.validator).map(|(id, _)| *id).collect()
    }

    /// Takes the cost of a message of `bytes` from a peer's allowance.
    pub(crate) fn take_allowance(&mut self, id: &PeerId, bytes: usize, now: Instant) -> Allowance {
        let Some(session) = self.sessions.get_mut(id) else { return Allowance::UsedUp };
        let passed = now.duration_since(session.filled_at).as_secs_f64();
        session.tokens = (session.tokens + passed * RATE_PER_SECOND).min(BURST);
        session.filled_at = now;
        let cost = cost_of(bytes);
        if session.tokens < cost {
            session.refused += 1;
            let flood = session.refused % REFUSED_PER_FAULT == 0;
            return if flood { Allowance::Flood } else { Allowance::UsedUp };
        }
        session.tokens -= cost;
        Allowance::Enough
    }

    /// A peer has told its state.
    pub(crate) fn greeted(&mut self, id: &PeerId, validator: bool, height: u64, now: Instant) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.validator = validator;
            session.height = height;
            session.greeted = true;
            session.seen_at = now;
        }
    }

    /// A peer has sent so many bytes.
    pub(crate) fn received(&mut self, id: &PeerId, bytes: usize, now: Instant) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.seen_at = now;
            session.bytes_in += bytes as u64;
        }
    }

    /// A peer was sent so many bytes.
    pub(crate) fn sent(&mut self, id: &PeerId, bytes: usize) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.bytes_out += bytes as u64;
        }
    }

    /// What a peer gossiped was new and good: it has cost nothing.
    pub(crate) fn useful(&mut self, id: &PeerId, bytes: usize) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.tokens = (session.tokens + cost_of(bytes)).min(BURST);
        }
    }

    /// What a peer gossiped was new but of no use: no fault, yet not for nothing. A peer that is ahead of this node, which
    /// is at `tip`, could not know: what is of no use here is at its height.
    pub(crate) fn useless(&mut self, id: &PeerId, tip: u64) {
        if let Some(session) = self.sessions.get_mut(id)
            && session.height <= tip.saturating_add(1)
        {
            session.tokens = (session.tokens - USELESS_COST).max(0.0);
        }
    }

    /// Peers that take a place and say nothing.
    pub(crate) fn silent(&self, now: Instant) -> Vec<PeerId> {
        let is_silent = |session: &Session| {
            let patience = if session.greeted { SILENCE_MAX } else { HELLO_TIMEOUT };
            let since = if session.greeted { session.seen_at } else { session.connected_at };
            now.duration_since(since) >= patience
        };
        self.sessions.iter().filter(|(_, session)| is_silent(session)).map(|(id, _)| *id).collect()
    }

    /// Counts a fault; says whether the peer is to be banned now.
    pub(crate) fn fault(&mut self, id: PeerId, weight: Weight, reason: &str, now: Instant) -> bool {
        id != self.me && self.standing.fault(id, weight, reason, now)
    }

    /// Points and faults of a peer; see [`Standing`].
    pub(crate) fn standing(&self, id: &PeerId, now: Instant) -> (u32, u64) {
        self.standing.of(id, now)
    }

    /// Who is banned.
    pub(crate) fn banned(&self, now: Instant) -> Vec<BannedPeer> {
        self.standing.banned(now)
    }

    /// The peers to let in again.
    pub(crate) fn end_bans(&mut self, now: Instant) -> Vec<PeerId> {
        self.standing.settle(now)
    }
}

#[cfg(test)]
mod tests;
