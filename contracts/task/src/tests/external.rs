//! Tasks of external types: who may be drawn for them, and how many are admitted.

use super::net::*;
use crate::{TaskError, task as contract};
use hydrogen_types::task::{
    AbortReason, Comparison, CreateTask, ExternalType, NodeFilter, NodeState, TaskConfig, TaskState,
};
use hydrogen_types::{Address, Amount, Hash};

/// What nodes join with.
const LLM: &[&str] = &["llm"];
const RENDER: &[&str] = &["render"];
const BOTH: &[&str] = &["llm", "render"];

/// The default configuration with types `llm` (10 minutes at least) and `render` (20 minutes).
fn config() -> TaskConfig {
    let entry =
        |(name, minutes): (&str, u64)| ExternalType { name: name.into(), timeout_ms_min: minutes * 60_000 };
    TaskConfig { external_types: [("llm", 10), ("render", 20)].map(entry).into(), ..TaskConfig::default() }
}

fn configure(config: TaskConfig) {
    call(owner(), || contract::set_config(config)).expect("it is legal");
}

fn join(number: u8, types: &[&str]) -> Result<(), TaskError> {
    fund(node(number));
    let types = types.iter().map(|name| String::from(*name)).collect();
    call(node(number), || contract::join(Amount::cnx(400), Some(types)))
}

/// `plain` nodes without types, then one for each entry of `typed`, numbered on.
fn network(plain: u8, typed: &[&[&str]]) {
    start(plain);
    configure(config());
    for (number, types) in (plain + 1..).zip(typed) {
        join(number, types).expect("the types are configured");
    }
}

fn external(name: &str) -> CreateTask {
    CreateTask { program: None, external: Some(name.into()), ..request(Amount::cnx(60)) }
}

fn panel(task: u64) -> Vec<Address> {
    view(task).seats.iter().map(|seat| seat.node).collect()
}

#[test]
fn a_panel_comes_from_the_nodes_of_its_type_and_runs_to_success() {
    for beacons in 0..20 {
        network(20, &[LLM, BOTH, RENDER, LLM]);
        (0..beacons).for_each(|_| tick(100));
        let task = create(external("llm")).expect("three nodes execute it");
        block(100);
        let mut drawn = panel(task);
        drawn.sort();
        assert_eq!(drawn, [21, 22, 24].map(node), "all that execute it");
        assert_eq!(view(task).candidates, Some(3), "the first n is the size of its list");
        upload_args(task).expect("in time");
        let panel = panel(task);
        for node in &panel {
            commit(task, *node, &result("picture")).expect("in time");
        }
        for node in &panel {
            reveal(task, *node, &result("picture")).expect("in time");
        }
        block(100);
        report(task, panel[0], &result("picture")).expect("it is the uploader");
        assert_eq!(view(task).state, TaskState::Success);
        // Free again in all their lists.
        create(external("llm")).expect("they are back");
    }
}

#[test]
fn every_node_of_a_type_is_drawn_as_often_as_the_others() {
    network(5, &[LLM; 6]);
    let mut times = std::collections::BTreeMap::new();
    for _ in 0..600 {
        let task = create(external("llm")).expect("six execute it");
        block(100);
        for node in panel(task) {
            *times.entry(node).or_insert(0) += 1;
        }
        call(creator(), || contract::cancel(task)).expect("it has no arguments");
        fund(creator());
        // Past its retention, so that the next creation removes it.
        block(700_000_000);
    }
    assert_eq!(times.len(), 6, "{times:?}");
    assert!(times.values().all(|count| (250..=350).contains(count)), "each about 300 times: {times:?}");
}

#[test]
fn no_quit_no_draw_without_three_nodes() {
    // Whatever is asked for in whatever order, what is admitted finds its three.
    network(4, &[LLM, BOTH, BOTH, RENDER, LLM, LLM]);
    let mut seed = 7u64;
    let mut admitted = 0;
    for _ in 0..300 {
        for _ in 0..4 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let request = match (seed >> 33) % 3 {
                0 => external("llm"),
                1 => external("render"),
                _ => request(Amount::cnx(30)),
            };
            admitted += u64::from(create(request).is_ok());
        }
        block(100);
        let open = contract::tasks(None, None, None);
        for view in open.tasks {
            assert_ne!(view.abort_reason, Some(AbortReason::NotEnoughNodes), "task {}", view.id);
            if view.state == TaskState::Started && (seed >> 40).is_multiple_of(2) {
                call(creator(), || contract::cancel(view.id)).expect("it has no arguments");
            }
        }
        fund(creator());
        block(700_000_000);
    }
    assert!(admitted > 300, "{admitted}");
}

#[test]
fn a_list_is_admitted_to_up_to_what_earlier_tasks_leave_for_certain() {
    network(20, &[LLM, LLM, LLM, LLM, LLM]);
    create(external("llm")).expect("five execute it");
    // The first may take three of the five.
    assert_eq!(create(external("llm")), Err(TaskError::NotEnoughNodes { available: 2 }));
    // A small list keeps nobody else from the others, and the first draw goes first whatever they take.
    for _ in 0..7 {
        create(request(Amount::cnx(30))).expect("25 nodes");
    }
    assert_eq!(create(request(Amount::cnx(30))), Err(TaskError::NotEnoughNodes { available: 1 }));
    block(100);
    assert!((1..=8).all(|task| view(task).state == TaskState::Started));
}

#[test]
fn a_shorter_delay_overtakes_no_earlier_draw() {
    network(0, &[LLM, LLM, LLM, RENDER, RENDER, RENDER]);
    configure(TaskConfig { draw_delay: 50, ..config() });
    let first = create(external("llm")).expect("three execute it");
    configure(config());
    // Drawn before the first, this one could take all of its three.
    let second = create(request(Amount::cnx(30))).expect("six nodes");
    (0..49).for_each(|_| block(100));
    assert_eq!((view(first).state, view(second).state), (TaskState::Created, TaskState::Created));
    assert_eq!(call(creator(), || contract::expire(second)), Err(TaskError::NotDue { task: second }));
    block(100);
    assert_eq!((view(first).state, view(second).state), (TaskState::Started, TaskState::Started));
}

#[test]
fn a_node_leaves_all_its_lists_and_comes_back_to_all() {
    network(0, &[BOTH; 4]);
    let size = |name: &str| match create(external(name)) {
        Ok(_) => panic!("at most two of `{name}` are free"),
        Err(TaskError::NotEnoughNodes { available }) => available,
        Err(other) => panic!("{other:?}"),
    };
    call(node(1), contract::pause).expect("it is free");
    call(node(3), contract::quit).expect("it is free");
    assert_eq!((size("llm"), size("render")), (2, 2));
    call(node(1), contract::resume).expect("its stake is enough");
    create(external("render")).expect("three are free");
    block(100);
    assert_eq!((size("llm"), size("render")), (0, 0));
}

#[test]
fn a_type_no_longer_configured_takes_no_new_task_and_no_new_node() {
    network(3, &[LLM, LLM, LLM]);
    let task = create(external("llm")).expect("three execute it");
    configure(TaskConfig::default());
    let gone = TaskError::NotSupported { external: "llm".into() };
    assert_eq!(create(external("llm")), Err(gone.clone()));
    assert_eq!(join(7, LLM), Err(gone));
    block(100);
    assert_eq!(view(task).state, TaskState::Started, "what was created before is drawn");
    call(creator(), || contract::cancel(task)).expect("it has no arguments");
    assert_eq!(node_view(node(5)).types, ["llm"], "a node keeps what it joined with");
    for number in 1..=3 {
        call(node(number), contract::quit).expect("it is free");
    }
    let task = create(request(Amount::cnx(30))).expect("they execute programs too");
    configure(config());
    block(100);
    assert_eq!(view(task).state, TaskState::Started);
    call(creator(), || contract::cancel(task)).expect("it has no arguments");
    create(external("llm")).expect("the type is back, and so are they");
}

#[test]
fn types_and_limits_have_their_refusals() {
    network(0, &[LLM; 3]);
    let bad = |why| Err(TaskError::BadExternalTypes { why });
    let name = "a name is 1 to 32 of a to z, 0 to 9 and -";
    assert_eq!(join(9, &[""]), bad(name));
    assert_eq!(join(9, &["LLM"]), bad(name));
    assert_eq!(join(9, &["a".repeat(33).as_str()]), bad(name));
    assert_eq!(join(9, &["llm", "llm"]), bad("one is named twice"));
    assert_eq!(join(9, &["llm"; 5]), bad("a node has at most 4"));
    assert_eq!(join(9, &["quantum"]), Err(TaskError::NotSupported { external: "quantum".into() }));
    assert_eq!(create(external("Llm")).map(drop), bad(name));
    let timed = |timeout_ms| create(CreateTask { timeout_ms, ..external("llm") }).map(drop);
    let (field, least, most) = ("timeout_ms", 600_000, 3_600_000);
    assert_eq!(timed(Some(599_999)), Err(TaskError::BadLimits { field, value: 599_999, least, most }));
    timed(Some(600_000)).expect("as the type says, whatever fuel and arguments");
    block(100);
    call(creator(), || contract::cancel(1)).expect("it has no arguments");
    // The program of fingerprints may burn the fuel that the command does not: 500 s of it.
    let similar = Comparison::Similar { threshold: 5, fingerprint: Hash::ZERO };
    let task = create(CreateTask { comparison: similar, ..external("llm") }).expect("there are three");
    assert_eq!(view(task).timeout_ms, 1_100_000);
}

#[test]
fn a_task_that_names_no_timeout_has_its_types_floor() {
    network(0, &[RENDER; 3]);
    let task = create(external("render")).expect("three execute it");
    assert_eq!(view(task).timeout_ms, 1_200_000);
}

#[test]
fn nodes_are_listed_by_type() {
    network(2, &[LLM, RENDER, BOTH]);
    let by = |external: &str, state| {
        let filter = NodeFilter { state, external: Some(external.into()) };
        let page = contract::nodes(Some(filter), None, None);
        page.nodes.iter().map(|node| node.address).collect::<Vec<_>>()
    };
    assert_eq!(by("llm", None), [3, 5].map(node));
    call(node(5), contract::pause).expect("it is free");
    assert_eq!(by("render", Some(NodeState::Available)), [node(4)]);
    assert_eq!(by("other", None), []);
}
