//! A development chain, a relay and nodes that have joined but do not run: tasks stay where a test puts them.

use crate::support::{Dev, Running, hydrogen, module};
use futures::future::join_all;
use hydrogen::client::relay::{RelayClient, RelayClientError, Upload};
use hydrogen::client::{Client, Wallet, task};
use hydrogen::keys::dev_seed;
use hydrogen::relay::{Relay, RelayConfig, RelayHandle, RelayLimits};
use hydrogen_core::{NodeKeys, SecretKey};
use hydrogen_offchain::calls::{self, Call};
use hydrogen_offchain::signing::{RequestParts, SignatureHeaders, content_digest, sign_request};
use hydrogen_types::task::{BlobKind, Outcome, RelayReceipt, TaskState, TaskView, commitment};
use hydrogen_types::{Amount, Hash};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a test waits for what must come: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Scene {
    pub(crate) dev: Dev,
    pub(crate) home: tempfile::TempDir,
    pub(crate) relay: Option<Host>,
    pub(crate) url: String,
    pub(crate) files: tempfile::TempDir,
    pub(crate) creator: SecretKey,
    /// Keys of the nodes that have joined.
    pub(crate) nodes: Vec<SecretKey>,
}

/// Where the relay runs.
pub(crate) enum Host {
    Process(Running),
    Here(RelayHandle),
}

pub(crate) fn key(index: u32) -> SecretKey {
    NodeKeys::from_seed(dev_seed(index)).account
}

/// The `index`th of a group of accounts without money.
pub(crate) fn numbered(group: u8, index: usize) -> SecretKey {
    let mut seed = [group; 32];
    seed[..8].copy_from_slice(&(index as u64).to_le_bytes());
    SecretKey::from_seed(seed)
}

impl Scene {
    /// With the relay in a process of its own and three nodes.
    pub(crate) async fn start() -> Self {
        Self::build(None, 3).await
    }

    /// With the relay in this process, under `limits`, and three nodes.
    pub(crate) async fn here(limits: RelayLimits) -> Self {
        Self::build(Some(limits), 3).await
    }

    pub(crate) async fn build(limits: Option<RelayLimits>, nodes: usize) -> Self {
        let dev = tokio::task::spawn_blocking(Dev::start).await.expect("starts");
        let home = tempfile::tempdir().expect("a folder");
        let files = tempfile::tempdir().expect("a folder");
        let (relay, url) = (None, String::from("127.0.0.1:0"));
        let mut scene = Self { dev, home, relay, url, files, creator: key(6), nodes: Vec::new() };
        match limits {
            None => scene.start_process(),
            Some(limits) => scene.start_here(limits).await,
        }
        let owner = Wallet::new(scene.chain(), key(0));
        scene.send(&owner, calls::register_relay(&key(5).public(), &scene.url)).await;
        scene.nodes = scene.funded(1, nodes, 500).await;
        let stake = Amount::cnx(400);
        let scene_ref = &scene;
        join_all(scene.nodes.iter().map(|node| async move {
            let scene = scene_ref;
            let wallet = Wallet::new(scene.chain(), node.clone());
            wallet.approve(calls::task_contract(), stake).await.expect("approves");
            scene.send(&wallet, calls::join(stake, None)).await;
        }))
        .await;
        scene
    }

    /// New accounts with so much CNX.
    pub(crate) async fn funded(&self, group: u8, count: usize, cnx: u64) -> Vec<SecretKey> {
        let keys: Vec<SecretKey> = (0..count).map(|index| numbered(group, index)).collect();
        let chain = self.chain();
        for key in &keys {
            let params = json!([key.address().to_string(), Amount::cnx(cnx).get().to_string()]);
            let hash = chain.request("dev_fund", params).await.expect("funds");
            let hash = Hash::from_hex(hash.as_str().expect("a text")).expect("a hash");
            chain.await_receipt(&hash, PATIENCE).await.expect("is funded");
        }
        keys
    }

    /// Starts the relay as a process, where it was before if it was.
    pub(crate) fn start_process(&mut self) {
        let listen = self.url.trim_start_matches("http://").to_owned();
        let args = ["relay", "--key", "dev5", "--listen", &listen, "--rpc", &self.dev.rpc];
        let running = Running::start(hydrogen(self.home.path()).args(args));
        self.url = running.ready["url"].as_str().expect("a text").to_owned();
        self.relay = Some(Host::Process(running));
    }

    /// Starts the relay in this process, where it was before if it was.
    pub(crate) async fn start_here(&mut self, limits: RelayLimits) {
        let rpc = vec![self.dev.rpc.clone()];
        let relay = Relay::start(self.config(limits, rpc)).await.expect("starts");
        self.url = format!("http://{}", relay.address());
        assert_eq!(relay.id(), key(5).address());
        self.relay = Some(Host::Here(relay));
    }

    pub(crate) fn config(&self, limits: RelayLimits, rpc: Vec<String>) -> RelayConfig {
        let listen = self.url.trim_start_matches("http://").parse().expect("an address");
        let home = self.home.path().join("relay");
        RelayConfig { listen, public_url: None, rpc, home, key: key(5), limits }
    }

    /// Stops the relay in order.
    pub(crate) async fn stop(&mut self) {
        match self.relay.take() {
            Some(Host::Here(relay)) => relay.shutdown().await.expect("stops in order"),
            Some(Host::Process(running)) => drop(running),
            None => {}
        }
    }

    /// Other limits from now on; same address, same home.
    pub(crate) async fn restart_with(&mut self, limits: RelayLimits) {
        self.stop().await;
        self.start_here(limits).await;
    }

    pub(crate) fn kill_and_restart(&mut self) {
        drop(self.relay.take());
        self.start_process();
    }

    pub(crate) fn pid(&self) -> u32 {
        match &self.relay {
            Some(Host::Process(running)) => running.child.id(),
            _ => std::process::id(),
        }
    }

    pub(crate) fn authority(&self) -> String {
        self.url.trim_start_matches("http://").to_owned()
    }

    pub(crate) fn client(&self) -> RelayClient {
        RelayClient::new(&self.url).expect("a URL")
    }

    pub(crate) fn chain(&self) -> Client {
        Client::new(std::slice::from_ref(&self.dev.rpc)).expect("a URL")
    }

    pub(crate) async fn file(&self, name: &str, bytes: &[u8]) -> Upload {
        let path: PathBuf = self.files.path().join(name);
        std::fs::write(&path, bytes).expect("writes");
        Upload::of(&path).await.expect("reads")
    }

    /// Publishes the program that counts words.
    pub(crate) async fn program(&self) -> Hash {
        let program = Upload::of(&module("wordcount.wasm")).await.expect("reads");
        self.client().publish(&self.creator, &program).await.expect("published");
        program.digest
    }

    pub(crate) async fn send(&self, wallet: &Wallet, call: Call) -> Vec<u8> {
        let receipt = task::send(wallet, call).await.expect("is final");
        assert!(receipt.is_success(), "{}", receipt.reason());
        receipt.receipt.value
    }

    /// Creates a task for `program` on `args`; it is drawn when this returns.
    pub(crate) async fn task(&self, program: Hash, args: &[u8]) -> TaskView {
        self.task_of(&self.creator, program, args).await
    }

    pub(crate) async fn task_of(&self, creator: &SecretKey, program: Hash, args: &[u8]) -> TaskView {
        let wallet = Wallet::new(self.chain(), creator.clone());
        wallet.approve(calls::task_contract(), Amount::cnx(40)).await.expect("approves");
        let call = calls::create_task(&calls::program_task(program, args, Amount::cnx(30)));
        let value = self.send(&wallet, call).await;
        let id = u64::from_le_bytes(value.as_slice().try_into().expect("an id"));
        self.task_in(id, TaskState::Started).await
    }

    /// Waits until a task is in a state.
    pub(crate) async fn task_in(&self, id: u64, state: TaskState) -> TaskView {
        let end = Instant::now() + PATIENCE;
        loop {
            let view = task::task(&self.chain(), id).await.expect("asks").expect("is there");
            if view.state == state {
                return view;
            }
            assert!(Instant::now() < end, "task {id} is {:?}, not {state:?}", view.state);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The key of a node that has joined.
    pub(crate) fn node(&self, view: &TaskView, round: usize) -> SecretKey {
        let address = view.seats[round].node;
        self.nodes.iter().find(|key| key.address() == address).expect("one of ours").clone()
    }

    /// Brings a drawn task to `Validated`: arguments, then the panel's outcomes in rounds 0, 1, 2.
    pub(crate) async fn validated(
        &self,
        view: &TaskView,
        args: &Upload,
        outcomes: &[Outcome; 3],
    ) -> TaskView {
        let creator = Wallet::new(self.chain(), self.creator.clone());
        let receipt =
            self.client().upload(&self.creator, view.id, BlobKind::Args, args).await.expect("taken");
        self.send(&creator, calls::args_uploaded(view.id, &receipt)).await;
        let chain_id = self.chain().status().await.expect("answers").chain_id.0;
        let salt = [7; 32];
        for (round, outcome) in outcomes.iter().enumerate() {
            let node = self.node(view, round);
            let hash = commitment(&chain_id, view.id, &node.address(), outcome, &salt);
            self.send(&Wallet::new(self.chain(), node), calls::commit(view.id, &hash)).await;
        }
        for (round, outcome) in outcomes.iter().enumerate() {
            let wallet = Wallet::new(self.chain(), self.node(view, round));
            self.send(&wallet, calls::reveal(view.id, outcome, &salt)).await;
        }
        self.task_in(view.id, TaskState::Validated).await
    }

    /// Lets the chain's clock go on.
    pub(crate) async fn advance(&self, ms: u64) {
        self.chain().request("dev_advanceTime", json!([ms.to_string()])).await.expect("goes on");
        self.chain().request("dev_mine", json!(["1"])).await.expect("a block");
    }

    /// A metric's value; 0 if it was never set.
    pub(crate) async fn metric(&self, line: &str) -> u64 {
        let text = http().get(format!("{}/metrics", self.url)).send().await.expect("answers");
        let text = text.text().await.expect("a text");
        let found = text.lines().find_map(|row| row.strip_prefix(line)?.strip_prefix(' '));
        found.map_or(0, |value| value.trim().parse().expect("a number"))
    }

    /// Waits until a metric has a value.
    pub(crate) async fn await_metric(&self, line: &str, good: impl Fn(u64) -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            let value = self.metric(line).await;
            if good(value) {
                return;
            }
            assert!(Instant::now() < end, "{line} stays at {value}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until a sweep has begun and ended since now.
    pub(crate) async fn await_sweep(&self) {
        let done = "hydrogen_relay_sweeps_total{reason=\"done\"}";
        let before = self.metric(done).await;
        self.await_metric(done, |count| count > before + 1).await;
    }

    /// Names of the blobs on disk.
    pub(crate) fn blobs(&self) -> Vec<String> {
        names(&self.home.path().join("relay/blobs"))
    }

    /// Names of the files of uploads under way.
    pub(crate) fn pending(&self) -> Vec<String> {
        names(&self.home.path().join("relay/blobs/pending"))
    }

    pub(crate) async fn await_no_pending(&self) {
        let end = Instant::now() + PATIENCE;
        while !self.pending().is_empty() {
            assert!(Instant::now() < end, "{:?} stay", self.pending());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Fetches the arguments of a task; they are what they should be.
    pub(crate) async fn fetch_args(&self, reader: &SecretKey, task: u64, args: &Upload) {
        let to = self.files.path().join(format!("down-{task}"));
        let fetched =
            self.client().download(reader, task, BlobKind::Args, &args.digest, args.size, &to).await;
        assert_eq!(fetched.expect("served"), args.size);
        assert!(std::fs::read(&to).expect("reads") == std::fs::read(&args.path).expect("reads"));
    }

    /// Uploads arguments as a patient client does: again while it may help.
    pub(crate) async fn upload_patiently(
        &self,
        creator: &SecretKey,
        task: u64,
        args: &Upload,
    ) -> RelayReceipt {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.client().upload(creator, task, BlobKind::Args, args).await {
                Ok(receipt) => return receipt,
                Err(error) => assert!(error.is_transient() && Instant::now() < end, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| entry.path().is_file());
    let mut names: Vec<String> = files.map(|entry| entry.file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// What a refusal says: status, name, and whether to ask again.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, RelayClientError>) -> (u16, String, bool) {
    match answer {
        Err(RelayClientError::Refused { status, name, retry_after, .. }) => {
            (status, name, retry_after.is_some())
        }
        other => panic!("not a refusal: {other:?}"),
    }
}

pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// A nonce that this process has not used.
pub(crate) fn fresh_nonce() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
    format!("{nanos}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A signed request by hand, so that it can be spoilt.
pub(crate) struct Raw {
    pub(crate) method: reqwest::Method,
    pub(crate) path: String,
    pub(crate) created_s: u64,
    pub(crate) nonce: String,
    pub(crate) authority: String,
    pub(crate) body: Option<Vec<u8>>,
}

impl Raw {
    pub(crate) fn get(scene: &Scene, path: &str, nonce: &str) -> Self {
        let (method, nonce) = (reqwest::Method::GET, nonce.to_owned());
        Self {
            method,
            path: path.into(),
            created_s: now_s(),
            nonce,
            authority: scene.authority(),
            body: None,
        }
    }

    pub(crate) fn post(scene: &Scene, path: &str, body: &[u8]) -> Self {
        let method = reqwest::Method::POST;
        Self { method, body: Some(body.to_vec()), ..Self::get(scene, path, &fresh_nonce()) }
    }

    pub(crate) fn digest(&self) -> Option<String> {
        self.body.as_ref().map(|body| content_digest(&Hash::sha256(body)))
    }

    pub(crate) fn sign(&self, key: &SecretKey) -> SignatureHeaders {
        let digest = self.digest();
        let parts = RequestParts {
            method: self.method.as_str(),
            authority: &self.authority,
            path: &self.path,
            query: "",
            content_digest: digest.as_deref(),
        };
        sign_request(&parts, key, self.created_s, &self.nonce)
    }

    /// The head as it goes over the wire, for a body of `length` bytes.
    pub(crate) fn head(&self, key: &SecretKey, length: usize) -> String {
        let SignatureHeaders { signature_input, signature } = self.sign(key);
        let digest = self.digest().map(|digest| format!("content-digest: {digest}\r\n")).unwrap_or_default();
        format!(
            "{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {length}\r\nsignature-input: {signature_input}\r\n\
             signature: {signature}\r\n{digest}\r\n",
            self.method, self.path, self.authority
        )
    }

    /// The request, to be sent to `path` with `body`, which need not be what was signed.
    pub(crate) fn request(
        &self,
        scene: &Scene,
        key: &SecretKey,
        path: &str,
        body: Option<&[u8]>,
    ) -> reqwest::RequestBuilder {
        let headers = self.sign(key);
        let mut request = http()
            .request(self.method.clone(), format!("{}{path}", scene.url))
            .header("signature-input", headers.signature_input)
            .header("signature", headers.signature);
        if let Some(digest) = self.digest() {
            request = request.header("content-digest", digest);
        }
        if let Some(body) = body {
            request = request.body(body.to_vec());
        }
        request
    }

    pub(crate) async fn send(
        &self,
        scene: &Scene,
        key: &SecretKey,
        path: &str,
        body: Option<&[u8]>,
    ) -> (u16, String) {
        let response = self.request(scene, key, path, body).send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a text"))
    }
}

/// Numbers that look random and are the same for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).expect("small")
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..count.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).collect();
        bytes.truncate(count);
        bytes
    }
}
