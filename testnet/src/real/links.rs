//! What carries the bytes between processes: loopback ports, or a network namespace for each process with a bridge
//! between them, which can be cut.
//!
//! ```text
//!              bridge ask (never cut)                  bridges g0, g1, ... (one for each side of a split)
//! this process --+-- mI = rpc in namespace I             pI = p2p in namespace I is a port of one of them
//! ```
//!
//! A cut takes the port from its bridge: packets vanish without a word, as on a broken line; no connection is reset.
//!
//! *Requires*: for namespaces, a kernel of Linux, the rights of root, the programs `ip` and `tc`, and that this process
//! itself runs in a namespace of its own (`unshare --net`), so that nothing is left behind.

use super::error::RealError;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

/// Port of peers in every namespace.
const P2P_PORT: u16 = 4_750;
/// Port of the RPC in every namespace.
const RPC_PORT: u16 = 4_700;

/// Which links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Free ports of the loopback address; nothing can be cut.
    Loopback,
    /// A namespace for each process.
    Namespaces,
}

/// Where one process listens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) rpc: SocketAddr,
    pub(super) p2p: SocketAddr,
}

/// The links of one network.
pub(super) struct Links {
    /// A process that holds each namespace open; empty on loopback.
    holders: Vec<Child>,
    pub(super) places: Vec<Place>,
}

impl Links {
    pub(super) fn new(kind: LinkKind, count: usize) -> Result<Self, RealError> {
        match kind {
            LinkKind::Loopback => Ok(Self { holders: Vec::new(), places: free_places(count)? }),
            LinkKind::Namespaces => Self::namespaces(count),
        }
    }

    fn namespaces(count: usize) -> Result<Self, RealError> {
        let mut links = Self { holders: Vec::new(), places: Vec::new() };
        for index in 0..count {
            let holder = ending_with_us("unshare")
                .args(["--net", "sleep", "infinity"])
                .stdin(Stdio::null())
                .spawn()
                .map_err(RealError::machine("unshare --net"))?;
            links.holders.push(holder);
            let host = u8::try_from(index + 1).unwrap_or(u8::MAX);
            links.places.push(Place {
                rpc: address([10, 78, 0, host], RPC_PORT),
                p2p: address([10, 77, 0, host], P2P_PORT),
            });
        }
        links.await_namespaces()?;
        let mut script = String::from("link set lo up\nlink add ask type bridge\nlink set ask up\n");
        script += "addr add 10.78.0.254/24 dev ask\n";
        for index in 0..count {
            script += &format!("link add g{index} type bridge\nlink set g{index} up\n");
        }
        for (index, holder) in links.holders.iter().enumerate() {
            let pid = holder.id();
            script += &format!("link add p{index} type veth peer name p2p netns {pid}\n");
            script += &format!("link add m{index} type veth peer name rpc netns {pid}\n");
            script += &format!("link set p{index} up master g0\nlink set m{index} up master ask\n");
        }
        ip(None, &script)?;
        for (place, holder) in links.places.iter().zip(&links.holders) {
            let (p2p, rpc) = (place.p2p.ip(), place.rpc.ip());
            let script = format!(
                "addr add {p2p}/24 dev p2p\naddr add {rpc}/24 dev rpc\n\
                 link set lo up\nlink set p2p up\nlink set rpc up\n"
            );
            ip(Some(holder.id()), &script)?;
        }
        Ok(links)
    }

    /// A namespace is there when its holder has left ours.
    fn await_namespaces(&self) -> Result<(), RealError> {
        let of = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/net"));
        let ours = of("self").map_err(RealError::machine("/proc/self/ns/net"))?;
        for holder in &self.holders {
            let mut tries = 0;
            while of(&holder.id().to_string()).map_or(true, |theirs| theirs == ours) {
                tries += 1;
                if tries > 1_000 {
                    let stderr = String::from("no namespace after 10 s; it needs the rights of root");
                    return Err(RealError::Program { command: "unshare --net".into(), stderr });
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
        Ok(())
    }

    /// A command that runs `program` at place `index`, and ends with this process where the system can do that.
    pub(super) fn command(&self, index: usize, program: &std::path::Path) -> Command {
        match self.holders.get(index) {
            None => {
                let mut command = ending_with_us("env");
                command.arg(program);
                command
            }
            Some(holder) => {
                let mut command = ending_with_us("nsenter");
                command.arg(format!("--net=/proc/{}/ns/net", holder.id())).arg(program);
                command
            }
        }
    }

    /// Puts each process on its side: those of different sides cannot reach each other.
    pub(super) fn split(&self, sides: &[usize]) -> Result<(), RealError> {
        let script: String = sides
            .iter()
            .enumerate()
            .map(|(index, side)| format!("link set p{index} master g{side}\n"))
            .collect();
        ip(None, &script)
    }

    /// Takes one process off the net.
    pub(super) fn unplug(&self, index: usize) -> Result<(), RealError> {
        ip(None, &format!("link set p{index} nomaster\n"))
    }

    /// Limits what reaches one process and what it sends, in kbit/s.
    pub(super) fn slow(&self, index: usize, kbit: u32) -> Result<(), RealError> {
        let rate = format!("{kbit}kbit");
        let shape = ["root", "tbf", "rate", &rate, "burst", "16kbit", "latency", "400ms"];
        let towards = format!("p{index}");
        run(Command::new("tc").args(["qdisc", "replace", "dev", &towards]).args(shape))?;
        run(self.inside(index, "tc").args(["qdisc", "replace", "dev", "p2p"]).args(shape))
    }

    /// Undoes [`Links::slow`].
    pub(super) fn fast(&self, index: usize) -> Result<(), RealError> {
        let towards = format!("p{index}");
        run(Command::new("tc").args(["qdisc", "del", "dev", &towards, "root"]))?;
        run(self.inside(index, "tc").args(["qdisc", "del", "dev", "p2p", "root"]))
    }

    fn inside(&self, index: usize, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.holders[index].id())).arg(program);
        command
    }

    /// Bytes and packets that each process has sent to its peers, as the interface counts them; `None` on loopback.
    pub(super) fn sent(&self) -> Option<Vec<(u64, u64)>> {
        if self.holders.is_empty() {
            return None;
        }
        let count = |holder: &Child| {
            let text = std::fs::read_to_string(format!("/proc/{}/net/dev", holder.id())).ok()?;
            let line = text.lines().find_map(|line| line.trim_start().strip_prefix("p2p:"))?;
            let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            Some((*numbers.get(8)?, *numbers.get(9)?))
        };
        self.holders.iter().map(count).collect()
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        for holder in &mut self.holders {
            drop(holder.kill().and_then(|()| holder.wait()));
        }
    }
}

/// A command that the system kills when the thread that started it ends, however that happens.
fn ending_with_us(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", program]);
    command
}

fn address(ip: [u8; 4], port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::from(ip)), port)
}

/// Ports that were free a moment ago, all different.
fn free_places(count: usize) -> Result<Vec<Place>, RealError> {
    let failed = || RealError::machine("a free port");
    let listen = |_| TcpListener::bind(("127.0.0.1", 0)).map_err(failed());
    let held: Vec<TcpListener> = (0..2 * count).map(listen).collect::<Result<_, _>>()?;
    let addresses: Vec<SocketAddr> =
        held.iter().map(|listener| listener.local_addr().map_err(failed())).collect::<Result<_, _>>()?;
    Ok(addresses.chunks(2).map(|pair| Place { rpc: pair[0], p2p: pair[1] }).collect())
}

fn ip(namespace: Option<u32>, script: &str) -> Result<(), RealError> {
    let mut command = match namespace {
        None => Command::new("ip"),
        Some(pid) => {
            let mut command = Command::new("nsenter");
            command.arg(format!("--net=/proc/{pid}/ns/net")).arg("ip");
            command
        }
    };
    command.args(["-batch", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(RealError::machine("ip"))?;
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(script.as_bytes()).map_err(RealError::machine("ip"))?;
    drop(stdin);
    finished(&command, &child.wait_with_output().map_err(RealError::machine("ip"))?)
}

fn run(command: &mut Command) -> Result<(), RealError> {
    let output = command.output().map_err(RealError::machine(format!("{command:?}")))?;
    finished(command, &output)
}

fn finished(command: &Command, output: &std::process::Output) -> Result<(), RealError> {
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(RealError::Program { command: format!("{command:?}"), stderr })
}
