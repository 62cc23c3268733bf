//! Results: who brings them, who gets them, how long they stay.

use super::scene::{PATIENCE, Raw, Scene, fresh_nonce, refusal};
use hydrogen::client::Wallet;
use hydrogen::relay::RelayLimits;
use hydrogen_offchain::calls;
use hydrogen_offchain::relay::ReceiptTerms;
use hydrogen_types::task::{BlobKind, Outcome, TaskState};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Keeps bytes for ten minutes of uptime, and looks often.
fn forgetful() -> RelayLimits {
    RelayLimits {
        sweep_interval_ms: 100,
        terms: ReceiptTerms { kept_ms: 600_000, ..ReceiptTerms::default() },
        ..RelayLimits::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_agreeing_node_gets_a_receipt_of_its_own_and_all_goes_when_the_task_has_ended() {
    let mut scene = Scene::here(forgetful()).await;
    let program = scene.program().await;
    let (args, result) = (scene.file("args", b"a b a").await, scene.file("result", b"a 2 b 1").await);
    let view = scene.task(program, b"a b a").await;
    let early = scene.client().upload(&scene.node(&view, 0), 1, BlobKind::Result, &result).await;
    assert_eq!(refusal(early), (404, "NotSeenYet".into(), true));
    let outcome = Outcome::Result { digest: result.digest, fingerprint: Vec::new() };
    let view = scene.validated(&view, &args, &[outcome.clone(), outcome.clone(), outcome]).await;
    let bring = async |scene: &Scene, round: usize| {
        scene.client().upload(&scene.node(&view, round), 1, BlobKind::Result, &result).await
    };

    // The uploader's time, then everybody's.
    assert_eq!(view.uploader, Some(view.seats[0].node));
    assert_eq!(refusal(bring(&scene, 1).await), (403, "Forbidden".into(), false));
    let first = bring(&scene, 0).await.expect("the uploader");
    assert_eq!(first.body.uploader, view.seats[0].node);
    scene.advance(300_001).await;
    let second = bring(&scene, 1).await.expect("everybody");
    assert_eq!(second.body.uploader, view.seats[1].node, "not the receipt of the first");
    assert_eq!(bring(&scene, 0).await.expect("again"), first);

    // The second one reports; the creator gets the result, and nobody else does.
    let wallet = Wallet::new(scene.chain(), scene.node(&view, 1));
    scene.send(&wallet, calls::report_uploaded(1, &second)).await;
    scene.task_in(1, TaskState::Success).await;
    let to = scene.files.path().join("down");
    let relay = scene.client();
    relay.download(&scene.creator, 1, BlobKind::Result, &result.digest, 100, &to).await.expect("served");
    assert_eq!(std::fs::read(&to).expect("reads"), b"a 2 b 1");
    let node = scene.node(&view, 0);
    let denied = relay.download(&node, 1, BlobKind::Result, &result.digest, 100, &to).await;
    assert_eq!(refusal(denied), (403, "Forbidden".into(), false));

    // Kept for as long as was promised, also across a stop; then gone, with its part of the quotas.
    assert_eq!(scene.blobs().len(), 4, "arguments, two results, a program: {:?}", scene.blobs());
    scene.await_sweep().await;
    scene.restart_with(forgetful()).await;
    scene.advance(500_000).await;
    scene.await_sweep().await;
    assert_eq!(scene.blobs().len(), 4);
    assert_eq!(scene.metric("hydrogen_relay_quota_bytes").await, 5 + 7 + 7);
    scene.advance(200_000).await;
    scene.await_metric("hydrogen_relay_removed_total{reason=\"task ended\"}", |count| count == 3).await;
    assert_eq!(scene.metric("hydrogen_relay_quota_bytes").await, 0);
    let names = scene.blobs();
    assert!(names.len() == 1 && names[0].starts_with("program-"), "{names:?}");
    let gone = relay.download(&scene.creator, 1, BlobKind::Result, &result.digest, 100, &to).await;
    assert_eq!(refusal(gone).0, 404);
    scene.stop().await;
}

/// The relay is away while the task ends and is removed from the chain.
#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_a_task_that_vanished_goes_too() {
    let mut scene = Scene::here(forgetful()).await;
    let program = scene.program().await;
    let args = scene.file("args", b"a b a").await;
    scene.task(program, b"a b a").await;
    scene.client().upload(&scene.creator, 1, BlobKind::Args, &args).await.expect("taken");
    scene.await_sweep().await;
    assert_eq!(scene.blobs().len(), 2);
    scene.stop().await;
    // Nobody told the contract of the receipt: the task is aborted, and removed a week later by another one's creation.
    scene.advance(200_000).await;
    scene.task_in(1, TaskState::Aborted).await;
    scene.advance(8 * 24 * 3_600_000).await;
    scene.task(program, b"other").await;
    let view = hydrogen::client::task::task(&scene.chain(), 1).await.expect("asks");
    assert!(view.is_none(), "the chain has forgotten it");
    scene.start_here(forgetful()).await;
    scene.await_sweep().await;
    assert_eq!(scene.blobs().len(), 2, "kept from when its end was noticed");
    scene.advance(600_000).await;
    scene.await_metric("hydrogen_relay_removed_total{reason=\"task ended\"}", |count| count == 1).await;
    assert_eq!(scene.blobs().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_beside_the_first_try_gets_the_same_receipt() {
    let scene = Scene::here(RelayLimits::default()).await;
    let program = scene.program().await;
    let bytes = vec![b'x'; 300_000];
    let args = scene.file("args", &bytes).await;
    scene.task(program, &bytes).await;
    let path = "/v1/tasks/1/args";

    // The first one is stuck half way.
    let raw = Raw::post(&scene, path, &bytes);
    let mut stuck = TcpStream::connect(scene.authority()).await.expect("connects");
    stuck.write_all(raw.head(&scene.creator, bytes.len()).as_bytes()).await.expect("writes");
    stuck.write_all(&bytes[..150_000]).await.expect("writes");
    let end = Instant::now() + PATIENCE;
    while scene.pending().is_empty() {
        assert!(Instant::now() < end, "the upload does not begin");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let receipt = scene.client().upload(&scene.creator, 1, BlobKind::Args, &args).await.expect("taken");
    stuck.write_all(&bytes[150_000..]).await.expect("writes");
    let mut answer = Vec::new();
    stuck.read_to_end(&mut answer).await.expect("reads");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
    assert!(head.starts_with("HTTP/1.1 200"), "{text}");
    assert_eq!(super::wire::receipt(&(200, body.as_bytes().to_vec())), receipt);

    // Several at once: one receipt.
    let again = (0..4).map(|_| async {
        scene.client().upload(&scene.creator, 1, BlobKind::Args, &args).await.expect("here already")
    });
    for other in futures::future::join_all(again).await {
        assert_eq!(other, receipt);
    }
    scene.await_no_pending().await;
    assert_eq!(scene.metric("hydrogen_relay_receipts_total").await, 1);
    assert_eq!(scene.metric("hydrogen_relay_quota_bytes").await, 300_000);
}

/// The client hangs up when its last byte is out: the bytes are kept all the same, and the next try finds the receipt.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_client_hangs_up_at_the_end_is_kept_or_leaves_nothing() {
    let scene = Scene::here(RelayLimits::default()).await;
    let program = scene.program().await;
    let bytes = vec![b'y'; 200_000];
    let args = scene.file("args", &bytes).await;
    scene.task(program, &bytes).await;
    for cut in [0, 1, 100_000, 199_999, 200_000] {
        let raw = Raw { nonce: fresh_nonce(), ..Raw::post(&scene, "/v1/tasks/1/args", &bytes) };
        let mut stream = TcpStream::connect(scene.authority()).await.expect("connects");
        stream.write_all(raw.head(&scene.creator, bytes.len()).as_bytes()).await.expect("writes");
        // The relay may have answered and hung up already, when an earlier try was kept.
        drop(stream.write_all(&bytes[..cut]).await);
        drop(stream);
    }
    scene.upload_patiently(&scene.creator, 1, &args).await;
    scene.fetch_args(&scene.creator, 1, &args).await;
    scene.await_metric("hydrogen_relay_transfers", |taken| taken == 0).await;
    scene.await_no_pending().await;
    // Each of the tries has given back what it did not keep.
    scene.await_metric("hydrogen_relay_quota_bytes", |bytes| bytes == 200_000).await;
    assert_eq!(scene.metric("hydrogen_relay_receipts_total").await, 1);
}
