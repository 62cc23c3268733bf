//! The attacks by name: what each does, and what a node is to do about it.

/// What becomes of the attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Banned: an honest node does not do this.
    Banned,
    /// Not banned, since an honest node on a bad line looks the same, or nothing reached the node's protocols; what
    /// it sends is dropped, its streams end, its place is taken away.
    Dropped,
}

macro_rules! kinds {
    ($($kind:ident $name:literal $outcome:ident $what:literal, $why:literal;)*) => {
        /// An attack.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = $what] $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// The attack of this name.
            #[must_use]
            pub fn of(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == name)
            }

            /// Its name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),* }
            }

            /// What it does, in a few words.
            #[must_use]
            pub fn what(self) -> &'static str {
                match self { $(Self::$kind => $what),* }
            }

            /// What becomes of the attacker.
            #[must_use]
            pub fn outcome(self) -> Outcome {
                match self { $(Self::$kind => Outcome::$outcome),* }
            }

            /// Why.
            #[must_use]
            pub fn why(self) -> &'static str {
                match self { $(Self::$kind => $why),* }
            }
        }
    };
}

kinds! {
    Oversize "oversize" Banned "frames whose length says 4 GiB", "refused by the length alone";
    LengthLies "length-lies" Dropped "frames that end before the length they tell", "a broken connection looks the same";
    Endless "endless" Dropped "frames as long as allowed that never end", "their memory is counted, their streams time out";
    Truncated "truncated" Banned "frames whose content is cut short", "the length was right, so the content is wrong";
    HugeCount "huge-count" Banned "a list that claims 2^32-1 entries", "malformed";
    ManyEmpty "many-empty" Banned "a state with half a million empty addresses", "more than a state may hold";
    UnknownTag "unknown-tag" Banned "requests with an unknown tag", "malformed";
    NestedGarbage "nested-garbage" Banned "a message inside a request that is garbage", "malformed";
    WrongProtocol "wrong-protocol" Dropped "streams of another chain's protocol", "nothing is negotiated";
    WrongChain "wrong-chain" Banned "a state with another genesis", "nothing to gain by the connection";
    WrongTopic "wrong-topic" Banned "gossip on an unknown topic, as fast as it goes", "a flood";
    StatusFlood "status-flood" Banned "states, as fast as they go", "a flood";
    MessageFlood "message-flood" Banned "votes of old heights, as fast as they go", "a flood";
    FutureVotes "future-votes" Banned "votes of heights to come, as fast as they go", "a flood";
    GetBlockFlood "get-block-flood" Banned "requests for blocks that nobody has, as fast as they go", "a flood";
    GetBlocksFlood "get-blocks-flood" Banned "requests for decided blocks, as fast as they go", "a flood";
    ForgedVotes "forged-votes" Banned "votes in the names of validators", "wrong signatures";
    ReplayedVotes "replayed-votes" Banned "validators' own votes, again and again", "a flood";
    BadCertificates "bad-certificates" Banned "certificates of garbage", "malformed";
    UnaskedBlocks "unasked-blocks" Banned "garbage as bytes of blocks that nobody asked for", "malformed";
    SyncGarbage "sync-garbage" Banned "claims a great height, and answers with garbage", "malformed";
    SyncLies "sync-lies" Banned "claims a great height, and answers with blocks that are none", "malformed";
    SyncSilence "sync-silence" Dropped "claims a great height, and answers nothing", "others are asked instead";
    GossipGarbage "gossip-garbage" Banned "gossips garbage as transactions", "malformed";
    GossipForged "gossip-forged" Banned "gossips transactions with wrong signatures", "an honest node checks before it forwards";
    GossipDuplicates "gossip-duplicates" Banned "gossips one transaction, again and again", "a flood";
    GossipUseless "gossip-useless" Banned "gossips good transactions of accounts without money, as fast as they go", "a flood";
    GossipAnnouncements "gossip-announcements" Banned "gossips malformed announcements", "malformed";
    Mute "mute" Dropped "connects, and says nothing", "its connection is closed";
    HalfOpen "half-open" Dropped "hundreds of TCP connections without a handshake", "few are let wait, by address";
    Identities "identities" Dropped "a new identity every few milliseconds", "its address is refused before the handshake";
    SlowReader "slow-reader" Dropped "asks for blocks, and never reads", "few answers wait for one peer";
    Slowloris "slowloris" Dropped "a hundred requests, a byte a second", "their streams time out";
    IdentifySpam "identify-spam" Dropped "pushes garbage as its identity", "libp2p drops it";
    PingFlood "ping-flood" Dropped "pings without end", "32 bytes each way, and nobody waits";
}
