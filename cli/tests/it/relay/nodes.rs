//! The nodes a relay asks: away, behind, set back, of another chain.

use super::scene::{Host, Raw, Scene, fresh_nonce, http, refusal};
use crate::support::{Running, hydrogen};
use hydrogen::relay::{Relay, RelayError, RelayLimits};
use hydrogen_types::task::BlobKind;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_away_is_passed_over() {
    let mut scene = Scene::here(RelayLimits::default()).await;
    let program = scene.program().await;
    let args = scene.file("args", b"a b").await;
    scene.task(program, b"a b").await;
    scene.stop().await;
    // Nobody listens at the first one.
    let rpc = vec![String::from("http://127.0.0.1:9"), scene.dev.rpc.clone()];
    let relay = Relay::start(scene.config(RelayLimits::default(), rpc)).await.expect("starts");
    scene.relay = Some(Host::Here(relay));
    scene.client().upload(&scene.creator, 1, BlobKind::Args, &args).await.expect("taken");
    let fault = "hydrogen_relay_node_faults_total{reason=\"NodeUnreachable\"}";
    assert!(scene.metric(fault).await > 0);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_goes_back_is_not_believed() {
    let mut scene = Scene::here(RelayLimits::default()).await;
    let program = scene.program().await;
    let args = scene.file("args", b"a b").await;
    scene.task(program, b"a b").await;
    let receipt = scene.client().upload(&scene.creator, 1, BlobKind::Args, &args).await.expect("taken");
    let snapshot = scene.chain().request("dev_snapshot", json!([])).await.expect("taken");
    scene.chain().request("dev_mine", json!(["5"])).await.expect("mines");
    // Seen by the relay.
    scene.fetch_args(&scene.creator, 1, &args).await;
    scene.chain().request("dev_revert", json!([snapshot])).await.expect("goes back");
    let path = "/v1/tasks/1/args";
    let raw = Raw::get(&scene, path, &fresh_nonce());
    let (status, text) = raw.send(&scene, &scene.creator, path, None).await;
    let height = scene.chain().status().await.expect("answers").height.0.get();
    assert!(status == 503 && text.contains("NodeBehind"), "{status} {text}");
    assert!(text.contains(&format!("is at height {height}, this relay has seen {}", height + 5)), "{text}");
    // Also after a start: the height is remembered. Once the chain is past it, all is well.
    scene.stop().await;
    let config = scene.config(RelayLimits::default(), vec![scene.dev.rpc.clone()]);
    let chain = scene.chain();
    let mine = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        chain.request("dev_mine", json!(["5"])).await.expect("mines");
    };
    let (started, ()) = tokio::join!(Relay::start(config), mine);
    scene.relay = Some(Host::Here(started.expect("the start waits for it")));
    let again = scene.client().upload(&scene.creator, 1, BlobKind::Args, &args).await.expect("served");
    assert_eq!(again, receipt);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_is_not_followed() {
    let mut scene = Scene::here(RelayLimits::default()).await;
    let args = scene.file("args", b"a b").await;
    scene.client().info().await.expect("answers");
    // Another chain comes up at the same address.
    let port = scene.dev.rpc.rsplit(':').next().expect("a port").to_owned();
    let other_home = tempfile::tempdir().expect("a folder");
    scene.dev.process.child.kill().expect("ends");
    scene.dev.process.child.wait().expect("ended");
    let away = scene.client().upload(&scene.creator, 1, BlobKind::Args, &args).await;
    assert_eq!(refusal(away), (503, "NodeUnreachable".into(), true));
    let other = Running::start(hydrogen(other_home.path()).args(["dev", "--port", &port]));
    let refused = scene.client().upload(&scene.creator, 1, BlobKind::Args, &args).await;
    let text = format!("{refused:?}");
    assert_eq!(refusal(refused), (503, "NodeOfOtherChain".into(), true));
    assert!(
        text.contains("follows chain dev 0x") && text.contains("this relay serves chain dev 0x"),
        "{text}"
    );
    // Nor does a start with the same home.
    scene.stop().await;
    let config = scene.config(RelayLimits::default(), vec![scene.dev.rpc.clone()]);
    assert!(matches!(Relay::bind(config).await.err(), Some(RelayError::OtherChain { .. })));
    drop(other);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_the_contract_does_not_know_takes_nothing() {
    let mut scene = Scene::here(RelayLimits::default()).await;
    let program = scene.program().await;
    let args = scene.file("args", b"a b").await;
    scene.task(program, b"a b").await;
    scene.stop().await;
    let home = tempfile::tempdir().expect("a folder");
    let mut config = scene.config(RelayLimits::default(), vec![scene.dev.rpc.clone()]);
    config.home = home.path().to_owned();
    config.key = super::scene::key(7);
    let stranger = Relay::start(config).await.expect("starts");
    scene.program().await;
    let refused = scene.client().upload(&scene.creator, 1, BlobKind::Args, &args).await;
    assert_eq!(refusal(refused), (503, "NotRegistered".into(), true));
    let info = http().get(format!("{}/v1/info", scene.url)).send().await.expect("answers");
    assert!(info.text().await.expect("a text").contains("\"registration\":\"unknown\""));
    stranger.shutdown().await.expect("stops");
}

/// Two relays on one home would give receipts for each other's blobs.
#[tokio::test(flavor = "multi_thread")]
async fn a_home_has_one_relay() {
    let scene = Scene::build(Some(RelayLimits::default()), 0).await;
    let mut config = scene.config(RelayLimits::default(), vec![scene.dev.rpc.clone()]);
    config.listen = "127.0.0.1:0".parse().expect("an address");
    assert!(matches!(Relay::bind(config).await.err(), Some(RelayError::Index(_))));
}
