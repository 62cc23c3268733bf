//! While a node joins its RPC says so, and it stops at once when asked to.

use super::scene::{Joiner, Plan, Scene, ask, get, terminate, wait_for};
use crate::disk::{EXIT_DISK, SmallDisk};
use hydrogen::node::Sync;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Far below what the rest of the join would take, far above what a stop takes on a busy machine.
const STOP_MAX: Duration = Duration::from_secs(20);

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("a whole answer").1
}

/// Waits until so many chunks are here.
fn wait_for_chunks(joiner: &Joiner, count: usize) {
    wait_for("chunk", || (joiner.chunks().len() >= count).then_some(()));
}

#[test]
fn the_rpc_tells_of_a_join_and_a_stop_ends_it() {
    // Slower than anybody waits: some KiB a second once the first chunks are here.
    let scene = Scene::start(&Plan { accounts: 60_000, blocks: 20, rate: 1_000_000 });
    let joiner = scene.joiner("joiner", 9, Sync::Snapshot);
    let process = joiner.launch();
    wait_for_chunks(&joiner, 1);
    scene.lines.iter().for_each(|line| line.rate.store(10_000, Ordering::Relaxed));

    let health = wait_for("progress", || {
        let health = joiner.health();
        health.contains("fetching").then_some(health)
    });
    assert!(health.starts_with("HTTP/1.1 200"), "alive: {health}");
    assert!(
        body(&health).starts_with("the node is joining: fetching the snapshot of height 20: "),
        "{health}"
    );
    let ready = get(&joiner.rpc, "/ready");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("fetching the snapshot"), "{ready}");
    let metrics = get(&joiner.rpc, "/metrics");
    assert!(metrics.contains("\nhydrogen_joining 1\n"), "{metrics}");
    assert!(metrics.contains("\nhydrogen_join_chunks_done "), "{metrics}");
    assert!(get(&joiner.rpc, "/elsewhere").starts_with("HTTP/1.1 503"));

    let question =
        |id: u32, method: &str| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": []});
    let answer = ask(&joiner.rpc, &question(7, "chain_status")).expect("an answer");
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(-32_015)));
    let error = &answer["error"];
    let message = error["message"].as_str().expect("a sentence");
    assert!(message.ends_with("; ask again later, or another node"), "{message}");
    assert_eq!((&error["data"]["stage"], &error["data"]["height"]), (&json!("fetching"), &json!("20")));
    let done = error["data"]["done"].as_u64().expect("a number");
    assert!(done >= 1 && done < error["data"]["chunks"].as_u64().expect("a number"), "{error}");
    let many = json!([question(1, "account_get"), question(2, "net_peers")]);
    let answers = ask(&joiner.rpc, &many).expect("an answer");
    assert_eq!((&answers[0]["id"], &answers[1]["id"]), (&json!(1), &json!(2)));
    assert_eq!(answers[1]["error"]["code"], -32_015);

    let (code, took) = terminate(process);
    assert!(code == Some(0) && took < STOP_MAX, "{code:?} after {took:?}");
    let here = joiner.chunks();

    // Nothing is lost by it, and the same address answers once the node runs.
    scene.lines.iter().for_each(|line| line.rate.store(0, Ordering::Relaxed));
    let process = joiner.launch();
    joiner.wait_for_root(&scene);
    assert!(here.iter().all(|chunk| joiner.chunks().contains(chunk)), "fetched again");
    assert_eq!(terminate(process).0, Some(0));
    assert_eq!(joiner.check()["sound"], true);
    println!("asked to stop with {} chunks here: ended after {took:.2?}", here.len());
}

/// Nobody is there to join by: the node goes on asking, says so, and stops when asked to.
#[test]
fn a_stop_ends_the_search_for_peers() {
    let scene = Scene::start(&Plan { accounts: 10, blocks: 2, rate: 0 });
    let joiner = scene.joiner("joiner", 9, Sync::Snapshot);
    drop(scene.servers);
    let process = joiner.launch();
    wait_for("search", || joiner.health().contains("joining: asking peers for a snapshot").then_some(()));
    let (code, took) = terminate(process);
    assert!(code == Some(0) && took < STOP_MAX, "{code:?} after {took:?}");
}

/// The disk is full in the middle of a join: the node says so with the code for disks, and goes on once there is room.
#[test]
fn a_full_disk_ends_a_join_clearly() {
    let Some(disk) = SmallDisk::mount(96) else { return };
    let scene = Scene::start(&Plan { accounts: 60_000, blocks: 20, rate: 0 });
    let joiner = scene.joiner_in(&disk.path().join("home"), 9, Sync::Snapshot);
    let filler = disk.fill(1 << 20);
    let mut process = joiner.launch();
    let status = wait_for("end", || process.0.try_wait().expect("a child"));
    let log = std::fs::read_to_string(&joiner.log).expect("a log");
    assert_eq!(status.code(), Some(EXIT_DISK), "{log}");
    let log = log.to_lowercase();
    assert!(log.contains("no space left") && log.contains("free space on the disk"), "{log}");
    let here = joiner.chunks();
    std::fs::remove_file(filler).expect("the filler");
    let process = joiner.launch();
    joiner.wait_for_root(&scene);
    assert!(here.iter().all(|chunk| joiner.chunks().contains(chunk)), "fetched again");
    assert_eq!(terminate(process).0, Some(0));
    assert_eq!(joiner.check()["sound"], true);
    println!("the disk was full with {} of {} chunks here", here.len(), joiner.chunks().len());
}
