//! Validators as real processes are killed with SIGKILL and stopped with SIGSTOP at random moments, while accounts send
//! transactions: no fork, nothing lost, and all go on. HYDROGEN_CHAOS_S makes it longer (seconds), HYDROGEN_CHAOS_SEED
//! another; `hydrogen-testnet chaos` does more, and needs the rights of root for what it does to the network.

use hydrogen_core::Params;
use hydrogen_testnet::real::{ChaosOptions, FaultKind, Kills, LinkKind, NetOptions, chaos};
use std::time::Duration;

fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}: a number")))
}

#[test]
fn processes_killed_and_stopped_under_load_agree_and_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let net = NetOptions {
        binary: env!("CARGO_BIN_EXE_hydrogen").into(),
        dir: folder.path().join("net"),
        validators: 4,
        accounts: 4,
        seed: from_env("HYDROGEN_CHAOS_SEED", 257),
        links: LinkKind::Loopback,
        clocks: false,
        params: Params::default(),
    };
    let options = ChaosOptions {
        net,
        lasts: Duration::from_secs(from_env("HYDROGEN_CHAOS_S", 10)),
        kills: Kills::One,
        partition_max: Duration::from_secs(15),
        faults: vec![FaultKind::Pause],
        per_second: 10.0,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let report =
        runtime.block_on(chaos(options, |line| println!("{line}"))).unwrap_or_else(|error| panic!("{error}"));
    println!("{report}");
    // The first fault of the default seed is a kill.
    assert!(report.faults(FaultKind::Kill) + report.faults(FaultKind::Pause) > 0, "no fault happened");
    assert!(report.txs() > 10, "{} transactions", report.txs());
}
