//! A network that this process holds up.

use crate::client::{Client, Wallet, task};
use crate::failure::{Failure, Outcome};
use crate::keys::KeyFile;
use crate::shutdown::Shutdown;
use crate::testnet::build;
use crate::testnet::control::{self, Reply, Request};
use crate::testnet::options::UpOptions;
use crate::testnet::plan::{Plan, RoleKind};
use crate::testnet::supervisor::Supervisor;
use hydrogen_core::{NodeKeys, SecretKey};
use hydrogen_types::{Address, Height};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::UnixListener;

/// How long the network may take until it makes blocks and all have joined.
const READY_TIMEOUT: Duration = Duration::from_secs(90);
/// Between two looks at a role that is coming up.
const LOOK: Duration = Duration::from_millis(20);
/// Between two looks at roles that should be running.
const WATCH: Duration = Duration::from_millis(500);

/// A running network. Its owner stops it; dropped, it leaves child processes to end by themselves.
pub struct Network {
    supervisor: Supervisor,
    control: UnixListener,
    /// From the start to the first final block.
    pub first_block: Duration,
    /// From the start until all compute nodes had joined.
    pub joined: Duration,
}

impl Network {
    /// Makes or reopens the network in a folder and waits until it makes blocks and its compute nodes have joined.
    /// `say` hears how far it is.
    ///
    /// # Errors
    /// What is in the way. Nothing runs then.
    pub async fn up(options: &UpOptions, say: impl Fn(&str)) -> Outcome<Self> {
        let begin = Instant::now();
        let plan = build::open(options, &say)?;
        let control = control::listen(&options.dir)?;
        let supervisor = Supervisor::new(options.dir.clone(), plan);
        let (first_block, joined) = (Duration::ZERO, Duration::ZERO);
        let mut network = Self { supervisor, control, first_block, joined };
        match network.start_all(begin, &say).await {
            Ok(()) => Ok(network),
            Err(failure) => {
                network.stop().await;
                Err(failure)
            }
        }
    }

    async fn start_all(&mut self, begin: Instant, say: &impl Fn(&str)) -> Outcome {
        self.supervisor.set_holder(std::process::id())?;
        let names = |kind| -> Vec<String> {
            self.supervisor.plan().of_kind(kind).map(|role| role.name.clone()).collect()
        };
        let (validators, relays) = (names(RoleKind::Validator), names(RoleKind::Relay));
        let nodes = names(RoleKind::Compute);
        let accounts: Vec<Address> =
            self.plan().of_kind(RoleKind::Compute).map(|role| role.address.0).collect();
        let listening: Vec<_> = self.plan().of_kind(RoleKind::Relay).filter_map(|role| role.listen).collect();
        for name in &validators {
            self.supervisor.start(name)?;
        }
        let client = self.client()?;
        self.until("no block was made", async || height_of(&client).await > Height::GENESIS).await?;
        self.first_block = begin.elapsed();
        say(&format!("first block after {} ms", self.first_block.as_millis()));
        for name in relays.iter().chain(&nodes) {
            self.supervisor.start(name)?;
        }
        self.until("not all compute nodes joined", async || all_joined(&client, &accounts).await).await?;
        for relay in listening {
            self.until("a relay does not listen", async || {
                tokio::net::TcpStream::connect(relay).await.is_ok()
            })
            .await?;
        }
        self.joined = begin.elapsed();
        say(&format!("{} compute nodes joined after {} ms", nodes.len(), self.joined.as_millis()));
        Ok(())
    }

    /// Waits for a condition, and gives up when a role ends or the time is over.
    async fn until(&mut self, otherwise: &str, ready: impl AsyncFn() -> bool) -> Outcome {
        let end = Instant::now() + READY_TIMEOUT;
        loop {
            if ready().await {
                return Ok(());
            }
            if let Some((name, reason)) = self.supervisor.reap().into_iter().next() {
                return Err(Failure::new(format!("{name} ended: {reason}")));
            }
            if Instant::now() > end {
                return Err(Failure::new(format!("{otherwise} within {} s", READY_TIMEOUT.as_secs()))
                    .hint("run it again with --log info to see more"));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Serves the control socket until told to end, or asked to by a command. `say` hears of roles that end by
    /// themselves.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn hold(&mut self, shutdown: Shutdown, say: impl Fn(&str)) -> Outcome {
        let mut watch = tokio::time::interval(WATCH);
        loop {
            let stream = tokio::select! {
                () = shutdown.clone().wait() => return Ok(()),
                _ = watch.tick() => {
                    for (name, reason) in self.supervisor.reap() {
                        say(&format!("{name} ended: {reason}"));
                    }
                    continue;
                }
                stream = control::accept(&self.control) => stream?,
            };
            let Some(asked) = control::read(stream).await else { continue };
            let down = matches!(asked.request, Request::Down);
            let done = match &asked.request {
                Request::Status => Ok(()),
                Request::Stop { name } => self.stop_role(name).await,
                Request::Start { name } => self.start_role(name),
                Request::AddNode => self.add_node().await,
                Request::Down => {
                    self.supervisor.stop_all().await;
                    Ok(())
                }
            };
            let error = done.err().map(|failure| failure.to_string());
            asked.answer(&Reply { error, roles: self.supervisor.status() }).await;
            if down {
                return Ok(());
            }
        }
    }

    /// Everything there is to know about it.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        self.supervisor.plan()
    }

    /// Its folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.supervisor.dir()
    }

    /// A client of all validators.
    ///
    /// # Errors
    /// Never with a plan that was built here.
    pub fn client(&self) -> Outcome<Client> {
        Ok(Client::new(&self.plan().rpc)?)
    }

    /// The account key of this name, such as `app` or `faucet`.
    ///
    /// # Errors
    /// When there is none.
    pub fn account_key(&self, name: &str) -> Outcome<SecretKey> {
        let key = KeyFile::read(&self.dir().join("keys").join(format!("{name}.json")))?;
        let seed = key.seed(|| Err(Failure::new("keys of a test network are in clear")))?;
        Ok(NodeKeys::from_seed(*seed).account)
    }

    /// Stops one role.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn stop_role(&mut self, name: &str) -> Outcome {
        self.supervisor.stop(name).await
    }

    /// Starts one role again.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn start_role(&mut self, name: &str) -> Outcome {
        self.supervisor.start(name)
    }

    /// Makes one more compute node, gives it CNX from the faucet, and starts it.
    ///
    /// # Errors
    /// When there are too many, or the faucet cannot pay.
    pub async fn add_node(&mut self) -> Outcome {
        let (role, key, amount) = build::one_more_node(self.dir(), self.plan())?;
        let (name, address) = (role.name.clone(), role.address.0);
        self.supervisor.add(role, key)?;
        let receipt =
            Wallet::new(self.client()?, self.account_key("faucet")?).transfer(address, amount).await?;
        if !receipt.is_success() {
            return Err(Failure::new(format!("the faucet did not pay {name}: {}", receipt.reason())));
        }
        self.supervisor.start(&name)
    }

    /// Stops all roles and waits for them.
    pub async fn stop(mut self) {
        self.supervisor.stop_all().await;
    }
}

async fn height_of(client: &Client) -> Height {
    client.status_once().await.map_or(Height::GENESIS, |status| status.height.0)
}

/// Whether the contract knows all these compute nodes, as it goes on to after it has removed some; one that does not
/// answer knows none.
async fn all_joined(client: &Client, accounts: &[Address]) -> bool {
    for account in accounts {
        if !matches!(task::node(client, account).await, Ok(Some(_))) {
            return false;
        }
    }
    true
}
