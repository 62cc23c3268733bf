//! Signatures, nonces, states, hashes, and a `kill -9`.

use super::scene::{Raw, Scene, key, now_s, refusal};
use crate::support::module;
use hydrogen::client::relay::Upload;
use hydrogen_core::SecretKey;
use hydrogen_types::task::BlobKind;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn arguments_are_taken_once_drawn_from_their_creator_and_survive_a_kill() {
    let mut scene = Scene::start().await;
    let relay = scene.client();
    let args = scene.file("args", b"some words, some words").await;
    let other = scene.file("other", b"other words").await;
    let program = Upload::of(&module("wordcount.wasm")).await.expect("reads");
    let upload = async |scene: &Scene, key: &SecretKey, id: u64, file: &Upload| {
        scene.client().upload(key, id, BlobKind::Args, file).await
    };

    // Before the event was seen: ask again.
    assert_eq!(refusal(upload(&scene, &scene.creator, 1, &args).await), (404, "NotSeenYet".into(), true));
    let view = scene.task(program.digest, b"some words, some words").await;
    assert_eq!(view.id, 1);

    // The program comes first.
    assert_eq!(
        refusal(upload(&scene, &scene.creator, 1, &args).await),
        (424, "ProgramMissing".into(), false)
    );
    let text = scene.file("no-program", b"not a module").await;
    assert_eq!(refusal(relay.publish(&scene.creator, &text).await), (422, "BadProgram".into(), false));
    let stranger = SecretKey::from_seed([9; 32]);
    assert_eq!(refusal(relay.publish(&stranger, &program).await), (403, "DepositTooLow".into(), false));
    relay.publish(&scene.creator, &program).await.expect("published");

    // Other bytes, another account.
    assert_eq!(refusal(upload(&scene, &scene.creator, 1, &other).await), (422, "HashMismatch".into(), false));
    assert_eq!(refusal(upload(&scene, &key(7), 1, &args).await), (403, "Forbidden".into(), false));
    let result = relay.upload(&scene.creator, 1, BlobKind::Result, &args).await;
    assert_eq!(refusal(result), (403, "Forbidden".into(), false));

    // Taken; the same again gives the same receipt, also after a kill. Refusals are counted by name.
    let receipt = upload(&scene, &scene.creator, 1, &args).await.expect("taken");
    assert_eq!(receipt.body.digest, args.digest);
    assert_eq!(upload(&scene, &scene.creator, 1, &args).await.expect("again"), receipt);
    scene.kill_and_restart();
    // Requests from before an unclean end are refused: wait for the next second.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(upload(&scene, &scene.creator, 1, &args).await.expect("after a kill"), receipt);

    // Served to the creator and the panel, to nobody else.
    let to = scene.files.path().join("down");
    let panel = view.seats.first().expect("a panel").node;
    let member = scene.node(&view, 0);
    assert_eq!(member.address(), panel);
    for reader in [&scene.creator, &member] {
        let size =
            scene.client().download(reader, 1, BlobKind::Args, &args.digest, 100, &to).await.expect("served");
        assert_eq!(
            (size, std::fs::read(&to).expect("reads").as_slice()),
            (22, b"some words, some words".as_slice())
        );
    }
    let denied = scene.client().download(&key(7), 1, BlobKind::Args, &args.digest, 100, &to).await;
    assert_eq!(refusal(denied), (403, "Forbidden".into(), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_counts_once_for_whom_and_what_it_was_signed() {
    let mut scene = Scene::start().await;
    let program = Upload::of(&module("wordcount.wasm")).await.expect("reads");
    scene.client().publish(&scene.creator, &program).await.expect("published");
    let body = b"some words".to_vec();
    scene.task(program.digest, &body).await;
    let path = "/v1/tasks/1/args";
    let post = |nonce: &str, scene: &Scene| Raw { nonce: nonce.into(), ..Raw::post(scene, path, &body) };

    // A body that is not the one that was signed: refused, and nothing stays.
    let (status, text) = post("a", &scene).send(&scene, &scene.creator, path, Some(b"some wordz")).await;
    assert_eq!(status, 422, "{text}");
    let get = Raw::get(&scene, path, "b");
    assert_eq!(get.send(&scene, &scene.creator, path, None).await.0, 404);

    // Another path, another host, an old request, an unsigned one.
    let (status, text) =
        post("c", &scene).send(&scene, &scene.creator, "/v1/tasks/2/args", Some(&body)).await;
    assert!(status == 401 && text.contains("not one of"), "{status} {text}");
    let foreign = Raw { authority: "127.0.0.1:1".into(), ..post("d", &scene) };
    assert_eq!(foreign.send(&scene, &scene.creator, path, Some(&body)).await.0, 401);
    for created_s in [now_s() - 120, now_s() + 120] {
        let wrong = Raw { created_s, ..post("e", &scene) };
        let (status, text) = wrong.send(&scene, &scene.creator, path, Some(&body)).await;
        assert!(
            status == 401 && text.contains("ClockSkew") && text.contains(&created_s.to_string()),
            "{text}"
        );
    }
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let unsigned =
        http.post(format!("{}{path}", scene.url)).body(body.clone()).send().await.expect("an answer");
    assert_eq!(unsigned.status().as_u16(), 401);

    // Good once; sent again as it was, it is refused.
    let good = post("f", &scene);
    assert_eq!(good.send(&scene, &scene.creator, path, Some(&body)).await.0, 201);
    let (status, text) = good.send(&scene, &scene.creator, path, Some(&body)).await;
    assert!(status == 401 && text.contains("used before"), "{status} {text}");
    assert_eq!(post("g", &scene).send(&scene, &scene.creator, path, Some(&body)).await.0, 200);

    // Also across a kill: what was signed before is refused.
    let before = post("h", &scene);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    scene.kill_and_restart();
    let (status, text) = before.send(&scene, &scene.creator, path, Some(&body)).await;
    assert!(status == 401 && text.contains("before this relay started"), "{status} {text}");
}
