//! Similar and external tasks, and a relay that is being removed, with the contract that knows of them.

use super::scene::{Scene, http, key, refusal};
use futures::future::join_all;
use hydrogen::client::{Wallet, task};
use hydrogen::relay::RelayLimits;
use hydrogen_offchain::calls;
use hydrogen_types::task::{
    BlobKind, Comparison, CreateTask, ExternalType, Outcome, TaskConfig, TaskState, TaskView,
};
use hydrogen_types::{Amount, Hash};

/// Gives the first eight bytes of a result as its fingerprint.
const FIRST_EIGHT: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\40\00\00\00\08\00\00\00")
    (func (export "_start")
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"#;

/// Creates a task; it is drawn when this returns.
async fn create(scene: &Scene, request: &CreateTask) -> TaskView {
    let wallet = Wallet::new(scene.chain(), scene.creator.clone());
    wallet.approve(calls::task_contract(), Amount::cnx(40)).await.expect("approves");
    let value = scene.send(&wallet, calls::create_task(request)).await;
    let id = u64::from_le_bytes(value.as_slice().try_into().expect("an id"));
    scene.task_in(id, TaskState::Started).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_similar_result_is_taken_if_its_bytes_give_what_their_node_revealed() {
    let scene = Scene::here(RelayLimits::default()).await;
    let relay = scene.client();
    let program = scene.program().await;
    let module = wat::parse_str(FIRST_EIGHT).expect("a module");
    let fingerprint = scene.file("fingerprint", &module).await;
    let args = scene.file("args", b"a b").await;
    let comparison = Comparison::Similar { threshold: 5, fingerprint: fingerprint.digest };
    let request = CreateTask { comparison, ..calls::program_task(program, b"a b", Amount::cnx(30)) };
    let view = create(&scene, &request).await;

    // Both programs have to be here.
    let early = relay.upload(&scene.creator, 1, BlobKind::Args, &args).await;
    assert_eq!(refusal(early), (424, "ProgramMissing".into(), false));
    relay.publish(&scene.creator, &fingerprint).await.expect("published");

    // Near enough to each other; but the first node says of its bytes what they are not.
    let results = [
        scene.file("one", b"abcdefgh, says the first").await,
        scene.file("two", b"abcdefgi, says the second").await,
        scene.file("three", b"abcdefgh, says the third").await,
    ];
    let outcome = |index: usize, fingerprint: &[u8]| Outcome::Result {
        digest: results[index].digest,
        fingerprint: fingerprint.to_vec(),
    };
    let outcomes = [outcome(0, b"abcdefgj"), outcome(1, b"abcdefgi"), outcome(2, b"abcdefgh")];
    let view = scene.validated(&view, &args, &outcomes).await;
    assert_eq!(view.uploader, Some(view.seats[0].node));
    let lie = relay.upload(&scene.node(&view, 0), 1, BlobKind::Result, &results[0]).await;
    assert_eq!(refusal(lie), (422, "FingerprintMismatch".into(), false));
    assert_eq!(scene.metric("hydrogen_relay_fingerprint_runs_total{reason=\"mismatch\"}").await, 1);

    // When everybody may upload, each of the others brings its own bytes; the one that reports is what counts.
    scene.advance(300_001).await;
    let second = relay.upload(&scene.node(&view, 1), 1, BlobKind::Result, &results[1]).await.expect("taken");
    relay.upload(&scene.node(&view, 2), 1, BlobKind::Result, &results[2]).await.expect("taken");
    let other = relay.upload(&scene.node(&view, 2), 1, BlobKind::Result, &results[1]).await;
    assert_eq!(refusal(other), (422, "HashMismatch".into(), false));
    assert_eq!(scene.metric("hydrogen_relay_fingerprint_runs_total{reason=\"match\"}").await, 2);
    let wallet = Wallet::new(scene.chain(), scene.node(&view, 1));
    scene.send(&wallet, calls::report_uploaded(1, &second)).await;
    scene.task_in(1, TaskState::Success).await;
    let to = scene.files.path().join("down");
    relay.download(&scene.creator, 1, BlobKind::Result, &results[1].digest, 100, &to).await.expect("served");
    assert_eq!(std::fs::read(&to).expect("reads"), b"abcdefgi, says the second");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_external_task_needs_no_program_here() {
    let scene = Scene::build(Some(RelayLimits::default()), 0).await;
    let owner = Wallet::new(scene.chain(), key(0));
    let config = task::config(&scene.chain()).await.expect("answers");
    let render = ExternalType { name: String::from("render"), timeout_ms_min: 60_000 };
    let config = TaskConfig { external_types: vec![render], ..config };
    scene.send(&owner, calls::set_config(&config)).await;
    let (stake, types) = (Amount::cnx(400), vec![String::from("render")]);
    let nodes = scene.funded(1, 3, 500).await;
    let (scene_ref, types) = (&scene, &types);
    join_all(nodes.iter().map(|node| async move {
        let wallet = Wallet::new(scene_ref.chain(), node.clone());
        wallet.approve(calls::task_contract(), stake).await.expect("approves");
        scene_ref.send(&wallet, calls::join(stake, Some(types.as_slice()))).await;
    }))
    .await;
    let request = CreateTask {
        program: None,
        external: Some(String::from("render")),
        ..calls::program_task(Hash::ZERO, b"a scene", Amount::cnx(30))
    };
    let view = create(&scene, &request).await;
    let args = scene.file("args", b"a scene").await;
    let receipt = scene.client().upload(&scene.creator, view.id, BlobKind::Args, &args).await.expect("taken");
    assert_eq!(receipt.body.digest, args.digest);
    scene.fetch_args(&nodes[0], view.id, &args).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_being_removed_serves_what_it_has_and_takes_nothing_new() {
    let limits = RelayLimits { sweep_interval_ms: 100, ..RelayLimits::default() };
    let scene = Scene::build(Some(limits), 6).await;
    let relay = scene.client();
    let registration = async || {
        let info = http().get(format!("{}/v1/info", scene.url)).send().await.expect("answers");
        let info: serde_json::Value =
            serde_json::from_str(&info.text().await.expect("a text")).expect("JSON");
        info["registration"].as_str().expect("a text").to_owned()
    };
    let program = scene.program().await;
    let args = scene.file("args", b"a b").await;
    scene.task(program, b"a b").await;
    scene.await_sweep().await;
    assert_eq!(registration().await, "registered");
    scene.send(&Wallet::new(scene.chain(), key(0)), calls::remove_relay(&key(5).address())).await;
    scene.task(program, b"a b").await;
    scene.await_sweep().await;
    assert_eq!(registration().await, "draining");
    relay.upload(&scene.creator, 1, BlobKind::Args, &args).await.expect("of before");
    let late = relay.upload(&scene.creator, 2, BlobKind::Args, &args).await;
    assert_eq!(refusal(late), (410, "Draining".into(), false));

    // Gone with the last task of before; what it has it still serves.
    scene.advance(200_000).await;
    scene.task_in(1, TaskState::Aborted).await;
    scene.await_sweep().await;
    assert_eq!(registration().await, "unknown");
    scene.fetch_args(&scene.creator, 1, &args).await;
}
