//! Every distinguishable situation a task can be in, each built by an ordinary life.

use crate::task as contract;
use crate::tests::net::*;
use crate::tests::rows::fingerprint;
use hydrogen_types::task::{Comparison, CreateTask, Outcome};
use hydrogen_types::{Address, Amount, Hash};

/// Nodes of the network: three for the panel, and enough beside them that a further task finds its own.
const NODES: u8 = 9;

/// A world, and where in it to look.
pub(super) struct Scene {
    /// The task.
    pub(super) task: u64,
    /// Its panel in rounds; before a draw, three free nodes.
    pub(super) panel: [Address; 3],
    /// What each would reveal.
    pub(super) outcomes: [Outcome; 3],
}

/// A name, what it means, and how one gets there.
pub(super) type Situation = (&'static str, &'static str, fn() -> Scene);

fn scene(task: u64, panel: [Address; 3], outcomes: [&str; 3]) -> Scene {
    Scene { task, panel, outcomes: outcomes.map(outcome) }
}

fn outcome(text: &str) -> Outcome {
    match text {
        "unavailable" => Outcome::Unavailable,
        "error" => Outcome::Error { code: 2 },
        other => result(other),
    }
}

fn undrawn(blocks: u64) -> Scene {
    start(NODES);
    let task = create(request(Amount::cnx(30))).expect("it is paid for");
    for _ in 0..blocks {
        tick(100);
    }
    scene(task, [node(1), node(2), node(3)], ["a"; 3])
}

fn begun() -> Scene {
    start(NODES);
    let (task, panel) = drawn();
    scene(task, panel, ["a"; 3])
}

/// To the deadline of the running stage, but what is due there does not run.
fn late(scene: Scene) -> Scene {
    let deadline_ms = view(scene.task).deadline_ms.expect("the stage has one");
    tick(deadline_ms - world().context.uptime_ms);
    scene
}

/// To the deadline of the running stage, and what is due there.
fn over(scene: Scene) -> Scene {
    let deadline_ms = view(scene.task).deadline_ms.expect("the stage has one");
    block(deadline_ms - world().context.uptime_ms);
    scene
}

/// With arguments, and the first `commits` of the panel committed.
fn committed(outcomes: [&str; 3], commits: usize) -> Scene {
    start(NODES);
    let (task, panel) = executing();
    let scene = scene(task, panel, outcomes);
    for (node, outcome) in panel.iter().zip(&scene.outcomes).take(commits) {
        tick(1_000);
        commit(task, *node, outcome).expect("in time");
    }
    scene
}

/// The same, and of those the first `reveals` revealed.
fn revealed(outcomes: [&str; 3], commits: usize, reveals: usize) -> Scene {
    let mut scene = committed(outcomes, commits);
    if commits < 3 {
        scene = over(scene);
    }
    for (node, outcome) in scene.panel.iter().zip(&scene.outcomes).take(reveals) {
        reveal(scene.task, *node, outcome).expect("in time");
    }
    scene
}

/// The same, all revealed, and judged in the next block.
fn ruled(outcomes: [&str; 3], commits: usize) -> Scene {
    let scene = revealed(outcomes, commits, commits);
    block(100);
    scene
}

fn uploaded(scene: Scene, round: usize) -> Scene {
    report(scene.task, scene.panel[round], &scene.outcomes[round]).expect("it may");
    scene
}

fn cancelled() -> Scene {
    let scene = begun();
    call(creator(), || contract::cancel(scene.task)).expect("it has no arguments");
    scene
}

/// Round 0 asks for a pause, round 1 leaves, while they are bound.
fn leaving(scene: Scene) -> Scene {
    call(scene.panel[0], contract::pause).expect("it is bound");
    call(scene.panel[1], contract::quit).expect("it is bound");
    scene
}

fn too_few() -> Scene {
    let scene = undrawn(0);
    for number in 3..=NODES {
        call(node(number), contract::pause).expect("it is free");
    }
    block(100);
    for number in 3..=NODES {
        call(node(number), contract::resume).expect("its stake is there");
    }
    scene
}

/// Ended so long ago that the next task removes it.
fn removed() -> Scene {
    let scene = cancelled();
    tick(8 * 24 * 3_600_000);
    let other = create(request(Amount::cnx(30))).expect("nodes are free");
    block(100);
    call(creator(), || contract::cancel(other)).expect("it has no arguments");
    scene
}

/// Round 0 may withdraw, round 1 has, round 2 paused while it was free.
fn left() -> Scene {
    let scene = cancelled();
    call(scene.panel[0], contract::quit).expect("it is free");
    call(scene.panel[1], contract::quit).expect("it is free");
    call(scene.panel[2], contract::pause).expect("it is free");
    block(7_200_000);
    call(scene.panel[1], contract::withdraw).expect("the time is over");
    scene
}

/// The panel holds ten times the stake, so that no fine pauses it.
fn rich(commits: usize) -> Scene {
    start(NODES);
    let (task, panel) = drawn();
    for node in panel {
        call(node, || contract::add_stake(Amount::cnx(3_600))).expect("it may");
    }
    upload_args(task).expect("in time");
    let scene = scene(task, panel, ["a", "a", "b"]);
    for (node, outcome) in panel.iter().zip(&scene.outcomes).take(commits) {
        commit(task, *node, outcome).expect("in time");
    }
    let scene = if commits < 3 { over(scene) } else { scene };
    reveal(task, panel[0], &scene.outcomes[0]).expect("in time");
    reveal(task, panel[1], &scene.outcomes[1]).expect("in time");
    if commits < 3 {
        block(100)
    } else {
        return over(scene);
    }
    scene
}

/// A task whose creator, not the usual one, sits in its own panel.
fn own_panel() -> Scene {
    start(3);
    for number in 4..=NODES {
        fund(node(number));
        call(node(number), || contract::join(Amount::cnx(400), None)).expect("it joins");
        call(node(number), contract::pause).expect("it is free");
    }
    let CreateTask { program, args_hash, comparison, fee, .. } = request(Amount::cnx(30));
    let create =
        || contract::create_task(program, None, args_hash, None, comparison, fee, None, None, None, None);
    let task = call(node(1), create).expect("it is paid for");
    block(100);
    for number in 4..=NODES {
        call(node(number), contract::resume).expect("its stake is there");
    }
    let panel: Vec<Address> = view(task).seats.iter().map(|seat| seat.node).collect();
    scene(task, panel.try_into().expect("three were drawn"), ["a"; 3])
}

/// A similar task with its arguments: rounds 0 and 1 are near to each other, rounds 1 and 2 too, 0 and 2 are not.
fn similar(commits: usize, reveals: usize) -> Scene {
    start(NODES);
    let comparison = Comparison::Similar { threshold: 5, fingerprint: Hash::sha256(b"fingerprint") };
    let task = create(CreateTask { comparison, ..request(Amount::cnx(30)) }).expect("it is paid for");
    block(100);
    upload_args(task).expect("in time");
    let panel: Vec<Address> = view(task).seats.iter().map(|seat| seat.node).collect();
    let outcomes = ['a', 'b', 'c'].map(|letter| Outcome::Result {
        digest: Hash::sha256(letter.to_string().as_bytes()),
        fingerprint: fingerprint(letter),
    });
    let scene = Scene { task, panel: panel.try_into().expect("three were drawn"), outcomes };
    for (node, outcome) in scene.panel.iter().zip(&scene.outcomes).take(commits) {
        commit(task, *node, outcome).expect("in time");
    }
    for (node, outcome) in scene.panel.iter().zip(&scene.outcomes).take(reveals) {
        reveal(task, *node, outcome).expect("in time");
    }
    scene
}

/// All of them, in the order of a life.
pub(super) const ALL: &[Situation] = &[
    ("unknown", "there is no task of this id", || Scene { task: 99, ..begun() }),
    ("created", "paid for, to be drawn in the next block", || undrawn(0)),
    ("created-due", "the draw was due 9 blocks ago and has not run", || undrawn(10)),
    ("created-late", "the draw was due 10 blocks ago and has not run", || undrawn(11)),
    ("started", "drawn, no arguments", begun),
    ("started-late", "the time for arguments is over", || late(begun())),
    ("started-leaving", "round 0 asked for a pause, round 1 to leave", || leaving(begun())),
    ("started-own", "somebody else created it, and was drawn as its round 2", own_panel),
    ("executing-0", "nobody has committed", || committed(["a"; 3], 0)),
    ("executing-0-late", "nobody has committed, the time is over", || late(committed(["a"; 3], 0))),
    ("executing-1", "round 0 has committed", || committed(["a"; 3], 1)),
    ("executing-1-late", "round 0 has committed, the time is over", || late(committed(["a"; 3], 1))),
    ("executing-2", "rounds 0 and 1 have committed", || committed(["a"; 3], 2)),
    ("executing-2-late", "rounds 0 and 1 have committed, the third's time is over", || {
        late(committed(["a"; 3], 2))
    }),
    ("executing-leaving", "round 0 has committed and asked for a pause, round 1 to leave", || {
        leaving(committed(["a"; 3], 1))
    }),
    ("revealing-3-0", "three committed, none revealed", || revealed(["a"; 3], 3, 0)),
    ("revealing-3-0-late", "the same, the time is over", || late(revealed(["a"; 3], 3, 0))),
    ("revealing-3-1", "three committed, round 0 revealed", || revealed(["a"; 3], 3, 1)),
    ("revealing-3-1-late", "the same, the time is over", || late(revealed(["a"; 3], 3, 1))),
    ("revealing-3-2", "three committed, rounds 0 and 1 revealed", || revealed(["a"; 3], 3, 2)),
    ("revealing-3-2-late", "the same, the time is over", || late(revealed(["a"; 3], 3, 2))),
    ("revealing-3-3", "all revealed, to be judged in the next block", || revealed(["a"; 3], 3, 3)),
    ("revealing-3-3-due", "all revealed, the block that judges is here and has not", || {
        let scene = revealed(["a"; 3], 3, 3);
        tick(100);
        scene
    }),
    ("revealing-3-3-late", "the same, past the deadline of the reveals", || late(revealed(["a"; 3], 3, 3))),
    ("revealing-2-0", "rounds 0 and 1 committed, none revealed", || revealed(["a"; 3], 2, 0)),
    ("revealing-2-1", "rounds 0 and 1 committed, round 0 revealed", || revealed(["a"; 3], 2, 1)),
    ("revealing-2-1-late", "the same, the time is over", || late(revealed(["a"; 3], 2, 1))),
    ("revealing-2-2", "rounds 0 and 1 committed and revealed", || revealed(["a"; 3], 2, 2)),
    ("revealing-1-0", "round 0 committed", || revealed(["a"; 3], 1, 0)),
    ("revealing-1-0-late", "the same, the time is over", || late(revealed(["a"; 3], 1, 0))),
    ("revealing-1-1", "round 0 committed and revealed", || revealed(["a"; 3], 1, 1)),
    ("revealing-leaving", "round 0 revealed and asked for a pause, round 1 to leave", || {
        leaving(revealed(["a"; 3], 3, 1))
    }),
    ("validated-3", "all agree, round 0 is to upload", || ruled(["a"; 3], 3)),
    ("validated-3-late", "the same, its time is over", || late(ruled(["a"; 3], 3))),
    ("validated-2", "rounds 0 and 1 agree, round 2 is a cheat", || ruled(["a", "a", "b"], 3)),
    ("validated-12", "rounds 1 and 2 agree, round 0 reported an error", || ruled(["error", "a", "a"], 3)),
    ("validated-mc", "rounds 0 and 1 agree, round 2 did not commit", || ruled(["a"; 3], 2)),
    ("validated-u", "rounds 0 and 2 agree, round 1 found the arguments unavailable", || {
        ruled(["a", "unavailable", "a"], 3)
    }),
    ("validated-mr", "rounds 0 and 1 agree, round 2 did not reveal", || over(revealed(["a"; 3], 3, 2))),
    (
        "validated-leaving",
        "all agree; the uploader asked for a pause, round 1 to leave, before the verdict",
        || {
            let scene = leaving(revealed(["a"; 3], 3, 3));
            block(100);
            scene
        },
    ),
    ("validated-rich-mc", "as validated-mc, and the fine leaves enough stake", || rich(2)),
    ("validated-rich-mr", "as validated-mr, and the fine leaves enough stake", || rich(3)),
    ("open-3", "all agree, round 0 failed to upload: open to all", || over(ruled(["a"; 3], 3))),
    ("open-3-late", "the same, that time is over too", || late(over(ruled(["a"; 3], 3)))),
    ("open-2", "rounds 0 and 1 agree, round 2 is a cheat: open to both", || over(ruled(["a", "a", "b"], 3))),
    ("open-3-quit", "open to all, round 1 is leaving", || {
        let scene = over(ruled(["a"; 3], 3));
        call(scene.panel[1], contract::quit).expect("it is free");
        scene
    }),
    ("success", "round 0 uploaded", || uploaded(ruled(["a"; 3], 3), 0)),
    ("success-open", "round 0 failed, round 2 uploaded", || uploaded(over(ruled(["a"; 3], 3)), 2)),
    ("aborted-too-few", "NotEnoughNodes: the draw found two", too_few),
    ("aborted-undrawn", "NotEnoughNodes: the draw never ran and was given up", || {
        let scene = undrawn(11);
        call(owner(), || contract::expire(scene.task)).expect("it is due");
        scene
    }),
    ("aborted-args", "ArgsNotUploaded", || over(begun())),
    ("aborted-cancelled", "Cancelled", cancelled),
    ("aborted-timeout", "NodesTimedOut", || over(committed(["a"; 3], 0))),
    ("aborted-differ", "ResultsDiffer", || ruled(["a", "b", "c"], 3)),
    ("aborted-error", "TaskError: rounds 0 and 1", || ruled(["error", "error", "a"], 3)),
    ("aborted-unavailable", "Unavailable: all three", || ruled(["unavailable"; 3], 3)),
    (
        "aborted-no-quorum",
        "NoQuorum: round 0 revealed a result, round 1 nothing, round 2 did not commit",
        || over(revealed(["a"; 3], 2, 1)),
    ),
    ("aborted-result", "ResultNotUploaded", || over(over(ruled(["a"; 3], 3)))),
    ("similar-executing-1", "a similar task, round 0 has committed", || similar(1, 0)),
    ("similar-revealing-3-1", "a similar task, three committed, round 0 revealed", || similar(3, 1)),
    ("similar-validated", "rounds 0 and 1 agree, 1 and 2 too, 0 and 2 not: round 1 is to upload", || {
        let scene = similar(3, 3);
        block(100);
        scene
    }),
    ("similar-open", "the same, round 1 failed to upload: open to all", || {
        let scene = similar(3, 3);
        block(100);
        over(scene)
    }),
    ("removed", "it ended, and was removed after its retention", removed),
    ("left", "Cancelled; round 0 may withdraw, round 1 has, round 2 is paused", left),
];
