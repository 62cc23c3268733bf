//! The targets.

mod abi;
mod agreement;
mod block;
mod genesis;
mod hop;
mod proof;
mod record;
mod relay;
mod request;
mod snapshot;
mod transaction;
mod upload;
mod wal;

/// Something that reads bytes from outside.
pub struct Target {
    /// Its name, and that of its folder in `corpus`.
    pub name: &'static str,
    /// What it reads, and what must hold.
    pub about: &'static str,
    /// Reads bytes; panics if a promise is broken. Says whether they were taken for good: the tests see by it that the
    /// seeds come through and that mutations are refused.
    pub run: fn(&[u8]) -> bool,
    /// Bytes that are taken, made of real objects.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "transaction",
        about: "a transaction: one encoding, a signature over it; what a builder puts into a block, a checker takes",
        run: transaction::run,
        seeds: transaction::seeds,
    },
    Target {
        name: "block",
        about: "a block: one encoding; executed over a chain as it is, and again with its header mended",
        run: block::run,
        seeds: block::seeds,
    },
    Target {
        name: "agreement",
        about: "votes, blocks, announcements and answers fed to a real host: it never stops, signs twice or hoards",
        run: agreement::run,
        seeds: agreement::seeds,
    },
    Target {
        name: "request",
        about: "frames of requests and answers, gossiped announcements: limits, and one encoding",
        run: request::run,
        seeds: request::seeds,
    },
    Target {
        name: "record",
        about: "messages between validators and records of the vote log: one encoding",
        run: record::run,
        seeds: record::seeds,
    },
    Target {
        name: "wal",
        about: "the bytes of a vote log at a start: read or refused, and a host runs on what was read",
        run: wal::run,
        seeds: wal::seeds,
    },
    Target {
        name: "snapshot",
        about: "a manifest and chunks: one encoding; nothing is restored but the state that the header names",
        run: snapshot::run,
        seeds: snapshot::seeds,
    },
    Target {
        name: "genesis",
        about: "a genesis, as JSON and as borsh: what is accepted can be written again, and starts a chain",
        run: genesis::run,
        seeds: genesis::seeds,
    },
    Target {
        name: "proof",
        about: "state proofs and certificates: nothing but the true value of a key is ever proved",
        run: proof::run,
        seeds: proof::seeds,
    },
    Target {
        name: "hop",
        about: "a light client's step to another validator set: taken only if the old set has signed it",
        run: hop::run,
        seeds: hop::seeds,
    },
    Target {
        name: "abi",
        about: "JSON of arguments and borsh of results against the interfaces that modules carry",
        run: abi::run,
        seeds: abi::seeds,
    },
    Target {
        name: "upload",
        about: "a contract module: its checks, its interface, and the compiler on all that pass",
        run: upload::run,
        seeds: upload::seeds,
    },
    Target {
        name: "relay",
        about: "receipts and signed requests of relays: nothing but what was signed is taken",
        run: relay::run,
        seeds: relay::seeds,
    },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
