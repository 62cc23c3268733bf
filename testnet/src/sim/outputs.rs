//! What nodes ask for, done: messages go to the network, blocks and blame to the invariants.

use super::byzantine::{BLOCK_BYTES_MAX, Behaviour, Liar, forge_decided};
use super::ledger::keys;
use super::world::{Post, World};
use crate::invariant::Seen;
use hydrogen_core::{Committed, Evidence};
use hydrogen_p2p::consensus::forge::read;
use hydrogen_p2p::consensus::{Input, Offer, Output, Peer, TxOrigin};
use hydrogen_types::Hash;
use hydrogen_types::Height;
use hydrogen_types::codec::encode;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Blocks in one answer to a request.
const SYNC_BLOCKS: usize = 4;

impl World {
    fn note(&mut self, from: usize, bytes: &[u8]) {
        self.digest = Hash::sha256(&encode(&(self.digest, from as u64, self.now_ms, bytes)));
    }

    /// Does what a node asked for.
    pub(crate) fn perform(&mut self, from: usize, output: Output) {
        match output {
            Output::Committed(committed) => self.on_committed(from, &committed),
            Output::AskSync(peer, height) => self.answer_sync(from, peer, height),
            Output::Fault(peer, reason) => {
                self.tally.blamed += 1;
                let peer = index_of(peer);
                let honest = self.nodes[peer].is_honest();
                self.see(from, &Seen::Blamed { node: from, peer, honest, reason });
            }
            Output::Ban(peer, reason) => {
                self.tally.blamed += 1;
                let peer = index_of(peer);
                let honest = self.nodes[peer].is_honest();
                self.see(from, &Seen::Blamed { node: from, peer, honest, reason });
            }
            Output::AskEvidence(peer) => self.answer_evidence(from, peer),
            Output::Fatal(error) => self.violate("liveness", format!("node {from} stopped: {error}")),
            output => {
                let mut posts = self.posts(from, output);
                let behaviour = self.nodes[from].behaviour;
                let chain_id = &self.genesis.chain_id;
                let own = self.own_blocks(from, &posts);
                let part_bytes = self.nodes[from].limits.part_bytes;
                let liar = Liar { behaviour, from, chain_id, own: &own, part_bytes };
                let bent = self.benders[from].bend(&liar, &mut posts, &mut self.rng);
                self.tally.bent += bent;
                posts.into_iter().for_each(|post| self.send(from, post));
            }
        }
    }

    /// What an output is to others.
    fn posts(&mut self, from: usize, output: Output) -> Vec<Post> {
        let me = Peer(from as u64);
        let one = |to: Peer, reliable, input| vec![Post { to: index_of(to), reliable, input }];
        match output {
            Output::Broadcast(bytes) => {
                self.check_said(from, &bytes);
                self.to_others(from, &Input::Message(me, bytes.to_vec()))
            }
            Output::BroadcastBlock(bytes) => self.to_others(from, &Input::Block(me, bytes.to_vec())),
            Output::Send(to, bytes) => {
                self.check_said(from, &bytes);
                one(to, false, Input::Message(me, bytes.to_vec()))
            }
            Output::SendBlock(to, bytes) => one(to, false, Input::Block(me, bytes.to_vec())),
            Output::AskBlock(to, id) => one(to, true, Input::BlockWanted(from as u64, id)),
            Output::BlockReply(to, Some(bytes)) => one(Peer(to), true, Input::Block(me, bytes.to_vec())),
            Output::AskPart(to, root, index) => one(to, false, Input::PartWanted(from as u64, root, index)),
            Output::PartReply(to, root, index, part) => {
                let part = part.map(|bytes| bytes.to_vec());
                let part = part
                    .or_else(|| self.benders[from].part(&root, index, self.nodes[from].limits.part_bytes));
                let input = match part {
                    Some(bytes) => Input::Part(me, root, index, bytes),
                    None => Input::PartMissing(me, root),
                };
                one(Peer(to), false, input)
            }
            Output::BlockReply(_, None) | Output::Verdict(..) | Output::Admitted(..) => Vec::new(),
            Output::Announce(height, id) => self.to_others(from, &Input::Announced(me, 0, height, id)),
            Output::GossipTx(bytes) => self.to_others(from, &Input::Tx(bytes, TxOrigin::Gossip(me, 0))),
            Output::GossipVote(bytes) => self.to_others(from, &Input::GossipedVote(me, 0, bytes.to_vec())),
            Output::GossipEvidence(bytes) => {
                self.note(from, &bytes);
                self.check_accused(from, &bytes);
                self.to_others(from, &Input::Evidence(me, 0, bytes))
            }
            Output::Committed(_)
            | Output::AskSync(..)
            | Output::Fault(..)
            | Output::Fatal(_)
            | Output::Ban(..)
            | Output::AskEvidence(_)
            | Output::Pooled(_) => Vec::new(),
        }
    }

    /// The blocks that a liar offers in parts, from its host.
    fn own_blocks(&self, from: usize, posts: &[Post]) -> BTreeMap<Hash, Vec<u8>> {
        let node = &self.nodes[from];
        let Some(host) = node.host.as_ref().filter(|_| node.behaviour != Behaviour::Honest) else {
            return BTreeMap::new();
        };
        let offered = posts.iter().filter_map(|post| {
            let Input::Block(_, bytes) = &post.input else { return None };
            match Offer::decode(bytes, BLOCK_BYTES_MAX, node.limits.part_bytes).ok()? {
                Offer::Parts(manifest) => Some((manifest.id, host.undecided(&manifest.id)?.to_vec())),
                Offer::Whole(_) => None,
            }
        });
        offered.collect()
    }

    fn to_others(&self, from: usize, input: &Input) -> Vec<Post> {
        let others = (0..self.nodes.len()).filter(|to| *to != from);
        others.map(|to| Post { to, reliable: false, input: input.clone() }).collect()
    }

    /// A node has found that another signed two different things.
    fn check_accused(&mut self, from: usize, bytes: &[u8]) {
        let accused = Evidence::read(bytes, &self.genesis.chain_id);
        let accused = accused.map_err(|error| error.to_string()).and_then(|evidence| {
            let key = evidence.key;
            let found = (0..self.nodes.len()).find(|index| keys(*index).consensus.public() == key);
            found.ok_or_else(|| format!("{} is no node", evidence.validator()))
        });
        match accused {
            Ok(accused) => {
                let honest = self.nodes[accused].is_honest();
                self.see(from, &Seen::Accused { node: from, accused, honest });
            }
            Err(why) => self.violate("evidence", format!("node {from} tells a record that is none: {why}")),
        }
    }

    fn answer_evidence(&mut self, asker: usize, peer: Peer) {
        let server = index_of(peer);
        let records = self.reader(server).and_then(|reader| reader.evidence().ok());
        let Some(records) = records.filter(|records| !records.is_empty()) else { return };
        let input = Input::EvidenceTold(peer, records.iter().map(encode).collect());
        self.send(server, Post { to: asker, reliable: true, input });
    }

    fn check_said(&mut self, from: usize, bytes: &[u8]) {
        self.note(from, bytes);
        if let Some(said) = read(bytes) {
            self.see(from, &Seen::Said { node: from, said: &said });
        }
    }

    fn on_committed(&mut self, from: usize, committed: &Arc<Committed>) {
        self.note(from, committed.hash.as_bytes());
        // Where the power was cut later in the same step, the store may be ahead of what the reader knows; nobody hears
        // of this block from that node, which finds it again when it starts.
        let heard = self.reader(from).filter(|_| !self.nodes[from].power.is_cut());
        if let Some(reader) = heard {
            let (fetched, latest_ms) = (self.nodes[from].fetches, self.latest_wall_ms());
            let seen = Seen::Committed { node: from, committed, fetched, reader: &reader, latest_ms };
            self.see(from, &seen);
        }
        self.chain.entry(committed.block.header.height).or_insert_with(|| Arc::clone(committed));
    }

    fn answer_sync(&mut self, asker: usize, peer: Peer, height: Height) {
        let server = index_of(peer);
        let Some(reader) = self.reader(server) else { return };
        let blocks =
            (0..SYNC_BLOCKS as u64).map_while(|offset| reader.block(height.plus(offset)).ok().flatten());
        let mut blocks: Vec<_> =
            blocks.map(|committed| (encode(&committed.block), committed.certificate.clone())).collect();
        let lies = matches!(
            self.nodes[server].behaviour,
            Behaviour::Equivocates | Behaviour::ProposesInvalid | Behaviour::SendsGarbage
        );
        if lies && !blocks.is_empty() && self.rng.chance(500) {
            let which = self.rng.index(blocks.len());
            forge_decided(server, &self.genesis.chain_id, &mut blocks[which]);
            self.tally.bent += 1;
        }
        self.send(server, Post { to: asker, reliable: true, input: Input::Synced(peer, blocks) });
    }
}

fn index_of(peer: Peer) -> usize {
    usize::try_from(peer.0).expect("peers are numbered by their place")
}
