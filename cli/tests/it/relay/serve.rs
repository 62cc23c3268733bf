//! Ranges, tags, digests, heads: how blobs and programs are served.

use super::scene::{Dice, Raw, Scene, fresh_nonce, http};
use hydrogen::relay::RelayLimits;
use hydrogen_core::SecretKey;
use hydrogen_offchain::signing::content_digest;
use hydrogen_types::task::BlobKind;
use reqwest::{Method, Response};

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map_or(String::new(), |value| value.to_str().expect("text").to_owned())
}

async fn get(scene: &Scene, reader: &SecretKey, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Raw::get(scene, path, &fresh_nonce()).request(scene, reader, path, None);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_are_served_whole_in_parts_and_by_tag() {
    let scene = Scene::here(RelayLimits::default()).await;
    let program = scene.program().await;
    let bytes = Dice::new(1).bytes(100_000);
    let args = scene.file("args", &bytes).await;
    scene.task(program, &bytes).await;
    scene.client().upload(&scene.creator, 1, BlobKind::Args, &args).await.expect("taken");
    let path = "/v1/tasks/1/args";
    let reader = scene.node(&scene.task_in(1, hydrogen_types::task::TaskState::Started).await, 2);
    let fetch = async |headers: &[(&str, &str)]| get(&scene, &reader, path, headers).await;
    // Reads the body too: what is counted as sent is settled then.
    let status = async |headers: &[(&str, &str)]| {
        let answer = fetch(headers).await;
        let status = answer.status().as_u16();
        answer.bytes().await.expect("a body");
        status
    };

    let whole = fetch(&[]).await;
    let digest = content_digest(&args.digest);
    let tag = format!("\"{}\"", args.digest);
    assert_eq!(whole.status().as_u16(), 200);
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("content-length", "100000"),
        ("accept-ranges", "bytes"),
        ("etag", tag.as_str()),
        ("content-digest", digest.as_str()),
        ("repr-digest", digest.as_str()),
    ] {
        assert_eq!(header(&whole, name), value, "{name}");
    }
    assert!(whole.bytes().await.expect("a body") == bytes);

    for (range, start, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=17-4096", 17, 4097),
        ("bytes=99990-", 99_990, 100_000),
        ("bytes=-10", 99_990, 100_000),
        ("bytes=99999-200000", 99_999, 100_000),
        ("bytes=-200000", 0, 100_000),
    ] {
        let part = fetch(&[("range", range)]).await;
        assert_eq!(part.status().as_u16(), 206, "{range}");
        assert_eq!(header(&part, "content-range"), format!("bytes {start}-{}/100000", end - 1));
        assert_eq!(header(&part, "content-digest"), "", "the digest of the part is not known");
        assert_eq!(header(&part, "repr-digest"), digest);
        assert!(part.bytes().await.expect("a body") == bytes[start..end], "{range}");
    }
    for range in ["bytes=100000-", "bytes=100000-100001", "bytes=-0"] {
        let none = fetch(&[("range", range)]).await;
        assert_eq!((none.status().as_u16(), header(&none, "content-range")), (416, "bytes */100000".into()));
    }
    for range in ["bytes=5-3", "bytes=0-1,4-5", "bytes=x-", "chars=0-1", ""] {
        assert_eq!(status(&[("range", range)]).await, 200, "{range}: ignored");
    }

    // By tag: what is there already is not sent, and a range of something else is all of it.
    let same = fetch(&[("if-none-match", format!("\"other\", {tag}").as_str())]).await;
    assert_eq!((same.status().as_u16(), header(&same, "etag")), (304, tag.clone()));
    assert_eq!(status(&[("if-none-match", "\"other\"")]).await, 200);
    assert_eq!(status(&[("range", "bytes=0-9"), ("if-range", tag.as_str())]).await, 206);
    assert_eq!(status(&[("range", "bytes=0-9"), ("if-range", "\"other\"")]).await, 200);

    // HEAD says what GET would, and sends nothing.
    let sent = scene.metric("hydrogen_relay_sent_bytes_total").await;
    let raw = Raw { method: Method::HEAD, ..Raw::get(&scene, path, &fresh_nonce()) };
    let head = raw.request(&scene, &reader, path, None).send().await.expect("an answer");
    assert_eq!((head.status().as_u16(), header(&head, "content-length")), (200, "100000".into()));
    assert!(head.bytes().await.expect("a body").is_empty());
    assert_eq!(scene.metric("hydrogen_relay_sent_bytes_total").await, sent);

    // Programs go the same way, to anyone.
    let url = format!("{}/v1/programs/{program}", scene.url);
    let part = http().get(&url).header("range", "bytes=0-3").send().await.expect("an answer");
    assert_eq!(part.status().as_u16(), 206);
    assert_eq!(part.bytes().await.expect("a body").as_ref(), b"\0asm");
    assert_eq!(http().head(&url).send().await.expect("an answer").status().as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_says_what_it_is() {
    let mut scene = Scene::here(RelayLimits { body_bytes_max: 1_000, ..RelayLimits::default() }).await;
    let info = scene.client().info().await.expect("answers");
    assert_eq!(info["relay"], super::scene::key(5).address().to_string());
    assert_eq!(info["body_bytes_max"], "1000");
    assert_eq!(info["chain_id"], "dev");
    assert!(
        info["height"].as_str().is_some_and(|height| height.parse::<u64>().is_ok_and(|height| height > 0))
    );
    let health = http().get(format!("{}/health", scene.url)).send().await.expect("answers");
    assert_eq!(health.status().as_u16(), 200);
    for (path, status) in [("/v1/nothing", 404), ("/v1/tasks/x/args", 400), ("/v1/programs/0x12", 400)] {
        let answer = http().get(format!("{}{path}", scene.url)).send().await.expect("answers");
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
    let answer = http().delete(format!("{}/v1/tasks/1/args", scene.url)).send().await.expect("answers");
    assert_eq!(answer.status().as_u16(), 405);

    // Stopped in order, it may be started again at once, and is not taken for one that was killed.
    scene.stop().await;
    assert!(http().get(format!("{}/health", scene.url)).send().await.is_err(), "nobody listens");
    let before = Raw::get(&scene, "/v1/tasks/1/args", "once");
    scene.start_here(RelayLimits::default()).await;
    let (status, text) = before.send(&scene, &scene.creator, "/v1/tasks/1/args", None).await;
    assert!(status == 404 && text.contains("NotSeenYet"), "{status} {text}");
}
