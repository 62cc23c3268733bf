//! Clients that are slow, silent or long-winded.

use super::scene::{PATIENCE, Raw, Scene, fresh_nonce};
use hydrogen::relay::RelayLimits;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn impatient() -> RelayLimits {
    RelayLimits {
        head_timeout_ms: 2_000,
        idle_timeout_ms: 2_000,
        rate_min: 64 << 10,
        ..RelayLimits::default()
    }
}

/// All that comes until the relay closes.
async fn read_all(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text)).await;
    // A reset closes, too.
    drop(read.expect("the relay closes"));
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_holds_a_connection_without_using_it() {
    let scene = Scene::build(Some(impatient()), 0).await;
    let connect = async || TcpStream::connect(scene.authority()).await.expect("connects");
    // Nothing, half a request line, a request and then nothing.
    for sent in [
        "",
        "GET /hea",
        "GET /health HTTP/1.1\r\nhost: relay\r\nx-more:",
        "GET /health HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let mut stream = connect().await;
        stream.write_all(sent.as_bytes()).await.expect("writes");
        let text = read_all(&mut stream).await;
        assert_eq!(text.starts_with("HTTP/1.1 200"), sent.ends_with("\r\n\r\n"), "{sent:?}: {text}");
    }
    // A head that does not end in time although something comes all the time.
    let mut stream = connect().await;
    let start = Instant::now();
    stream.write_all(b"GET /health HTTP/1.1\r\n").await.expect("writes");
    while stream.write_all(b"x-a: b\r\n").await.is_ok() {
        assert!(start.elapsed() < PATIENCE, "the relay reads on");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    scene.await_metric("hydrogen_relay_connections", |open| open <= 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_have_bounds() {
    let scene = Scene::build(Some(RelayLimits::default()), 0).await;
    let long_path = format!("GET /{} HTTP/1.1\r\nhost: relay\r\n\r\n", "a".repeat(100_000));
    let long_header = format!("GET /health HTTP/1.1\r\nhost: relay\r\nx-a: {}\r\n\r\n", "a".repeat(100_000));
    let many = format!("GET /health HTTP/1.1\r\nhost: relay\r\n{}\r\n", "x-a: b\r\n".repeat(100));
    for request in [long_path, long_header, many] {
        let mut stream = TcpStream::connect(scene.authority()).await.expect("connects");
        // The relay may close before it has read all.
        drop(stream.write_all(request.as_bytes()).await);
        let text = read_all(&mut stream).await;
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
    assert_eq!(scene.metric("hydrogen_relay_panics_total").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stalls_or_trickles_is_given_up_and_leaves_nothing() {
    let scene = Scene::here(impatient()).await;
    let bytes = vec![3; 500_000];
    let program = scene.program().await;
    scene.task(program, &bytes).await;
    let start = async || {
        let raw = Raw { nonce: fresh_nonce(), ..Raw::post(&scene, "/v1/tasks/1/args", &bytes) };
        let mut stream = TcpStream::connect(scene.authority()).await.expect("connects");
        stream.write_all(raw.head(&scene.creator, bytes.len()).as_bytes()).await.expect("writes");
        stream.write_all(&bytes[..1_000]).await.expect("writes");
        stream
    };
    let mut stalled = start().await;
    let text = read_all(&mut stalled).await;
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("TooSlow"), "{text}");
    assert!(text.contains("retry-after: "), "{text}");

    let trickling = start().await;
    let (mut reading, mut writing) = trickling.into_split();
    let trickle = async {
        let end = Instant::now() + PATIENCE;
        while writing.write_all(&[3; 100]).await.is_ok() && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let read = async {
        let mut text = vec![0; 2_048];
        let size = reading.read(&mut text).await.unwrap_or(0);
        String::from_utf8_lossy(&text[..size]).into_owned()
    };
    let mut read = std::pin::pin!(read);
    let text = tokio::select! {
        biased;
        text = read.as_mut() => text,
        () = trickle => tokio::time::timeout(PATIENCE, read).await.expect("it ends"),
    };
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("bytes a second"), "{text}");
    scene.await_no_pending().await;
    scene.await_metric("hydrogen_relay_transfers", |taken| taken == 0).await;
    assert_eq!(scene.metric("hydrogen_relay_quota_bytes").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_nobody_reads_is_given_up() {
    let scene = Scene::here(impatient()).await;
    let bytes = vec![4; 30 << 20];
    let program = scene.program().await;
    scene.task(program, &bytes).await;
    let args = scene.file("args", &bytes).await;
    scene.upload_patiently(&scene.creator, 1, &args).await;
    let raw = Raw::get(&scene, "/v1/tasks/1/args", &fresh_nonce());
    let mut stream = TcpStream::connect(scene.authority()).await.expect("connects");
    stream.write_all(raw.head(&scene.creator, 0).as_bytes()).await.expect("writes");
    stream.read_exact(&mut [0; 12]).await.expect("it begins");
    scene.await_metric("hydrogen_relay_transfers", |taken| taken == 0).await;
    let sent = scene.metric("hydrogen_relay_sent_bytes_total").await;
    assert!(sent < 30 << 20, "{sent} bytes: the socket took all of it");
    // What was cut off is not taken for the whole.
    let mut rest = Vec::new();
    drop(tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("closed"));
    assert!(rest.len() < 30 << 20);
}
