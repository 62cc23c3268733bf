//! Bounds: quotas, slots, connections, disk, programs.

use super::scene::{Dice, PATIENCE, Raw, Scene, http, refusal};
use crate::support::module;
use hydrogen::client::relay::Upload;
use hydrogen::relay::RelayLimits;
use hydrogen_types::Hash;
use hydrogen_types::task::BlobKind;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An upload that is under way for as long as this lives.
struct Stuck(TcpStream);

impl Stuck {
    async fn start(scene: &Scene, task: u64, body: &[u8]) -> Self {
        let raw = Raw::post(scene, &format!("/v1/tasks/{task}/args"), body);
        let mut stream = TcpStream::connect(scene.authority()).await.expect("connects");
        stream.write_all(raw.head(&scene.creator, body.len()).as_bytes()).await.expect("writes");
        stream.write_all(&body[..body.len() / 2]).await.expect("writes");
        let end = Instant::now() + PATIENCE;
        while scene.pending().is_empty() {
            assert!(Instant::now() < end, "the upload does not begin");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Self(stream)
    }

    async fn break_off(self, scene: &Scene) {
        drop(self.0);
        scene.await_no_pending().await;
        scene.await_metric("hydrogen_relay_transfers", |taken| taken == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_keep_to_quotas_slots_and_the_room_on_disk() {
    let usual = RelayLimits::default;
    let mut scene = Scene::build(Some(usual()), 6).await;
    let program = scene.program().await;
    let (one, two) = (vec![1; 60_000], vec![2; 50_000]);
    let (first, second) = (scene.file("one", &one).await, scene.file("two", &two).await);
    scene.task(program, &one).await;
    scene.task(program, &two).await;
    let creator = scene.creator.clone();
    let bring = async |scene: &Scene, task: u64, file: &Upload| {
        scene.client().upload(&creator, task, BlobKind::Args, file).await
    };

    // Bytes under way count before they have come.
    scene.restart_with(RelayLimits { account_bytes_max: 100_000, ..usual() }).await;
    let stuck = Stuck::start(&scene, 1, &one).await;
    assert_eq!(refusal(bring(&scene, 2, &second).await), (413, "QuotaExceeded".into(), true));
    stuck.break_off(&scene).await;
    assert_eq!(scene.metric("hydrogen_relay_quota_bytes").await, 0);

    // So many uploads of one account.
    scene.restart_with(RelayLimits { account_uploads_max: 1, ..usual() }).await;
    let stuck = Stuck::start(&scene, 1, &one).await;
    assert_eq!(refusal(bring(&scene, 2, &second).await), (429, "TooManyUploads".into(), true));
    stuck.break_off(&scene).await;

    // So many transfers of all.
    scene.restart_with(RelayLimits { transfers_max: 1, ..usual() }).await;
    let stuck = Stuck::start(&scene, 1, &one).await;
    assert_eq!(refusal(bring(&scene, 2, &second).await), (503, "Busy".into(), true));
    let url = format!("{}/v1/programs/{program}", scene.url);
    assert_eq!(http().get(&url).send().await.expect("answers").status().as_u16(), 503);
    stuck.break_off(&scene).await;

    // The disk is not filled to the brim; what is served goes on.
    scene.restart_with(RelayLimits { free_bytes_min: u64::MAX, ..usual() }).await;
    assert_eq!(refusal(bring(&scene, 2, &second).await), (507, "DiskFull".into(), true));
    assert_eq!(http().get(&url).send().await.expect("answers").status().as_u16(), 200);
    assert_eq!(scene.pending(), Vec::<String>::new());

    // Larger than the relay takes at all.
    scene.restart_with(RelayLimits { body_bytes_max: 49_999, ..usual() }).await;
    assert_eq!(refusal(bring(&scene, 2, &second).await), (413, "TooLarge".into(), false));

    // None of it hurt: both are taken when there is room.
    scene.restart_with(RelayLimits { account_bytes_max: 110_000, ..usual() }).await;
    bring(&scene, 1, &first).await.expect("taken");
    bring(&scene, 2, &second).await.expect("taken");
    assert_eq!(scene.metric("hydrogen_relay_quota_bytes").await, 110_000);
    assert_eq!(scene.metric("hydrogen_relay_quota_bytes_most").await, 110_000);
    scene.restart_with(usual()).await;
    assert_eq!(scene.metric("hydrogen_relay_quota_bytes").await, 110_000, "known after a start");
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text)).await;
    drop(read.expect("the relay closes"));
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_counted_in_all_and_by_address() {
    for limits in [
        RelayLimits { connections_max: 3, ..RelayLimits::default() },
        RelayLimits { connections_per_address_max: 3, ..RelayLimits::default() },
    ] {
        let mut scene = Scene::build(Some(RelayLimits::default()), 0).await;
        scene.restart_with(limits).await;
        let mut idle = Vec::new();
        for _ in 0..3 {
            let mut stream = TcpStream::connect(scene.authority()).await.expect("connects");
            // Answered, and kept: it has been counted for sure.
            stream.write_all(b"GET /health HTTP/1.1\r\nhost: relay\r\n\r\n").await.expect("writes");
            assert!(stream.read(&mut [0; 1024]).await.expect("reads") > 0);
            idle.push(stream);
        }
        let mut fourth = TcpStream::connect(scene.authority()).await.expect("connects");
        let text = answer(&mut fourth).await;
        assert!(text.starts_with("HTTP/1.1 503") && text.contains("retry-after: "), "{text}");
        assert!(text.contains("TooManyConnections"), "{text}");
        drop(idle);
        let end = Instant::now() + PATIENCE;
        while http()
            .get(format!("{}/health", scene.url))
            .send()
            .await
            .is_ok_and(|answer| answer.status() != 200)
        {
            assert!(Instant::now() < end, "no connection is free again");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A module like `program`, with a section of `size` bytes more that changes nothing but its hash.
fn variant(program: &[u8], size: usize, seed: u64) -> Vec<u8> {
    let mut payload = vec![4, b'm', b'o', b'r', b'e'];
    payload.extend(Dice::new(seed).bytes(size));
    let mut module = program.to_vec();
    module.push(0);
    let mut length = payload.len();
    loop {
        let byte = u8::try_from(length & 0x7f).expect("seven bits");
        length >>= 7;
        module.push(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            break;
        }
    }
    module.extend(payload);
    module
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_go_by_last_use_but_not_while_an_open_task_names_them() {
    let base = std::fs::read(module("wordcount.wasm")).expect("reads");
    let size = base.len() as u64 + 20_000;
    // Room for three.
    let limits =
        RelayLimits { program_bytes_max: 3 * size + 1_000, sweep_interval_ms: 100, ..RelayLimits::default() };
    let scene = Scene::here(limits).await;
    let mut programs = Vec::new();
    for seed in 1..=5 {
        programs.push(scene.file(&format!("program-{seed}"), &variant(&base, 20_000, seed)).await);
    }
    let relay = scene.client();
    let publish = async |index: usize| relay.publish(&scene.creator, &programs[index]).await;
    let held = || -> Vec<bool> {
        let file =
            |program: &Upload| format!("program-{}", program.digest.to_string().trim_start_matches("0x"));
        programs.iter().map(|program| scene.blobs().contains(&file(program))).collect()
    };
    publish(0).await.expect("published");
    publish(0).await.expect("again is no harm");
    // A task names the first one.
    let args = scene.file("args", b"a b").await;
    scene.task(programs[0].digest, b"a b").await;
    relay.upload(&scene.creator, 1, BlobKind::Args, &args).await.expect("taken");
    publish(1).await.expect("published");
    publish(2).await.expect("published");
    // Use is noted to the second.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(relay.has_program(&programs[1].digest).await.expect("asks"));
    publish(3).await.expect("the third goes for it: the second was used since, the first is named");
    assert_eq!(held(), [true, true, false, true, false]);
    publish(4).await.expect("published");
    assert_eq!(held(), [true, false, false, true, true]);
    assert!(!relay.has_program(&programs[2].digest).await.expect("asks"));
    assert_eq!(scene.metric("hydrogen_relay_programs").await, 3);
    // Once the task has ended, its program is as good as any.
    scene.advance(200_000).await;
    scene.await_sweep().await;
    publish(2).await.expect("published");
    assert_eq!(held(), [false, false, true, true, true]);
    let to = scene.files.path().join("down");
    relay.program(&programs[2].digest, size + 100, &to).await.expect("served");
    assert_eq!(Hash::sha256(&std::fs::read(&to).expect("reads")), programs[2].digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_open_tasks_name_fills_the_budget_and_nothing_more_fits() {
    let base = std::fs::read(module("wordcount.wasm")).expect("reads");
    let size = base.len() as u64;
    let limits = RelayLimits { account_program_bytes_max: size + 100, ..RelayLimits::default() };
    let scene = Scene::here(limits).await;
    let program = scene.program().await;
    let args = scene.file("args", b"a b").await;
    scene.task(program, b"a b").await;
    let relay = scene.client();
    relay.upload(&scene.creator, 1, BlobKind::Args, &args).await.expect("taken");
    let other = scene.file("other", &variant(&base, 10, 1)).await;
    assert_eq!(refusal(relay.publish(&scene.creator, &other).await), (507, "ProgramsFull".into(), true));
    let large = scene.file("large", &variant(&base, 200, 1)).await;
    assert_eq!(refusal(relay.publish(&scene.creator, &large).await), (413, "TooLarge".into(), false));
    relay.publish(&super::scene::key(7), &other).await.expect("another account has a budget of its own");
}
