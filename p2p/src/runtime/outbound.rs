//! What goes out: the host's outputs, carried out over libp2p.

use super::network::{Gossiped, Network, Sent, UNSENT_MAX};
use super::standing::Weight;
use super::wire::{Request, Response};
use crate::consensus::{Input, Output, Verdict};
use hydrogen_types::codec::encode;
use libp2p::gossipsub::{MessageAcceptance, PublishError};
use std::sync::Arc;

impl Network {
    /// Carries out one output of the host.
    pub(super) fn perform(&mut self, output: Output) {
        match output {
            Output::Broadcast(bytes) => {
                for id in self.peers.validators() {
                    self.request(&id, Request::Message(bytes.to_vec()), Sent::Message(Arc::clone(&bytes), 1));
                }
            }
            Output::BroadcastBlock(bytes) => {
                for id in self.peers.validators() {
                    self.request(&id, Request::Block(bytes.to_vec()), Sent::Block(Arc::clone(&bytes), 1));
                }
            }
            Output::Send(peer, bytes) => {
                if let Some(id) = self.peers.id(peer) {
                    self.request(&id, Request::Message(bytes.to_vec()), Sent::Message(bytes, 1));
                }
            }
            Output::SendBlock(peer, bytes) => {
                if let Some(id) = self.peers.id(peer) {
                    self.request(&id, Request::Block(bytes.to_vec()), Sent::Block(bytes, 1));
                }
            }
            Output::AskBlock(peer, hash) => {
                if let Some(id) = self.peers.id(peer) {
                    self.request(&id, Request::GetBlock(hash), Sent::GetBlock(hash));
                }
            }
            Output::AskSync(peer, from) => match self.peers.id(peer) {
                Some(id) => self.request(&id, Request::GetBlocks(from), Sent::GetBlocks),
                None => self.tell_surely(Input::SyncFailed(peer)),
            },
            Output::BlockReply(token, offer) => {
                self.answer(token, Response::Block(offer.map(|bytes| bytes.to_vec())));
            }
            Output::AskPart(peer, root, index) => {
                if let Some(id) = self.peers.id(peer) {
                    self.request(&id, Request::GetPart(root, index), Sent::GetPart(root, index));
                }
            }
            Output::PartReply(token, _, _, part) => {
                self.answer(token, Response::Part(part.map(|bytes| bytes.to_vec())));
            }
            Output::Announce(height, id) => {
                let (topic, bytes) = (self.topics.blocks.hash(), encode(&(height, id)));
                // Others have said the same already, or nobody listens yet: states are exchanged anyway.
                self.swarm.behaviour_mut().gossip.publish(topic, bytes).ok();
            }
            Output::GossipTx(bytes) => self.gossip_tx(bytes),
            Output::Verdict(token, verdict) => self.report(token, verdict),
            Output::Fault(peer, reason) => {
                if let Some(id) = self.peers.id(peer) {
                    self.blame(id, Weight::Malice, reason);
                }
            }
            Output::GossipVote(bytes) => {
                // Those who only follow, and nobody if all vote.
                let topic = self.topics.votes.hash();
                self.swarm.behaviour_mut().gossip.publish(topic, bytes.to_vec()).ok();
            }
            Output::GossipEvidence(bytes) => {
                // Whoever is not there yet asks for it.
                let topic = self.topics.evidence.hash();
                self.swarm.behaviour_mut().gossip.publish(topic, bytes).ok();
            }
            Output::AskEvidence(peer) => {
                if let Some(id) = self.peers.id(peer) {
                    self.request(&id, Request::GetEvidence, Sent::GetEvidence);
                }
            }
            Output::Ban(peer, reason) => {
                if let Some(id) = self.peers.id(peer) {
                    self.fault(id, Weight::Fatal, reason);
                }
            }
            // These are the host thread's.
            Output::Admitted(..) | Output::Committed(_) | Output::Fatal(_) | Output::Pooled(_) => {}
        }
    }

    pub(super) fn gossip_tx(&mut self, bytes: Vec<u8>) {
        let topic = self.topics.txs.hash();
        let published = self.swarm.behaviour_mut().gossip.publish(topic, bytes.clone());
        let later =
            matches!(published, Err(PublishError::NoPeersSubscribedToTopic | PublishError::AllQueuesFull(_)));
        if later {
            if self.unsent_txs.len() >= UNSENT_MAX {
                self.unsent_txs.pop_front();
            }
            self.unsent_txs.push_back(bytes);
        }
    }

    /// Tells gossip what became of a message, and charges its sender.
    pub(super) fn report(&mut self, token: u64, verdict: Verdict) {
        let Some(Gossiped { message, source, bytes }) = self.judged.remove(&token) else { return };
        let acceptance = match verdict {
            Verdict::Accept => {
                self.peers.useful(&source, bytes);
                MessageAcceptance::Accept
            }
            Verdict::Reject => MessageAcceptance::Reject,
            Verdict::Ignore => {
                self.peers.useless(&source, self.reader.tip().height.get());
                MessageAcceptance::Ignore
            }
        };
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        gossip.report_message_validation_result(&message, &source, acceptance);
    }

    /// Drops a gossiped message that nobody has looked at: whatever it was, its sender is not charged for it.
    pub(super) fn set_aside(&mut self, token: u64) {
        let Some(Gossiped { message, source, .. }) = self.judged.remove(&token) else { return };
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        gossip.report_message_validation_result(&message, &source, MessageAcceptance::Ignore);
    }
}
