//! Peers: who is connected, whom to dial again and when, who is banned.
//!
//! *Invariants*: a number that the host knows means one session, from the first connection of a peer to the last; a
//! static peer is dialled until it is connected, with growing pauses; a ban ends by itself.

use super::wire::{ADDRESS_BYTES_MAX, KNOWN_MAX};
use crate::consensus::Peer;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// First pause before a static peer is dialled again.
const BACKOFF_MIN: Duration = Duration::from_millis(250);
/// Longest pause.
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// The side with the lower peer id waits so long for the other to dial.
const LOWER_ID_WAITS: Duration = Duration::from_millis(400);
/// Faults until a ban: a bug of ours should not cost a peer at once.
const FAULTS_MAX: u32 = 3;
/// How long a ban lasts.
const BAN: Duration = Duration::from_secs(60);
/// Peers whose faults are remembered.
const FAULTY_MAX: usize = 4_096;
/// Addresses that are dialled: those of the configuration and as many validators as there can be.
const STATICS_MAX: usize = 256;
/// Dials of an address that a peer told.
const LEARNED_DIALS_MAX: u32 = 8;
/// Requests and gossip messages of one peer in a second, averaged.
const RATE_PER_SECOND: f64 = 1_000.0;
/// Bytes that count as one message more.
const BYTES_PER_TOKEN: usize = 16 << 10;
/// Messages beyond the allowance that count as a fault.
const REFUSED_PER_FAULT: u32 = 2_000;
/// And at once.
const BURST: f64 = 4_000.0;

/// A connected peer.
pub(crate) struct Session {
    pub(crate) number: Peer,
    pub(crate) address: Multiaddr,
    pub(crate) validator: bool,
    pub(crate) height: u64,
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
    faults: BTreeMap<PeerId, u32>,
    banned: BTreeMap<PeerId, Instant>,
}

/// The peer id at the end of an address.
pub(crate) fn id_of(address: &Multiaddr) -> Option<PeerId> {
    address.iter().find_map(|part| match part {
        Protocol::P2p(id) => Some(id),
        _ => None,
    })
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
            faults: BTreeMap::new(),
            banned: BTreeMap::new(),
        }
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
            validator: false,
            height: 0,
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
        let (sessions, banned) = (&self.sessions, &self.banned);
        let due = |known: &&mut Static| {
            let connected = known.id.is_some_and(|id| sessions.contains_key(&id) || banned.contains_key(&id));
            !connected && known.dial_at <= now
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
        if bytes.len() > ADDRESS_BYTES_MAX || self.statics.len() >= STATICS_MAX {
            return;
        }
        let Ok(address) = Multiaddr::try_from(bytes.to_vec()) else { return };
        let Some(id) = id_of(&address) else { return };
        let known = id == self.me || self.statics.iter().any(|known| known.id == Some(id));
        if known || self.sessions.contains_key(&id) || self.banned.contains_key(&id) {
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
        let cost = 1 + u32::try_from(bytes / BYTES_PER_TOKEN).unwrap_or(u32::MAX - 1);
        if session.tokens < f64::from(cost) {
            session.refused += 1;
            let flood = session.refused % REFUSED_PER_FAULT == 0;
            return if flood { Allowance::Flood } else { Allowance::UsedUp };
        }
        session.tokens -= f64::from(cost);
        Allowance::Enough
    }

    /// Counts a fault; says whether the peer is now banned.
    pub(crate) fn fault(&mut self, id: PeerId, now: Instant) -> bool {
        let faults = self.faults.entry(id).or_default();
        *faults += 1;
        if *faults < FAULTS_MAX || id == self.me {
            return false;
        }
        self.faults.remove(&id);
        self.banned.insert(id, now + BAN);
        true
    }

    /// The bans that have ended. Faults are forgiven at the same time, or the book would grow for ever.
    pub(crate) fn end_bans(&mut self, now: Instant) -> Vec<PeerId> {
        let ended: Vec<PeerId> =
            self.banned.iter().filter(|(_, until)| **until <= now).map(|(id, _)| *id).collect();
        for id in &ended {
            self.banned.remove(id);
        }
        if self.faults.len() > FAULTY_MAX {
            self.faults.clear();
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::wire::SYNC_BYTES;
    use libp2p::identity::Keypair;

    fn id(seed: u8) -> PeerId {
        Keypair::ed25519_from_bytes([seed; 32]).unwrap().public().to_peer_id()
    }

    fn address(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    /// A configured peer is dialled for ever, with growing pauses; one that was told of is given up.
    #[test]
    fn dialling_backs_off() {
        let start = Instant::now();
        let mut book = PeerBook::new(id(1), vec![address("/ip4/10.0.0.1/tcp/1")], start);
        let told = address("/ip4/10.0.0.2/tcp/1").with(Protocol::P2p(id(2)));
        book.learn(&told.to_vec(), start);
        book.learn(&told.to_vec(), start);
        book.learn(&address("/ip4/10.0.0.3/tcp/1").to_vec(), start);
        book.learn(&[0; 999], start);
        let mut dials = [0, 0];
        for tick in 0..6_000u64 {
            for (dialled, _) in book.due_dials(start + Duration::from_millis(tick * 100)) {
                dials[usize::from(dialled.is_some())] += 1;
            }
        }
        assert_eq!(dials[1], 8);
        assert!((60..70).contains(&dials[0]), "{dials:?}");
    }

    /// Three faults ban for a while; a flood counts as a fault now and then.
    #[test]
    fn faults_ban_and_floods_count() {
        let start = Instant::now();
        let mut book = PeerBook::new(id(1), vec![], start);
        assert!(book.connected(id(2), &address("/ip4/10.0.0.2/tcp/1"), false, start));
        assert!(!book.connected(id(2), &address("/ip4/10.0.0.2/tcp/2"), false, start));
        let answers: Vec<Allowance> = (0..20_000).map(|_| book.take_allowance(&id(2), 0, start)).collect();
        assert_eq!(answers.iter().filter(|answer| **answer == Allowance::Enough).count(), 4_000);
        assert_eq!(answers.iter().filter(|answer| **answer == Allowance::Flood).count(), 8);
        let later = start + Duration::from_secs(10);
        assert_eq!(book.take_allowance(&id(2), SYNC_BYTES, later), Allowance::Enough);
        assert_eq!([(); 3].map(|()| book.fault(id(2), later)), [false, false, true]);
        assert!(book.end_bans(later).is_empty());
        assert_eq!(book.end_bans(later + BAN), [id(2)]);
        assert_eq!(book.disconnected(&id(2)), Some(Peer(1)));
    }
}
