//! What the engine asks for, done. One arm an effect; the answer is what the engine resumes with.
//!
//! An effect cannot fail: an error of the disk or the chain is kept, everything said after it is withheld, and
//! [`Host::run_engine`] returns it.

use super::codec::{Message, Record};
use super::context::{At, BlockId, EngineInput, Ledger, SignedProposal, SignedVote, Vote, engine, malachite};
use super::error::HostError;
use super::host::{Followup, Host};
use super::messages::Output;
use engine::{ConsensusMsg, Effect, LivenessMsg, Resumable, Resume, SignedConsensusMsg};
use hydrogen_types::{Certificate, CommitSignature, Hash};
use malachite::{
    CertificateError, CommitCertificate, ExtendedCommitCertificate, Round, SignedMessage, VoteType,
};
use std::sync::Arc;

/// Messages of the current height kept for peers that connect late: own votes, proposals and certificates of the
/// newest rounds.
pub(crate) const PUBLISHED_MAX: usize = 64;

impl Host {
    /// Performs one effect.
    pub(crate) fn perform(&mut self, effect: Effect<Ledger>) -> Resume<Ledger> {
        match effect {
            Effect::CancelAllTimeouts(r) => {
                self.timers.clear();
                r.resume_with(())
            }
            Effect::CancelTimeout(timeout, r) => {
                self.timers.cancel(timeout);
                r.resume_with(())
            }
            Effect::ScheduleTimeout(timeout, r) => {
                let duration = self.timeouts.duration_for(timeout).as_millis();
                let duration_ms = u64::try_from(duration).unwrap_or(u64::MAX);
                self.timers.set(timeout, self.now.mono_ms.saturating_add(duration_ms));
                r.resume_with(())
            }
            Effect::StartRound(_, round, _, _, r) => {
                self.enter_round(round);
                r.resume_with(())
            }
            Effect::GetValue(_, round, _, r) => {
                if let Some(round) = round.as_u32() {
                    self.followups.push_back(Followup::Propose(round));
                }
                r.resume_with(())
            }
            Effect::RestreamProposal(_, _, _, _, id, r) => {
                if let Some(pooled) = self.blocks.get(&id.0) {
                    self.out.push(Output::BroadcastBlock(Arc::clone(&pooled.offer)));
                }
                r.resume_with(())
            }
            Effect::PublishConsensusMsg(message, r) => {
                self.publish(match message {
                    SignedConsensusMsg::Vote(vote) => Message::Vote(vote),
                    SignedConsensusMsg::Proposal(proposal) => Message::Proposal(proposal),
                });
                r.resume_with(())
            }
            Effect::PublishLivenessMsg(message, r) => {
                self.publish(match message {
                    LivenessMsg::Vote(vote) => Message::Vote(vote),
                    LivenessMsg::PolkaCertificate(certificate) => Message::Polka(certificate),
                    LivenessMsg::SkipRoundCertificate(certificate) => Message::Round(certificate),
                });
                r.resume_with(())
            }
            Effect::RepublishVote(vote, r) => {
                self.publish(Message::Vote(vote));
                r.resume_with(())
            }
            Effect::RepublishRoundCertificate(certificate, r) => {
                self.publish(Message::Round(certificate));
                r.resume_with(())
            }
            other => self.perform_durable(other),
        }
    }

    /// The effects that write: the log, the decided block.
    fn perform_durable(&mut self, effect: Effect<Ledger>) -> Resume<Ledger> {
        match effect {
            Effect::WalAppend(height, input, r) => {
                self.append_to_log(height, &input);
                r.resume_with(())
            }
            Effect::Decide(certificate, _, r) => {
                self.decide(&certificate);
                r.resume_with(())
            }
            Effect::Finalize(_, _, evidence, r) => {
                self.take_engine_evidence(&evidence);
                r.resume_with(())
            }
            other => self.perform_signature(other),
        }
    }

    /// The effects that sign and verify, and those that this host never causes.
    fn perform_signature(&mut self, effect: Effect<Ledger>) -> Resume<Ledger> {
        match effect {
            Effect::SignVote(vote, r) => {
                self.counters.votes_signed.add_one();
                let signature = self.keys.consensus.sign(&self.verifier.vote_bytes(&vote));
                r.resume_with(SignedVote::new(vote, signature))
            }
            Effect::SignProposal(proposal, r) => {
                let signature = self.keys.consensus.sign(&self.verifier.proposal_bytes(&proposal));
                r.resume_with(SignedProposal::new(proposal, signature))
            }
            Effect::VerifySignature(message, key, r) => {
                let SignedMessage { message, signature } = message;
                r.resume_with(match message {
                    ConsensusMsg::Vote(vote) => self.verifier.vote(&SignedVote::new(vote, signature), &key),
                    ConsensusMsg::Proposal(proposal) => {
                        self.verifier.proposal(&SignedProposal::new(proposal, signature), &key)
                    }
                })
            }
            Effect::VerifyCommitCertificate(certificate, members, thresholds, r) => {
                r.resume_with(self.verifier.commit(&certificate, &members, thresholds))
            }
            Effect::VerifyExtendedCommitCertificate(certificate, members, thresholds, _, r) => {
                let plain = without_extensions(&certificate);
                r.resume_with(plain.and_then(|plain| self.verifier.commit(&plain, &members, thresholds)))
            }
            Effect::VerifyPolkaCertificate(certificate, members, thresholds, r) => {
                r.resume_with(self.verifier.polka(&certificate, &members, thresholds))
            }
            Effect::VerifyRoundCertificate(certificate, members, thresholds, r) => {
                r.resume_with(self.verifier.round(&certificate, &members, thresholds))
            }
            // Vote extensions are disabled: no signature over one is ever good.
            Effect::ExtendVote(_, _, _, _, r) => r.resume_with(None),
            Effect::VerifyVoteExtension(_, _, _, _, _, _, r) => {
                r.resume_with(Err(engine::VoteExtensionError::InvalidVoteExtension))
            }
            // Decided blocks of peers go past the engine: `follow` checks their certificates.
            Effect::CertVerifiedSyncValue(_, _, r) => r.resume_with(()),
            Effect::CertRejectedSyncValue(_, _, _, r) => r.resume_with(()),
            other => {
                let name = format!("{other:?}");
                self.fail(HostError::Engine(format!(
                    "unknown effect {}",
                    name.split('(').next().unwrap_or("")
                )));
                Resume::Continue
            }
        }
    }

    fn enter_round(&mut self, round: Round) {
        self.round = round.as_u32().unwrap_or(0);
        if self.round > 0 {
            self.counters.rounds_above_zero.add_one();
        }
        self.flush_log();
    }

    fn append_to_log(&mut self, height: At, input: &EngineInput) {
        if Some(height.0) != self.log_height {
            self.fail(HostError::Engine(format!("a record of height {height} for another height's log")));
            return;
        }
        if let Some(record) = Record::of_input(input) {
            self.log(&record);
        }
    }

    /// Sends a message once the log that holds it is on the disk.
    fn publish(&mut self, message: Message) {
        if !self.flush_log() {
            return;
        }
        let bytes: Arc<[u8]> = message.encode().into();
        if !self.published.contains(&bytes) {
            if self.published.len() >= PUBLISHED_MAX {
                self.published.remove(0);
            }
            self.published.push(Arc::clone(&bytes));
            if self.concerns_followers(&message) {
                self.out.push(Output::GossipVote(Arc::clone(&bytes)));
            }
        }
        self.out.push(Output::Broadcast(bytes));
    }

    /// Whether a message lets those who only follow come to the decision: this node's own proposals and precommits.
    fn concerns_followers(&self, message: &Message) -> bool {
        match message {
            Message::Proposal(proposal) => proposal.message.proposer == self.me,
            Message::Vote(vote) => {
                let Vote { kind, value, voter, .. } = &vote.message;
                *voter == self.me && *kind == VoteType::Precommit && !value.is_nil()
            }
            Message::Polka(_) | Message::Round(_) => false,
        }
    }

    /// Stores the decided block, before anything else is said.
    fn decide(&mut self, certificate: &CommitCertificate<Ledger>) {
        if !self.flush_log() {
            return;
        }
        if let Err(error) = self.commit_decided(certificate) {
            self.fail(error);
        }
    }

    fn commit_decided(&mut self, certificate: &CommitCertificate<Ledger>) -> Result<(), HostError> {
        let certificate = certificate_of(certificate)?;
        if self.blocks.get(&certificate.block).is_none() {
            // Of a round so old that it was forgotten; those who voted for it hold it.
            self.want_block(None, certificate.block, self.round);
            self.undelivered = Some(certificate);
            return Ok(());
        }
        self.commit_block(certificate)
    }

    /// Stores a decided block that is here.
    pub(crate) fn commit_block(&mut self, certificate: Certificate) -> Result<(), HostError> {
        let executed = self.executed_block(&certificate.block)?;
        let committed = self.chain.commit(executed, certificate)?;
        self.decided = Some(committed);
        self.counters.blocks_decided.add_one();
        Ok(())
    }

    pub(crate) fn fail(&mut self, error: HostError) {
        self.error.get_or_insert(error);
    }

    pub(crate) fn missing_block(&self, id: &Hash) -> HostError {
        HostError::Engine(format!("block {id} of height {} was decided without its bytes", self.height))
    }
}

fn without_extensions(
    certificate: &ExtendedCommitCertificate<Ledger>,
) -> Result<CommitCertificate<Ledger>, CertificateError<Ledger>> {
    let extended = certificate.commit_signatures.iter().find(|signature| signature.extension.is_some());
    match extended {
        Some(signature) => Err(CertificateError::UnexpectedVoteExtension(signature.address)),
        None => Ok(certificate.trim_vote_extensions()),
    }
}

/// The ledger's certificate; its signatures are ordered by validator, so that it has one form.
fn certificate_of(certificate: &CommitCertificate<Ledger>) -> Result<Certificate, HostError> {
    let BlockId(block) = certificate.value_id;
    let round = certificate.round.as_u32();
    let round = round.ok_or_else(|| HostError::Engine("a decision without a round".into()))?;
    let mut signatures: Vec<CommitSignature> = certificate
        .commit_signatures
        .iter()
        .map(|signed| CommitSignature { validator: signed.address.0, signature: signed.signature })
        .collect();
    signatures.sort_by_key(|signed| signed.validator);
    Ok(Certificate { height: certificate.height.0, round, block, signatures })
}
