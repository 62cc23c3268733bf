//! Equivocation: found among what validators say, told to everybody, verified before it is kept or passed on.
//!
//! A validator may tell one half of the others one thing and the rest another. So what was said in a deciding round
//! against the block that was decided is told to everybody: whoever was told otherwise holds the proof.
//!
//! *Invariants*: a record is kept once, durably, and only with both signatures and the membership checked; a peer is
//! banned only for two statements that it made in person, never for what it passes on.

use super::codec::Message;
use super::context::{Ledger, Members, engine};
use super::error::HostError;
use super::heard::{Noted, Spoken};
use super::host::Host;
use super::messages::{Output, Peer, Verdict};
use engine::MisbehaviorEvidence;
use hydrogen_core::Committed;
use hydrogen_core::evidence::{Evidence, EvidenceError};
use hydrogen_core::limits::EVIDENCE_MAX;
use hydrogen_core::reader::ReadError;
use hydrogen_types::Height;
use hydrogen_types::codec::encode;

/// Statements against a decided block that are told to everybody.
const DISSENT_MAX: usize = 64;
/// Rounds beyond the current one whose statements are listened to: as far as the engine looks.
const ROUNDS_AHEAD_MAX: u32 = engine::MAX_FUTURE_ROUND_LOOKAHEAD;

impl Host {
    /// The validators of a height that statements are listened to for: the tip's, the current one and the next.
    pub(crate) fn members_of(&self, height: Height) -> Result<Option<Members>, HostError> {
        if height == self.height {
            Ok(Some(self.members.clone()))
        } else if height == self.height.next() {
            Ok(Some(Members::new(&self.chain.validators(height)?)))
        } else if height.next() == self.height {
            let before = self.members_before.as_ref().filter(|(at, _)| *at == height);
            Ok(before.map(|(_, members)| members.clone()))
        } else {
            Ok(None)
        }
    }

    /// Takes note of a statement with a checked signature; `from` is the peer that made it in person.
    pub(crate) fn hear(&mut self, message: &Message, from: Option<Peer>) -> Result<(), HostError> {
        let Some(spoken) = Spoken::of(message) else { return Ok(()) };
        let ahead = if spoken.height == self.height { self.round } else { 0 };
        if spoken.round > ahead.saturating_add(ROUNDS_AHEAD_MAX) {
            return Ok(());
        }
        let members = self.members_of(spoken.height)?;
        let Some(key) = members.and_then(|members| members.key_of(&spoken.voter)) else { return Ok(()) };
        match self.heard.note(&spoken, key, from) {
            Noted::Known => {}
            Noted::New => self.listening.news = true,
            Noted::Conflict(evidence, liar) => {
                if let Some(peer) = liar {
                    self.out.push(Output::Ban(peer, "signed two different statements for one step"));
                }
                self.found_evidence(&evidence)?;
            }
        }
        Ok(())
    }

    /// What the engine found on its way to a decision.
    pub(crate) fn take_engine_evidence(&mut self, found: &MisbehaviorEvidence<Ledger>) {
        let votes = found.votes.iter().flat_map(|(_, pairs)| pairs);
        let votes = votes.map(|(one, other)| (Message::Vote(one.clone()), Message::Vote(other.clone())));
        let proposals = found.proposals.iter().flat_map(|(_, pairs)| pairs);
        let proposals =
            proposals.map(|(one, other)| (Message::Proposal(one.clone()), Message::Proposal(other.clone())));
        for (one, other) in votes.chain(proposals) {
            let (Some(one), Some(other)) = (Spoken::of(&one), Spoken::of(&other)) else { continue };
            let Some(key) = self.members.key_of(&one.voter) else { continue };
            let pair = ((one.statement, one.signature), (other.statement, other.signature));
            let Some(evidence) = Evidence::new(one.height, one.round, key, pair.0, pair.1) else { continue };
            if let Err(error) = self.found_evidence(&evidence) {
                return self.fail(error);
            }
        }
    }

    /// Keeps a record that was found here, and tells everybody.
    fn found_evidence(&mut self, evidence: &Evidence) -> Result<(), HostError> {
        if self.keep_evidence(evidence)? {
            self.out.push(Output::GossipEvidence(encode(evidence)));
        }
        Ok(())
    }

    fn keep_evidence(&mut self, evidence: &Evidence) -> Result<bool, HostError> {
        let kept = self.evidence.keep(evidence)?;
        if kept {
            let about = evidence.about();
            self.counters.equivocations.add_one();
            tracing::warn!(
                validator = %about.validator, height = %about.height, round = about.round, step = about.step.name(),
                first = ?evidence.first.0, second = ?evidence.second.0,
                "a validator has signed two different statements"
            );
        }
        Ok(kept)
    }

    /// Tells everybody what was said in the deciding round against the decided block.
    pub(crate) fn tell_dissent(&mut self, committed: &Committed) {
        let certificate = &committed.certificate;
        let dissent = self.heard.dissent(certificate.height, certificate.round, certificate.block);
        for spoken in dissent.into_iter().take(DISSENT_MAX) {
            self.out.push(Output::GossipVote(spoken.into_message().encode().into()));
        }
    }

    /// A statement of a validator, gossiped.
    pub(crate) fn on_gossiped_vote(
        &mut self,
        peer: Peer,
        gossip: u64,
        bytes: &[u8],
    ) -> Result<(), HostError> {
        let verdict = self.judge_gossiped_vote(peer, bytes)?;
        if verdict == Verdict::Reject {
            self.fault(peer, "gossiped what no validator has signed");
        }
        self.out.push(Output::Verdict(gossip, verdict));
        Ok(())
    }

    fn judge_gossiped_vote(&mut self, peer: Peer, bytes: &[u8]) -> Result<Verdict, HostError> {
        let Ok(message) = Message::decode(bytes) else { return Ok(Verdict::Reject) };
        let height = message.height();
        if height > self.height {
            self.hear_of_height(peer, height.previous().unwrap_or(height));
        }
        let Some(members) = self.members_of(height)? else { return Ok(Verdict::Ignore) };
        match self.check_message(&message, &members) {
            Some((_, true)) => {}
            // A certificate belongs on no topic; a statement that is falsely signed, nowhere.
            Some((_, false)) | None => return Ok(Verdict::Reject),
        }
        self.hear(&message, None)?;
        self.listen(peer, &message);
        Ok(Verdict::Accept)
    }

    /// A gossiped record.
    pub(crate) fn on_evidence(&mut self, peer: Peer, gossip: u64, bytes: &[u8]) -> Result<(), HostError> {
        let verdict = self.judge_evidence(peer, bytes)?;
        self.out.push(Output::Verdict(gossip, verdict));
        Ok(())
    }

    /// The records of a peer, in answer to [`Output::AskEvidence`].
    pub(crate) fn on_evidence_told(&mut self, peer: Peer, records: &[Vec<u8>]) -> Result<(), HostError> {
        for bytes in records.iter().take(EVIDENCE_MAX) {
            if self.judge_evidence(peer, bytes)? == Verdict::Reject {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A node that was behind when it asked asks once more when it has caught up: now it knows the validators.
    pub(crate) fn ask_for_evidence(&mut self) {
        if self.evidence_incomplete && !self.is_syncing() {
            self.evidence_incomplete = false;
            self.out.extend(self.followed.peers().map(Output::AskEvidence));
        }
    }

    /// Verifies a record and keeps it. Known ones, and those of heights whose validators are not known here, are
    /// nobody's fault.
    fn judge_evidence(&mut self, peer: Peer, bytes: &[u8]) -> Result<Verdict, HostError> {
        let checked = match Evidence::read(bytes, &self.chain.genesis().chain_id) {
            Ok(evidence) if !self.evidence.wants(&evidence.about()) => return Ok(Verdict::Ignore),
            Ok(evidence) => self.check_accused(evidence)?,
            Err(error) => Err(error),
        };
        match checked {
            Ok(Some(evidence)) => {
                self.keep_evidence(&evidence)?;
                Ok(Verdict::Accept)
            }
            Ok(None) => {
                self.evidence_incomplete = true;
                Ok(Verdict::Ignore)
            }
            Err(error) => {
                tracing::warn!(%error, "refused evidence");
                self.fault(peer, "told evidence that proves nothing");
                Ok(Verdict::Reject)
            }
        }
    }

    /// The record if its key was a validator's, `None` if nobody knows here.
    fn check_accused(
        &self,
        evidence: Evidence,
    ) -> Result<Result<Option<Evidence>, EvidenceError>, HostError> {
        match self.reader.validators(Some(evidence.height)) {
            Ok(set) => Ok(evidence.check_member(&set).map(|()| Some(evidence))),
            Err(ReadError::SetUnknown { .. }) => Ok(Ok(None)),
            Err(error) => Err(error.into()),
        }
    }
}
