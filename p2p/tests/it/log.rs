//! A host whose vote log fails.

use crate::fixture::{GENESIS_MS, chain, genesis, keys};
use hydrogen_core::{Mempool, Params};
use hydrogen_p2p::consensus::{Disk, Host, HostConfig, HostError, HostLimits, Input, Now, Output};
use std::io;
use std::sync::Arc;

/// A log that fails: the node says so, says nothing more, and never says what it could not log.
#[test]
fn failing_log_stops_the_node() {
    struct Failing(u32);
    impl Disk for Failing {
        fn load(&mut self) -> io::Result<Vec<Vec<u8>>> {
            Ok(vec![])
        }
        fn append(&mut self, _record: &[u8]) -> io::Result<()> {
            Ok(())
        }
        fn flush(&mut self) -> io::Result<()> {
            self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
            Ok(())
        }
        fn reset(&mut self, _record: &[u8]) -> io::Result<()> {
            Ok(())
        }
        fn bytes(&self) -> u64 {
            0
        }
        fn compact(&mut self, _keep: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<()> {
            Ok(())
        }
    }
    for flushes in 0..6 {
        let genesis = genesis(1, Params::default());
        let config = HostConfig {
            keys: keys(0),
            validator: true,
            disk: Box::new(Failing(flushes)),
            counters: Arc::default(),
            mempool: Mempool::new(),
            limits: HostLimits::default(),
        };
        let now = Now { mono_ms: 0, wall_ms: GENESIS_MS };
        let mut host = Host::new(chain(&Arc::default(), &genesis), config, now).unwrap();
        let outputs = host.step(now, Input::Tick);
        let said = outputs.iter().filter(|output| matches!(output, Output::Broadcast(_))).count();
        let failed = matches!(outputs.last(), Some(Output::Fatal(HostError::Wal(_))));
        // One flush for the round, one for the decision, then one for each of the three messages.
        assert_eq!(
            (said, failed),
            (flushes.saturating_sub(2).min(3) as usize, flushes < 5),
            "after {flushes}"
        );
        assert!(!failed || host.step(now, Input::Tick).is_empty());
    }
}
