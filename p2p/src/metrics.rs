//! Counters of one node: written by its threads, read by whoever serves metrics.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        /// Counters since the node started.
        #[derive(Debug, Default)]
        pub struct Counters {
            $($(#[$doc])* pub $name: Counter,)*
        }

        impl Counters {
            /// All counters with their names, in the order of the declaration.
            #[must_use]
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.get())),*]
            }
        }
    };
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn add_one(&self) {
        self.add(1);
    }

    /// Adds `count`.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// The number.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

counters! {
    /// Blocks decided by this node's own votes and those of its peers.
    blocks_decided;
    /// Blocks taken from peers with a verified certificate.
    blocks_synced;
    /// Blocks this node built as proposer.
    blocks_built;
    /// Votes signed.
    votes_signed;
    /// Votes received.
    votes_received;
    /// Rounds above 0 entered.
    rounds_above_zero;
    /// Proposals refused: their round does not fit the block's, or the proof-of-lock's.
    proposals_refused_round;
    /// Proposals refused: the beacon's proof is not the proposer's, or not canonical.
    proposals_refused_beacon;
    /// Proposals refused: the block's time is ahead of this node's clock.
    proposals_refused_clock;
    /// Proposals refused: a root or another field of the block is wrong.
    proposals_refused_block;
    /// Records kept of validators that signed two different votes or proposals.
    equivocations;
    /// Bytes and flushes of the write-ahead log.
    wal_flushes;
    /// Times the bytes of old blocks were taken out of the write-ahead log.
    wal_compactions;
    /// Transactions taken into the pool.
    txs_admitted;
    /// Transactions refused.
    txs_refused;
    /// Messages of peers that were malformed or falsely signed.
    peer_faults;
    /// Peers banned for a while.
    peers_banned;
    /// Connections refused: of banned peers, and of addresses that open too many.
    connections_refused;
    /// Connections closed because the peer said nothing.
    peers_silent;
    /// Messages dropped because the host was busy.
    messages_dropped;
    /// Of the blocks taken from peers, those that were final by votes heard, without a request for them.
    blocks_heard;
}
