//! `testnet.json`: everything there is to know about a network, for people and for its own roles.

use crate::failure::{Failure, Outcome};
use crate::rpc::text::Text;
use hydrogen_offchain::personas::{Actor, Persona};
use hydrogen_types::{Address, Hash};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::Path;

/// The plan's file in the network's folder.
const FILE: &str = "testnet.json";
/// Version of the plan.
const VERSION: u32 = 2;
/// Largest plan read.
const PLAN_BYTES_MAX: u64 = 1 << 20;

/// A network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// Version of this file.
    pub version: u32,
    /// The chain.
    pub chain_id: String,
    /// Its identity.
    pub genesis: Text<Hash>,
    /// RPC URLs of all validators.
    pub rpc: Vec<String>,
    /// URLs of all relays.
    pub relays: Vec<String>,
    /// One process a role.
    pub processes: bool,
    /// Process that holds the network up, while it does.
    pub pid: Option<u32>,
    /// Validators, relays, compute nodes.
    pub roles: Vec<Role>,
    /// Keys by name, in `keys/NAME.json`, all in clear.
    pub keys: Vec<Key>,
}

/// A key of the network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Key {
    /// Name that commands take as `--from`.
    pub name: String,
    /// Its account.
    pub address: Text<Address>,
}

/// One process of the network, or what would be one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Role {
    /// Name: its folder, its key.
    pub name: String,
    /// What it is.
    pub kind: RoleKind,
    /// Its account.
    pub address: Text<Address>,
    /// Where it listens for clients: a validator's RPC, a relay's HTTP.
    pub listen: Option<SocketAddr>,
    /// Where peers connect.
    pub p2p: Option<String>,
    /// How a compute node behaves: the name of a persona.
    pub persona: Option<String>,
    /// Its process, while it runs.
    pub pid: Option<u32>,
}

impl Role {
    /// The name of its persona, unless it is honest.
    #[must_use]
    pub fn misbehaviour(&self) -> Option<&str> {
        self.persona.as_deref().filter(|name| *name != Persona::Honest.name())
    }

    /// What a compute node is; other roles are honest.
    fn persona(&self) -> Outcome<Persona> {
        let name = self.persona.as_deref().unwrap_or(Persona::Honest.name());
        Persona::from_name(name).ok_or_else(|| Failure::new(format!("no compute node behaves as `{name}`")))
    }
}

/// What a role is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleKind {
    /// A node that votes.
    Validator,
    /// Carries arguments and results.
    Relay,
    /// Executes tasks.
    Compute,
}

/// How a role fares.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RoleStatus {
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: RoleKind,
    /// Whether it runs.
    pub running: bool,
    /// Its process.
    pub pid: Option<u32>,
    /// Why it does not run, if it ended by itself.
    pub reason: Option<String>,
}

impl Plan {
    /// A new plan without roles and keys.
    #[must_use]
    pub(super) fn new(chain_id: String, processes: bool) -> Self {
        Self {
            version: VERSION,
            chain_id,
            genesis: Text(Hash::ZERO),
            rpc: Vec::new(),
            relays: Vec::new(),
            processes,
            pid: None,
            roles: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Whether a network has lived in `dir`.
    #[must_use]
    pub fn exists(dir: &Path) -> bool {
        dir.join(FILE).is_file()
    }

    /// Reads the plan of the network in `dir`.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(dir: &Path) -> Outcome<Self> {
        let path = dir.join(FILE);
        let failed = |error| {
            Failure::of(path.display(), &error)
                .hint("give the network's folder with --dir, or start one: `hydrogen testnet up`")
        };
        if std::fs::metadata(&path).map_err(failed)?.len() > PLAN_BYTES_MAX {
            return Err(Failure::new(format!("{} is not a network's plan: too large", path.display())));
        }
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        let plan: Self = serde_json::from_str(&text).map_err(|error| Failure::of(path.display(), &error))?;
        if plan.version == VERSION {
            return Ok(plan);
        }
        Err(Failure::new(format!(
            "{} has version {}, this program writes {VERSION}",
            path.display(),
            plan.version
        ))
        .hint("start anew with --fresh"))
    }

    /// Writes the plan, whole or not at all.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn write(&self, dir: &Path) -> Outcome {
        let text = serde_json::to_string_pretty(self)?;
        let draft = dir.join(format!("{FILE}.new"));
        std::fs::write(&draft, text)?;
        Ok(std::fs::rename(&draft, dir.join(FILE))?)
    }

    /// The role of this name.
    ///
    /// # Errors
    /// Lists the names there are.
    pub fn role(&self, name: &str) -> Outcome<&Role> {
        let names = || self.roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>().join(", ");
        let found = self.roles.iter().find(|role| role.name == name);
        found.ok_or_else(|| {
            Failure::new(format!("the network has no `{name}`")).hint(format!("there are: {}", names()))
        })
    }

    /// How the compute node `role` behaves, and with whom it is in league.
    pub(super) fn actor(&self, role: &Role) -> Outcome<Actor> {
        let nodes = self.of_kind(RoleKind::Compute);
        let personas =
            nodes.map(|node| Ok((node.address.0, node.persona()?))).collect::<Outcome<Vec<_>>>()?;
        Ok(Actor::among(role.persona()?, personas))
    }

    pub(super) fn of_kind(&self, kind: RoleKind) -> impl Iterator<Item = &Role> {
        self.roles.iter().filter(move |role| role.kind == kind)
    }
}
