//! Subscriptions over WebSocket, spoken by hand so that the test depends on no client of ours.

use crate::support::{Dev, module};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A WebSocket that sends short texts and reads whole frames.
struct Socket(TcpStream);

impl Socket {
    fn open(rpc: &str) -> Self {
        let host = rpc.strip_prefix("http://").expect("an address");
        let mut stream = TcpStream::connect(host).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("an answer");
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        Self(stream)
    }

    fn send(&mut self, method: &str, params: &Value) {
        let text = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let length = u16::try_from(text.len()).expect("short");
        // A masked text frame whose mask is zero.
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend(length.to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).expect("sent");
    }

    fn next(&mut self) -> Value {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).expect("a frame");
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.0.read_exact(&mut length).expect("a length");
                usize::from(u16::from_be_bytes(length))
            }
            short => usize::from(short),
        };
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a body");
        serde_json::from_slice(&body).expect("JSON")
    }

    /// The next notification's content.
    fn notified(&mut self) -> Value {
        self.next()["params"]["result"].take()
    }
}

#[test]
fn blocks_and_events_resume_from_a_height_and_go_on_live() {
    let dev = Dev::start();
    let counter = module("counter.wasm");
    let counter = counter.to_str().expect("a path");
    let deployed = dev.ok(&["contract", "deploy", counter, r#"{"start": "0"}"#, "--from", "dev0"]);
    let contract = deployed["contract"].as_str().expect("an address").to_owned();
    let increment = |by: &str| {
        let args = format!("{{\"by\": \"{by}\"}}");
        dev.ok(&["contract", "call", &contract, "increment", &args, "--from", "dev1"])["height"].clone()
    };
    let first = increment("1");

    let mut blocks = Socket::open(&dev.rpc);
    blocks.send("blocks_subscribe", &json!({"from_height": "1"}));
    assert!(blocks.next()["result"].is_number());
    let mut events = Socket::open(&dev.rpc);
    events.send(
        "events_subscribe",
        &json!({"contract": contract, "name": "Incremented", "from_height": first}),
    );
    assert!(events.next()["result"].is_number());

    let second = increment("2");
    let heights: Vec<Value> = (0..4).map(|_| blocks.notified()["header"]["height"].clone()).collect();
    assert_eq!(json!(heights), json!(["1", "2", "3", "4"]));
    for (height, by) in [(first, "1"), (second, "2")] {
        let event = events.notified();
        assert_eq!(event["height"], height);
        assert_eq!(event["event"]["attributes"][0], json!({"name": "by", "type": "u64", "value": by}));
    }
}

#[test]
fn a_bad_filter_is_refused() {
    let dev = Dev::start();
    let mut socket = Socket::open(&dev.rpc);
    socket.send("events_subscribe", &json!({"contract": "cnx1nonsense"}));
    let message = socket.next()["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("`cnx1nonsense`: not an address"), "{message}");
}
