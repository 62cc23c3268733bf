//! `hydrogen peers`: who a node is connected to, and whom it keeps out.

use crate::failure::Outcome;
use crate::rpc::types::{BannedJson, PeerJson};
use crate::session::Session;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show the peers that are banned, why, and for how long yet.
    #[arg(long)]
    banned: bool,
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let network = session.client()?.peers().await?;
    let (lines, json) = if args.banned {
        (table(BANNED, &network.banned, banned_row), serde_json::to_value(&network.banned)?)
    } else {
        (table(PEERS, &network.peers, peer_row), serde_json::to_value(&network.peers)?)
    };
    if lines.is_empty() {
        session.output.say(if args.banned { "no peer is banned" } else { "the node has no peers" });
    }
    session.output.data(lines, &json);
    Ok(())
}

const PEERS: [&str; 9] =
    ["PEER", "ADDRESS", "DIRECTION", "ROLE", "HEIGHT", "SCORE", "FAULTS", "SEEN", "BYTES IN/OUT"];
const BANNED: [&str; 4] = ["PEER", "TIME LEFT", "TIMES", "REASON"];

fn peer_row(peer: &PeerJson) -> [String; 9] {
    [
        peer.id.clone(),
        peer.address.clone(),
        if peer.outbound { "out" } else { "in" }.into(),
        if peer.validator { "validator" } else { "follower" }.into(),
        peer.height.0.to_string(),
        format!("{:.1}", peer.score),
        format!("{} ({} points)", peer.faults.0, peer.points),
        format!("{} s ago", peer.silent_ms.0 / 1_000),
        format!("{}/{}", peer.bytes_in.0, peer.bytes_out.0),
    ]
}

fn banned_row(banned: &BannedJson) -> [String; 4] {
    [
        banned.id.clone(),
        format!("{} s", banned.left_ms.0.div_ceil(1_000)),
        banned.times.to_string(),
        banned.reason.clone(),
    ]
}

/// Columns as wide as their widest entry; nothing without rows.
fn table<const N: usize, T>(head: [&str; N], rows: &[T], row: fn(&T) -> [String; N]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let rows: Vec<[String; N]> =
        std::iter::once(head.map(String::from)).chain(rows.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::text::Text;

    #[test]
    fn columns_align_and_nothing_is_nothing() {
        let banned = |id: &str, left_ms, reason: &str| BannedJson {
            id: id.into(),
            reason: reason.into(),
            left_ms: Text(left_ms),
            times: 1,
        };
        let rows = [banned("a", 59_001, "belongs to another chain"), banned("longer", 1, "x")];
        let text = "PEER    TIME LEFT  TIMES  REASON\n\
                    a       60 s       1      belongs to another chain\n\
                    longer  1 s        1      x";
        assert_eq!(table(BANNED, &rows, banned_row), text);
        assert_eq!(table(BANNED, &[], banned_row), "");
    }
}
