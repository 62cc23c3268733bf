//! A node is killed with SIGKILL at random moments while it joins by a snapshot, and started again: it goes on with what
//! it had, ends with everybody's root, and its store is sound.
//!
//! Three kills by default. `HYDROGEN_JOIN_KILLS=25` makes 25, on a chain of 2,000 blocks with a larger state;
//! `HYDROGEN_JOIN_SEED=N` repeats a run's choices (not the machine's timing).

use super::scene::{Joiner, LOOK, Plan, Process, Scene, terminate, wait_for};
use hydrogen::node::Sync;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

const KILLS: u64 = 3;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Numbers that look random and follow from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Where kills hit, and what of it was fetched.
#[derive(Default)]
struct Tally {
    stages: BTreeMap<&'static str, u64>,
    joins: u64,
    kept: u64,
}

/// Lets the node run for at most `pause`, and kills it; says whether it had come up.
fn run_and_kill(joiner: &Joiner, mut process: Process, pause: Duration, tally: &mut Tally) -> bool {
    let begin = Instant::now();
    let mut up = false;
    while begin.elapsed() < pause && !up {
        up = joiner.is_up();
        std::thread::sleep(LOOK);
    }
    process.0.kill().expect("it was alive");
    let stage = if up { "following" } else { joiner.stage() };
    process.0.wait().expect("a child");
    *tally.stages.entry(stage).or_default() += 1;
    up
}

#[test]
fn a_joining_node_is_killed_and_goes_on() {
    let wanted = number("HYDROGEN_JOIN_KILLS");
    let (kills, seed) = (wanted.unwrap_or(KILLS), number("HYDROGEN_JOIN_SEED").unwrap_or(3));
    let plan = match wanted {
        None => Plan { accounts: 30_000, blocks: 30, rate: 600_000 },
        Some(_) => Plan { accounts: 150_000, blocks: 2_000, rate: 1_000_000 },
    };
    let scene = Scene::start(&plan);
    let joiner = scene.joiner("joiner", 9, Sync::Snapshot);

    // How long it takes undisturbed, and how much it costs.
    let (begin, before) = (Instant::now(), scene.carried());
    let process = joiner.launch();
    wait_for("join", || joiner.is_up().then_some(()));
    let (whole, bytes) = (begin.elapsed(), scene.carried() - before);
    drop(process);
    let all = joiner.chunks().len();
    joiner.forget();

    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (mut tally, mut here, before) = (Tally::default(), BTreeMap::new(), scene.carried());
    for _ in 0..kills {
        let span_ms = u64::try_from(whole.as_millis()).expect("short");
        let pause = Duration::from_millis(dice.below(span_ms));
        if run_and_kill(&joiner, joiner.launch(), pause, &mut tally) {
            tally.joins += 1;
            assert_eq!(joiner.check()["sound"], true);
            joiner.forget();
            here.clear();
            continue;
        }
        let now: BTreeMap<String, SystemTime> = joiner.chunks().into_iter().collect();
        for (name, written) in &here {
            assert_eq!(now.get(name), Some(written), "{name} was here and is fetched again");
        }
        tally.kept += here.len() as u64;
        here = now;
    }
    let process = joiner.launch();
    let (height, root) = joiner.wait_for_root(&scene);
    assert_eq!(joiner.chunks().len(), all);
    for (name, written) in joiner.chunks() {
        assert!(here.get(&name).is_none_or(|before| *before == written), "{name} is fetched again");
    }
    assert_eq!(terminate(process).0, Some(0));
    assert_eq!(joiner.check()["sound"], true);
    let Tally { stages, joins, kept } = tally;
    println!(
        "seed {seed}: {kills} kills {stages:?} over {} joins of {all} chunks; {kept} times a chunk was there \
         already and was not fetched again; {} bytes came, {bytes} of an undisturbed join of {whole:.1?}; ended at \
         height {height} with root {root}",
        joins + 1,
        scene.carried() - before,
    );
}
