//! How long joins take: by all blocks, and by a snapshot.
//!
//! With `HYDROGEN_JOIN_BLOCKS=10000` only: from the start of the process until it is where the others are.

use super::scene::{Plan, Scene, status, terminate, wait_for};
use hydrogen::node::Sync;
use std::time::Instant;

#[test]
fn times_to_join() {
    let Ok(blocks) = std::env::var("HYDROGEN_JOIN_BLOCKS") else {
        return eprintln!("SKIPPED without HYDROGEN_JOIN_BLOCKS=N");
    };
    let blocks = blocks.parse().expect("a number");
    let scene = Scene::start(&Plan { accounts: 1_000, blocks, rate: 0 });
    for (name, key, sync) in [("blocks", 9, Sync::Blocks), ("snapshot", 10, Sync::Snapshot)] {
        let joiner = scene.joiner(name, key, sync);
        let (begin, before) = (Instant::now(), scene.carried());
        let process = joiner.launch();
        wait_for("tip", || status(&joiner.rpc).filter(|(height, _)| *height >= blocks));
        let took = begin.elapsed();
        let (height, _) = joiner.wait_for_root(&scene);
        assert!(height >= blocks);
        println!(
            "{blocks} blocks by {name}: {:.2} s, {} KiB came",
            took.as_secs_f64(),
            (scene.carried() - before) >> 10
        );
        assert_eq!(terminate(process).0, Some(0));
        assert_eq!(joiner.check()["sound"], true);
    }
}
