//! A disk that is really full.
//!
//! On demand: `HYDROGEN_RELAY_DISK` names a folder on a file system of 32 MiB, made by
//! `mount -t tmpfs -o size=32m tmpfs DIR`. Without it the test does nothing; what the gate can do without such a file
//! system is in `limits` (a bound on the free room) and in the crate's own tests (the kernel's error).

use super::scene::{Raw, Scene, refusal};
use hydrogen::relay::RelayLimits;
use hydrogen_types::task::BlobKind;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_what_does_not_fit_and_keeps_the_rest() {
    let Some(disk) = std::env::var_os("HYDROGEN_RELAY_DISK") else { return };
    // To the last byte: the system has to say no, not our own bound.
    let limits = || RelayLimits { free_bytes_min: 0, ..RelayLimits::default() };
    let mut scene = Scene::build(Some(limits()), 9).await;
    scene.stop().await;
    scene.home = tempfile::tempdir_in(disk).expect("a folder");
    scene.start_here(limits()).await;
    let program = scene.program().await;
    let mut files = Vec::new();
    for (index, size) in [12 << 20, 14 << 20, 1 << 10].into_iter().enumerate() {
        let bytes = vec![u8::try_from(index).expect("small"); size];
        files.push(scene.file(&format!("args-{index}"), &bytes).await);
        scene.task(program, &bytes).await;
    }
    let relay = scene.client();
    relay.upload(&scene.creator, 1, BlobKind::Args, &files[0]).await.expect("fits");
    let refused = relay.upload(&scene.creator, 2, BlobKind::Args, &files[1]).await;
    assert_eq!(refusal(refused), (507, "DiskFull".into(), true));
    // Without an announced size the relay learns it from the system, in the middle.
    let path = "/v1/tasks/2/args";
    let bytes = std::fs::read(&files[1].path).expect("reads");
    let pieces: Vec<_> =
        bytes.chunks(64 << 10).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
    let request = Raw::post(&scene, path, &bytes).request(&scene, &scene.creator, path, None);
    let request = request.body(reqwest::Body::wrap_stream(futures::stream::iter(pieces)));
    let answer = request.send().await.expect("an answer");
    let (status, text) = (answer.status().as_u16(), answer.text().await.expect("a text"));
    println!("{status} {text}");
    assert!(status == 507 && text.contains("the relay's disk is full"), "{status} {text}");
    scene.await_no_pending().await;
    scene.await_metric("hydrogen_relay_transfers", |taken| taken == 0).await;
    assert_eq!(scene.metric("hydrogen_relay_quota_bytes").await, 12 << 20);
    relay.upload(&scene.creator, 3, BlobKind::Args, &files[2]).await.expect("fits");
    // All that has a receipt is there, also after a start.
    scene.restart_with(limits()).await;
    scene.fetch_args(&scene.creator, 1, &files[0]).await;
    scene.fetch_args(&scene.creator, 3, &files[2]).await;
    scene.stop().await;
}
