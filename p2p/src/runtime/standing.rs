//! The standing of peers, connected or not: what they did wrong, when that is forgiven, who is banned and why.
//!
//! *Invariants*: only what the sender alone can be blamed for costs it anything; points fade; a ban has a reason and an
//! end, and lasts longer each time; both tables are bounded, and the least is forgotten first.

use libp2p::PeerId;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Points at which a peer is banned.
const POINTS_MAX: u32 = 100;
/// Time in which one point fades: a hundred in five minutes.
const FADE: Duration = Duration::from_secs(3);
/// The first ban of a peer; each further one lasts twice as long as the one before.
const BAN_MIN: Duration = Duration::from_secs(60);
/// The longest.
const BAN_MAX: Duration = Duration::from_secs(60 * 60);
/// After so long without a fault a peer is as good as new.
const FORGET: Duration = Duration::from_secs(6 * 60 * 60);
/// Peers remembered.
const REMEMBERED_MAX: usize = 4_096;

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// More than its share. May be a bug or a busy network: five times.
    Flood,
    /// Bytes that no honest node sends: forged, malformed, invalid. Three times, lest a bug of ours cost a peer at once.
    Malice,
    /// There is proof, or nothing to gain by the connection: at once.
    Fatal,
}

impl Weight {
    fn points(self) -> u32 {
        match self {
            Self::Flood => 20,
            Self::Malice => 34,
            Self::Fatal => POINTS_MAX,
        }
    }
}

/// A peer that is kept out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BannedPeer {
    /// Its id.
    pub id: PeerId,
    /// What it did last.
    pub reason: String,
    /// For how long yet.
    pub left: Duration,
    /// How often it was banned, this time included.
    pub times: u32,
}

#[derive(Debug, Clone)]
struct Record {
    points: u32,
    /// When `points` was true; fading is reckoned from here.
    at: Instant,
    faults: u64,
    bans: u32,
    until: Option<Instant>,
    reason: String,
}

impl Record {
    fn new(now: Instant) -> Self {
        Self { points: 0, at: now, faults: 0, bans: 0, until: None, reason: String::new() }
    }

    fn points_at(&self, now: Instant) -> u32 {
        let faded = now.duration_since(self.at).as_millis() / FADE.as_millis();
        self.points.saturating_sub(u32::try_from(faded).unwrap_or(u32::MAX))
    }

    fn is_banned(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until > now)
    }
}

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    records: BTreeMap<PeerId, Record>,
}

impl Standing {
    /// Counts a fault; says whether the peer is to be banned now.
    pub(crate) fn fault(&mut self, id: PeerId, weight: Weight, reason: &str, now: Instant) -> bool {
        let record = self.records.entry(id).or_insert_with(|| Record::new(now));
        record.faults += 1;
        record.points = record.points_at(now).saturating_add(weight.points());
        record.at = now;
        record.reason = reason.into();
        if record.points < POINTS_MAX || record.is_banned(now) {
            return false;
        }
        let doubled = BAN_MIN.saturating_mul(1 << record.bans.min(8));
        record.until = Some(now + doubled.min(BAN_MAX));
        record.bans += 1;
        record.points = 0;
        true
    }

    /// Points of a peer, and how many faults it committed.
    pub(crate) fn of(&self, id: &PeerId, now: Instant) -> (u32, u64) {
        self.records.get(id).map_or((0, 0), |record| (record.points_at(now), record.faults))
    }

    pub(crate) fn is_banned(&self, id: &PeerId) -> bool {
        self.records.get(id).is_some_and(|record| record.until.is_some())
    }

    /// The peers to let in again: those whose ban has ended, and those whose record gives way to newer ones.
    pub(crate) fn settle(&mut self, now: Instant) -> Vec<PeerId> {
        let mut free = Vec::new();
        for (id, record) in &mut self.records {
            if record.until.is_some() && !record.is_banned(now) {
                record.until = None;
                free.push(*id);
            }
        }
        self.records.retain(|_, record| record.until.is_some() || now.duration_since(record.at) < FORGET);
        if self.records.len() > REMEMBERED_MAX {
            let mut order: Vec<_> = self
                .records
                .iter()
                .map(|(id, record)| (record.until, record.points_at(now), record.at, *id))
                .collect();
            order.sort_unstable();
            for (until, _, _, id) in order.into_iter().take(self.records.len() - REMEMBERED_MAX) {
                self.records.remove(&id);
                free.extend(until.map(|_| id));
            }
        }
        free
    }

    /// All bans, the longest first.
    pub(crate) fn banned(&self, now: Instant) -> Vec<BannedPeer> {
        let mut banned: Vec<BannedPeer> = self
            .records
            .iter()
            .filter_map(|(id, record)| {
                let left = record.until?.saturating_duration_since(now);
                Some(BannedPeer { id: *id, reason: record.reason.clone(), left, times: record.bans })
            })
            .collect();
        banned.sort_by_key(|banned| std::cmp::Reverse(banned.left));
        banned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libp2p::identity::Keypair;

    fn id(seed: u32) -> PeerId {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&seed.to_le_bytes());
        Keypair::ed25519_from_bytes(bytes).unwrap().public().to_peer_id()
    }

    fn until_banned(weight: Weight, pause: Duration) -> Option<u32> {
        let mut standing = Standing::default();
        let mut now = Instant::now();
        for times in 1..1_000 {
            if standing.fault(id(1), weight, "x", now) {
                return Some(times);
            }
            now += pause;
        }
        None
    }

    #[test]
    fn weights() {
        assert_eq!(until_banned(Weight::Fatal, Duration::ZERO), Some(1));
        assert_eq!(until_banned(Weight::Malice, Duration::ZERO), Some(3));
        assert_eq!(until_banned(Weight::Flood, Duration::ZERO), Some(5));
    }

    /// A fault every two minutes is forgiven for ever; every half minute is not.
    #[test]
    fn points_fade() {
        assert_eq!(until_banned(Weight::Malice, Duration::from_secs(120)), None);
        assert_eq!(until_banned(Weight::Malice, Duration::from_secs(30)), Some(4));
    }

    /// A ban says why and for how long, ends by itself, and lasts twice as long the next time.
    #[test]
    fn bans_end_and_grow() {
        let mut standing = Standing::default();
        let start = Instant::now();
        assert!(standing.fault(id(1), Weight::Fatal, "belongs to another chain", start));
        assert!(!standing.fault(id(1), Weight::Fatal, "again", start));
        let [banned] = &standing.banned(start)[..] else { panic!() };
        assert_eq!((banned.id, banned.left, banned.times), (id(1), BAN_MIN, 1));
        assert!(standing.settle(start + BAN_MIN - Duration::from_secs(1)).is_empty());
        assert!(standing.is_banned(&id(1)));
        let end = start + BAN_MIN;
        assert_eq!(standing.settle(end), [id(1)]);
        assert!(!standing.is_banned(&id(1)) && standing.banned(end).is_empty());
        assert!(standing.fault(id(1), Weight::Fatal, "once more", end));
        assert_eq!(standing.banned(end)[0].left, 2 * BAN_MIN);
        assert_eq!(standing.banned(end)[0].reason, "once more");
        let hour = end + 2 * BAN_MIN;
        standing.settle(hour);
        standing.settle(hour + FORGET);
        assert_eq!(standing.of(&id(1), hour + FORGET), (0, 0));
    }

    /// Identities without end leave a table of the size it may have, and whoever drops out of it is let in.
    #[test]
    fn the_table_is_bounded() {
        let mut standing = Standing::default();
        let now = Instant::now();
        let count = u32::try_from(REMEMBERED_MAX).unwrap() + 10;
        for seed in 0..count {
            let weight = if seed < 5 { Weight::Flood } else { Weight::Fatal };
            standing.fault(id(seed), weight, "x", now);
        }
        let free = standing.settle(now);
        assert_eq!((standing.records.len(), free.len()), (REMEMBERED_MAX, 5));
    }
}
