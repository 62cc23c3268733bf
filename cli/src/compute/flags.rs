//! Flags of a compute node, the same for every command that runs one.

use crate::compute::config::ComputeConfig;
use crate::compute::executor::{Executor, Executors};
use hydrogen_offchain::compute::OnStop;
use std::net::SocketAddr;
use std::time::Duration;

/// What a person may set for a compute node.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Compute node")]
pub struct ComputeFlags {
    /// The command that executes tasks of an external type; may be given several times. The shell runs it: arguments
    /// on stdin, result on stdout, exit code 65 for arguments it refuses.
    #[arg(long = "executor", value_name = "TYPE=COMMAND", value_parser = Executor::parse)]
    executors: Vec<Executor>,
    /// What the node does before it ends when asked to stop: pause (the next start resumes), quit, or none.
    #[arg(long, value_name = "WHAT", default_value = "pause", value_parser = on_stop)]
    on_stop: OnStop,
    /// Longest time in seconds it goes on after it was asked to stop, to finish its task.
    #[arg(long, value_name = "SECONDS", default_value_t = ComputeConfig::STOP_WITHIN.as_secs())]
    stop_within: u64,
    /// Where /status, /health and /metrics of the compute node listen.
    #[arg(long, value_name = "ADDR")]
    compute_listen: Option<SocketAddr>,
    /// Most bytes of programs kept on disk.
    #[arg(long, value_name = "N", default_value_t = ComputeConfig::PROGRAM_BYTES_MAX)]
    program_cache_bytes_max: u64,
}

impl ComputeFlags {
    /// The configuration with what the flags say.
    ///
    /// # Errors
    /// A sentence, when the commands contradict each other.
    pub fn apply(&self, config: ComputeConfig) -> Result<ComputeConfig, String> {
        Ok(ComputeConfig {
            executors: Executors::new(self.executors.clone())?,
            on_stop: self.on_stop,
            stop_within: Duration::from_secs(self.stop_within),
            listen: self.compute_listen,
            program_bytes_max: self.program_cache_bytes_max,
            ..config
        })
    }
}

fn on_stop(text: &str) -> Result<OnStop, String> {
    match text {
        "pause" => Ok(OnStop::Pause),
        "quit" => Ok(OnStop::Quit),
        "none" => Ok(OnStop::Nothing),
        other => Err(format!("`{other}` is none of pause, quit, none")),
    }
}
