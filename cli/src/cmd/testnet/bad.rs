//! Flags for compute nodes that misbehave.

use hydrogen_offchain::personas::Persona;

/// How many of the compute nodes are bad, by kind; the rest is honest.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Bad compute nodes")]
pub(super) struct Bad {
    /// Always fake the result, each its own way.
    #[arg(long, value_name = "N", default_value_t = 0)]
    cheats: usize,
    /// Fake the result together when two of them are drawn; alone they are honest.
    #[arg(long, value_name = "N", default_value_t = 0)]
    paired_cheats: usize,
    /// Copy another's commitment.
    #[arg(long, value_name = "N", default_value_t = 0)]
    copies: usize,
    /// Never commit.
    #[arg(long, value_name = "N", default_value_t = 0)]
    lazy: usize,
    /// Commit and never reveal.
    #[arg(long, value_name = "N", default_value_t = 0)]
    never_reveal: usize,
    /// Never upload the result.
    #[arg(long, value_name = "N", default_value_t = 0)]
    never_upload: usize,
    /// Upload other bytes than the result.
    #[arg(long, value_name = "N", default_value_t = 0)]
    upload_garbage: usize,
    /// Report an error instead of the result.
    #[arg(long, value_name = "N", default_value_t = 0)]
    error_reporters: usize,
    /// Claim that no relay gave the arguments.
    #[arg(long, value_name = "N", default_value_t = 0)]
    claim_unavailable: usize,
    /// Join and are gone.
    #[arg(long, value_name = "N", default_value_t = 0)]
    offline: usize,
}

impl Bad {
    /// The counts, in the order in which the nodes come.
    pub(super) fn counts(self) -> Vec<(Persona, usize)> {
        vec![
            (Persona::Fakes, self.cheats),
            (Persona::FakesWhenPaired, self.paired_cheats),
            (Persona::Copies, self.copies),
            (Persona::Lazy, self.lazy),
            (Persona::NeverReveals, self.never_reveal),
            (Persona::NeverUploads, self.never_upload),
            (Persona::UploadsGarbage, self.upload_garbage),
            (Persona::ErrorReporter, self.error_reporters),
            (Persona::ClaimsUnavailable, self.claim_unavailable),
            (Persona::Offline, self.offline),
        ]
    }
}
