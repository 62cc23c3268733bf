//! The relay over real HTTP: signatures, nonces, states, hashes, and a `kill -9`.

use crate::support::{Dev, Running, hydrogen, module};
use hydrogen::client::relay::{RelayClient, RelayClientError, Upload};
use hydrogen::client::{Client, Wallet, task};
use hydrogen::keys::dev_seed;
use hydrogen_core::{NodeKeys, SecretKey};
use hydrogen_offchain::calls;
use hydrogen_offchain::signing::{RequestParts, content_digest, sign_request};
use hydrogen_types::task::{BlobKind, TaskState, TaskView};
use hydrogen_types::{Amount, Hash};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A development chain with a relay and three nodes that have joined but do not run: tasks stay where they are.
struct Scene {
    dev: Dev,
    relay_home: tempfile::TempDir,
    relay: Option<Running>,
    url: String,
    files: tempfile::TempDir,
    creator: SecretKey,
}

fn key(index: u32) -> SecretKey {
    NodeKeys::from_seed(dev_seed(index)).account
}

impl Scene {
    fn start() -> Self {
        let dev = Dev::start();
        let relay_home = tempfile::tempdir().expect("a folder");
        let relay = start_relay(&dev, relay_home.path(), "127.0.0.1:0");
        let text = |name: &str| relay.ready[name].as_str().expect("a text").to_owned();
        let (url, public) = (text("url"), text("key"));
        let args = format!(r#"{{"key": "{public}", "url": "{url}"}}"#);
        dev.ok(&["contract", "call", "task", "register_relay", &args, "--from", "dev0"]);
        for node in ["dev1", "dev2", "dev3"] {
            dev.ok(&["compute", "join", "--stake", "400", "--from", node]);
        }
        let files = tempfile::tempdir().expect("a folder");
        Self { dev, relay_home, relay: Some(relay), url, files, creator: key(6) }
    }

    fn client(&self) -> RelayClient {
        RelayClient::new(&self.url).expect("a URL")
    }

    fn chain(&self) -> Client {
        Client::new(std::slice::from_ref(&self.dev.rpc)).expect("a URL")
    }

    async fn file(&self, name: &str, bytes: &[u8]) -> Upload {
        let path: PathBuf = self.files.path().join(name);
        std::fs::write(&path, bytes).expect("writes");
        Upload::of(&path).await.expect("reads")
    }

    /// Creates a task for `program` on `args`; it is drawn when this returns.
    async fn task(&self, program: Hash, args: &[u8]) -> TaskView {
        let wallet = Wallet::new(self.chain(), self.creator.clone());
        wallet.approve(calls::task_contract(), Amount::cnx(40)).await.expect("approves");
        let call = calls::create_task(&calls::program_task(program, args, Amount::cnx(30)));
        let receipt = task::send(&wallet, call).await.expect("creates");
        assert!(receipt.is_success(), "{}", receipt.reason());
        let id = u64::from_le_bytes(receipt.receipt.value.as_slice().try_into().expect("an id"));
        self.chain().await_height(receipt.height().next(), Duration::from_secs(10)).await.expect("a block");
        let view = task::task(&self.chain(), id).await.expect("asks").expect("is there");
        assert_eq!(view.state, TaskState::Started);
        view
    }

    fn kill_and_restart(&mut self) {
        drop(self.relay.take());
        let address = self.url.strip_prefix("http://").expect("a URL").to_owned();
        self.relay = Some(start_relay(&self.dev, self.relay_home.path(), &address));
    }
}

fn start_relay(dev: &Dev, home: &Path, listen: &str) -> Running {
    let args = ["relay", "--key", "dev5", "--listen", listen, "--rpc", &dev.rpc];
    Running::start(hydrogen(home).args(args))
}

/// What a refusal says: status, name, and whether to ask again.
fn refusal<T: std::fmt::Debug>(answer: Result<T, RelayClientError>) -> (u16, String, bool) {
    match answer {
        Err(RelayClientError::Refused { status, name, retry_after, .. }) => {
            (status, name, retry_after.is_some())
        }
        other => panic!("not a refusal: {other:?}"),
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// A signed request by hand, so that it can be spoilt.
struct Raw {
    method: reqwest::Method,
    path: String,
    created_s: u64,
    nonce: String,
    authority: String,
    body: Option<Vec<u8>>,
}

impl Raw {
    fn get(scene: &Scene, path: &str, nonce: &str) -> Self {
        let authority = scene.url.strip_prefix("http://").expect("a URL").to_owned();
        let (method, nonce) = (reqwest::Method::GET, nonce.to_owned());
        Self { method, path: path.into(), created_s: now_s(), nonce, authority, body: None }
    }

    /// Sends it to `path` with `body`, which need not be what was signed.
    async fn send(&self, scene: &Scene, key: &SecretKey, path: &str, body: Option<&[u8]>) -> (u16, String) {
        let digest = self.body.as_ref().map(|body| content_digest(&Hash::sha256(body)));
        let parts = RequestParts {
            method: self.method.as_str(),
            authority: &self.authority,
            path: &self.path,
            query: "",
            content_digest: digest.as_deref(),
        };
        let headers = sign_request(&parts, key, self.created_s, &self.nonce);
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut request = http
            .request(self.method.clone(), format!("{}{path}", scene.url))
            .header("signature-input", headers.signature_input)
            .header("signature", headers.signature);
        if let Some(digest) = digest {
            request = request.header("content-digest", digest);
        }
        if let Some(body) = body {
            request = request.body(body.to_vec());
        }
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a text"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_are_taken_once_drawn_from_their_creator_and_survive_a_kill() {
    let mut scene = Scene::start();
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

    // Taken; the same again gives the same receipt, also after a kill.
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
    let member = (1..4).map(key).find(|key| key.address() == panel).expect("a node");
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
    let mut scene = Scene::start();
    let program = Upload::of(&module("wordcount.wasm")).await.expect("reads");
    scene.client().publish(&scene.creator, &program).await.expect("published");
    let body = b"some words".to_vec();
    scene.task(program.digest, &body).await;
    let path = "/v1/tasks/1/args";
    let post = |nonce: &str, scene: &Scene| Raw {
        method: reqwest::Method::POST,
        body: Some(body.clone()),
        ..Raw::get(scene, path, nonce)
    };

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
    let old = Raw { created_s: now_s() - 120, ..post("e", &scene) };
    assert_eq!(old.send(&scene, &scene.creator, path, Some(&body)).await.0, 401);
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
