//! A network under attack: each attack of the hostile peer in turn, then all at once, at one of its validators.
//!
//! The attacker is a process of its own with the lowest priority: what is judged is what an attack makes the node do,
//! not who gets the processor of a machine that both share.

use super::error::RealError;
use super::net::{Net, NetOptions};
use crate::hostile::{Kind, Outcome, Villain};
use serde_json::{Value, json};
use std::fmt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Between two looks at the node.
const LOOK: Duration = Duration::from_millis(100);
/// How long after the attack a ban may come.
const BAN_PATIENCE: Duration = Duration::from_secs(90);
/// Share of the undisturbed rate of blocks that must remain.
const RATE_MIN: f64 = 0.9;
/// Memory that all attacks together may leave taken.
const GROWTH_MAX: u64 = 64 << 20;

/// What to do.
#[derive(Debug, Clone)]
pub struct SiegeOptions {
    /// The network; the first validator is attacked.
    pub net: NetOptions,
    /// How long each attack lasts.
    pub lasts: Duration,
    /// Which attacks.
    pub kinds: Vec<Kind>,
    /// The program `hydrogen-testnet`, whose command `attack` is the attacker.
    pub attacker: PathBuf,
}

/// What one attack did.
#[derive(Debug, Clone)]
struct Attacked {
    name: String,
    /// What must become of the attacker; none for all at once.
    expected: Option<Outcome>,
    /// Blocks a second.
    rate: f64,
    /// Bytes resident at the end, and the most while it went on.
    rss: u64,
    rss_max: u64,
    /// Processor seconds of the attacked node a second.
    cpu: f64,
    /// The reason of the ban, and how long after the beginning it was seen.
    banned: Option<(String, Duration)>,
}

/// What a siege found.
#[derive(Debug, Clone)]
pub struct SiegeReport {
    calm: Attacked,
    after: Attacked,
    all: Vec<Attacked>,
    /// Validators that a validator has banned, and why.
    honest: Vec<String>,
}

impl SiegeReport {
    /// What is not as it must be: none when the network held.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        for attacked in &self.all {
            let name = &attacked.name;
            if attacked.rate < RATE_MIN * self.calm.rate {
                found.push(format!("{name}: {:.2} blocks/s instead of {:.2}", attacked.rate, self.calm.rate));
            }
            match (attacked.expected, &attacked.banned) {
                (Some(Outcome::Banned), None) => found.push(format!("{name}: the attacker is not banned")),
                (Some(Outcome::Dropped), Some((reason, _))) => {
                    found.push(format!("{name}: banned, though a bad line looks the same: {reason}"));
                }
                _ => {}
            }
        }
        let grown = self.after.rss.saturating_sub(self.calm.rss);
        if grown > GROWTH_MAX {
            found.push(format!("the node keeps {grown} bytes more than before"));
        }
        found.extend(self.honest.iter().map(|banned| format!("a validator is banned: {banned}")));
        found
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "before": self.calm.json(), "after": self.after.json(),
            "attacks": self.all.iter().map(Attacked::json).collect::<Vec<_>>(),
            "complaints": self.complaints()
        })
    }
}

impl fmt::Display for SiegeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.calm.line(self.calm.rate))?;
        for attacked in &self.all {
            writeln!(f, "{}", attacked.line(self.calm.rate))?;
        }
        writeln!(f, "{}", self.after.line(self.calm.rate))?;
        match self.complaints()[..] {
            [] => writeln!(f, "the network held: blocks, memory, bans"),
            ref complaints => writeln!(f, "{}", complaints.join("\n")),
        }
    }
}

impl Attacked {
    /// One line of a table of Markdown.
    fn line(&self, calm: f64) -> String {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let ban = match &self.banned {
            Some((reason, after)) => format!("{reason}, after {:.1} s", after.as_secs_f64()),
            None => String::from("not banned"),
        };
        format!(
            "| {} | {:.2} ({:.0} %) | {:.2} | {:.0}, {:.0} | {ban} |",
            self.name,
            self.rate,
            self.rate / calm * 100.0,
            self.cpu,
            mib(self.rss_max),
            mib(self.rss)
        )
    }

    fn json(&self) -> Value {
        json!({
            "attack": self.name, "expected_ban": self.expected.map(|expected| expected == Outcome::Banned),
            "blocks_per_s": self.rate, "rss": self.rss, "rss_max": self.rss_max, "cpu": self.cpu,
            "banned": self.banned.as_ref().map(|(reason, after)|
                json!({"reason": reason, "after_ms": u64::try_from(after.as_millis()).unwrap_or(u64::MAX)}))
        })
    }
}

/// Attacks.
///
/// # Errors
/// What the network did wrong, or what the machine could not do. That a node is slowed down or an attacker not banned
/// is no error of the run: the report tells.
pub async fn siege(options: SiegeOptions, say: impl Fn(&str)) -> Result<SiegeReport, RealError> {
    let mut net = Net::start(options.net.clone()).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let calm = watch(&net, options.lasts.max(Duration::from_secs(20)), &[]).await?;
    say(&format!("nobody attacks: {:.2} blocks/s", calm.rate));
    let mut all = Vec::new();
    for (number, kind) in (1..).zip(&options.kinds) {
        let attacked = one(&net, &options, &[(number, *kind)]).await?;
        say(&attacked.line(calm.rate));
        all.push(attacked);
    }
    if options.kinds.len() > 1 {
        // Identities that have not been banned yet.
        let villains: Vec<_> = (101..).zip(options.kinds.iter().copied()).collect();
        let attacked = one(&net, &options, &villains).await?;
        say(&attacked.line(calm.rate));
        all.push(attacked);
    }
    let top = net.heights().await.into_iter().flatten().max().unwrap_or_default();
    net.await_height(top + 3, BAN_PATIENCE).await?;
    let after = watch(&net, options.lasts.max(Duration::from_secs(20)), &[]).await?;
    let honest = banned_honest(&net).await?;
    Ok(SiegeReport { calm, after, all, honest })
}

/// Runs some attacks and looks at the node meanwhile.
async fn one(net: &Net, options: &SiegeOptions, villains: &[(u8, Kind)]) -> Result<Attacked, RealError> {
    let mut children = Vec::new();
    for (number, kind) in villains {
        children.push(Attacker(start(net, options, *number, *kind)?));
    }
    let mut attacked = watch(net, options.lasts, villains).await?;
    if let [(_, kind)] = villains {
        attacked.name = kind.name().into();
        attacked.expected = Some(kind.outcome());
        let begin = Instant::now();
        // A slow attack may take longer to be known for one.
        while attacked.banned.is_none() && kind.outcome() == Outcome::Banned && begin.elapsed() < BAN_PATIENCE
        {
            tokio::time::sleep(LOOK).await;
            attacked.banned =
                ban_of(net, villains).await?.map(|reason| (reason, options.lasts + begin.elapsed()));
        }
    }
    Ok(attacked)
}

/// An attacker that dies with its owner.
struct Attacker(Child);

impl Drop for Attacker {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn start(net: &Net, options: &SiegeOptions, number: u8, kind: Kind) -> Result<Child, RealError> {
    let place = net.links.places[0].p2p;
    let id = hydrogen_p2p::peer_id(&super::homes::validator(options.net.seed, 0));
    let mut command = Command::new("nice");
    command.args(["-n", "19"]).arg(&options.attacker).args(["attack", "--kind", kind.name(), "--number"]);
    command.arg(number.to_string()).arg("--genesis").arg(net.nodes[0].home.join("genesis.json"));
    command.args(["--seconds", "86400", "--target"]);
    command.arg(format!("/ip4/{}/tcp/{}/p2p/{id}", place.ip(), place.port()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(RealError::machine(format!("{command:?}")))
}

/// Looks at the first node for so long.
async fn watch(net: &Net, lasts: Duration, villains: &[(u8, Kind)]) -> Result<Attacked, RealError> {
    let height = async || net.rpc.status(&net.nodes[0].url).await.map(|status| status.height.get());
    let (begin, before) = (Instant::now(), net.nodes[0].usage());
    let from = height().await.unwrap_or_default();
    let (mut rss_max, mut banned) = (before.rss, None);
    while begin.elapsed() < lasts {
        tokio::time::sleep(LOOK).await;
        rss_max = rss_max.max(net.nodes[0].usage().rss);
        if banned.is_none() && villains.len() == 1 {
            banned = ban_of(net, villains).await?.map(|reason| (reason, begin.elapsed()));
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    let to = height().await.unwrap_or_default();
    let after = net.nodes[0].usage();
    Ok(Attacked {
        name: if villains.is_empty() { "nobody" } else { "all at once" }.into(),
        expected: None,
        rate: to.saturating_sub(from) as f64 / seconds,
        rss: after.rss,
        rss_max: rss_max.max(after.rss),
        cpu: (after.cpu_s - before.cpu_s) / seconds,
        banned,
    })
}

/// Why the node has banned the only one of these, if it has.
async fn ban_of(net: &Net, villains: &[(u8, Kind)]) -> Result<Option<String>, RealError> {
    let [(number, _)] = villains else { return Ok(None) };
    let id = Villain::new(*number).id().to_string();
    let bans = bans(net, 0).await?;
    Ok(bans.into_iter().find(|(banned, _)| *banned == id).map(|(_, reason)| reason))
}

/// Who is banned by a node, and why.
async fn bans(net: &Net, index: usize) -> Result<Vec<(String, String)>, RealError> {
    let peers = net.rpc.must(&net.nodes[index].url, "net_peers", json!([])).await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let banned = peers["banned"].as_array().into_iter().flatten();
    Ok(banned.map(|one| (text(&one["id"]), text(&one["reason"]))).collect())
}

/// Validators that a validator has banned: there must be none.
async fn banned_honest(net: &Net) -> Result<Vec<String>, RealError> {
    let honest: Vec<String> = (0..net.nodes.len())
        .map(|index| hydrogen_p2p::peer_id(&super::homes::validator(net.options.seed, index)).to_string())
        .collect();
    let mut found = Vec::new();
    for index in 0..net.nodes.len() {
        let bans = bans(net, index).await?;
        found.extend(
            bans.into_iter()
                .filter(|(id, _)| honest.contains(id))
                .map(|(id, reason)| format!("{id}: {reason}")),
        );
    }
    Ok(found)
}
