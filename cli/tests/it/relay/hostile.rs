//! Bytes that no client of ours sends: never a fault of the relay, never anything left behind.

use super::scene::{Dice, PATIENCE, Raw, Scene, fresh_nonce, http};
use futures::StreamExt;
use hydrogen::relay::RelayLimits;
use hydrogen_types::task::BlobKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ROUNDS: usize = 400;
const AT_A_TIME: usize = 16;

/// Sends bytes and hangs up its own side; the status of what comes back, 0 for nothing.
async fn send(authority: &str, bytes: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(authority).await.expect("connects");
    // The relay may have had enough before all is written.
    drop(stream.write_all(bytes).await);
    drop(stream.shutdown().await);
    let mut answer = Vec::new();
    drop(tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the relay closes"));
    let text = String::from_utf8_lossy(&answer);
    text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or(0)
}

/// Changes a few places of a request.
fn spoil(request: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = request.to_vec();
    for _ in 0..=dice.below(4) {
        let place = dice.below(bytes.len());
        match dice.below(5) {
            0 => bytes[place] = dice.next().to_le_bytes()[0],
            1 => drop(bytes.remove(place)),
            2 => bytes.insert(place, dice.next().to_le_bytes()[0]),
            3 => {
                // A piece again, somewhere else.
                let end = (place + dice.below(80)).min(bytes.len());
                let piece = bytes[place..end].to_vec();
                let to = dice.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => bytes.truncate(place.max(1)),
        }
        if bytes.is_empty() {
            bytes.push(b'G');
        }
    }
    bytes
}

/// Requests with headers that are well-formed HTTP and nothing else.
fn odd_headers(scene: &Scene, path: &str, dice: &mut Dice) -> Vec<u8> {
    let values: [&[u8]; 12] = [
        b"",
        b"sig1=",
        b"sig1=()",
        b"sig1=(\"@method\");created=1",
        b"sig1=(\"@method\" \"@authority\" \"@path\" \"@query\");created=99999999999999999999;nonce=\"\";keyid=\"0x\"",
        b"sig1=:AAAA:",
        b"sig1=::::",
        b"sha-256=:AAAA:",
        b"sha-256=::, sha-512=::",
        b"\xff\xfe\xfd",
        b"bytes=18446744073709551615-18446744073709551615",
        b"bytes=-18446744073709551616",
    ];
    let mut request = format!("POST {path} HTTP/1.1\r\nhost: {}\r\n", scene.authority()).into_bytes();
    for name in
        ["signature-input", "signature", "content-digest", "range", "if-range", "expect", "content-length"]
    {
        for _ in 0..dice.below(3) {
            request.extend(format!("{name}: ").bytes());
            request.extend(values[dice.below(values.len())]);
            request.extend(b"\r\n");
        }
    }
    request.extend(b"\r\nbody");
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bytes_bring_the_relay_down() {
    let limits = RelayLimits { head_timeout_ms: 2_000, idle_timeout_ms: 2_000, ..RelayLimits::default() };
    let scene = Scene::here(limits).await;
    let program = scene.program().await;
    let body = b"some words";
    scene.task(program, body).await;
    let mut dice = Dice::new(3);
    let mut requests = Vec::new();
    for round in 0..ROUNDS {
        let path =
            ["/v1/tasks/1/args", "/v1/tasks/1/result", "/v1/programs/0x00", "/v1/info", "/%ff%00", "//"];
        let path = path[dice.below(path.len())];
        requests.push(match round % 4 {
            0 => {
                let size = dice.below(600) + 1;
                dice.bytes(size)
            }
            1 => {
                let raw = Raw::post(&scene, path, body);
                spoil(&[raw.head(&scene.creator, body.len()).as_bytes(), body].concat(), &mut dice)
            }
            2 => {
                let raw = Raw { nonce: fresh_nonce(), ..Raw::get(&scene, path, "") };
                spoil(raw.head(&scene.creator, 0).as_bytes(), &mut dice)
            }
            _ => odd_headers(&scene, path, &mut dice),
        });
    }
    let chunked = format!(
        "POST /v1/tasks/1/args HTTP/1.1\r\nhost: {}\r\ntransfer-encoding: chunked\r\n",
        scene.authority()
    );
    requests.push(format!("{chunked}\r\nffffffffffffffff\r\nx").into_bytes());
    requests.push(format!("{chunked}content-length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n").into_bytes());
    let authority = &scene.authority();
    let answers = futures::stream::iter(&requests)
        .map(|request| async move {
            let status = send(authority, request).await;
            assert!(status < 500, "{status} for {:?}", String::from_utf8_lossy(request));
            status
        })
        .buffer_unordered(AT_A_TIME)
        .collect::<Vec<u16>>()
        .await;
    assert!(answers.iter().filter(|status| (400..500).contains(*status)).count() > ROUNDS / 4, "{answers:?}");

    assert_eq!(scene.metric("hydrogen_relay_panics_total").await, 0);
    assert_eq!(http().get(format!("{}/health", scene.url)).send().await.expect("answers").status(), 200);
    scene.await_no_pending().await;
    scene.await_metric("hydrogen_relay_transfers", |taken| taken == 0).await;
    let args = scene.file("args", body).await;
    scene.client().upload(&scene.creator, 1, BlobKind::Args, &args).await.expect("taken");
}
