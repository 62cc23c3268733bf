//! `hydrogen verify-proof`: the light client. Nothing that the node says is believed but what the proof, the header
//! and the signatures of a trusted validator set, or of its successors, bear out.

use crate::client::Client;
use crate::client::light::{self, FollowError, TrustJson};
use crate::failure::{Failure, Outcome};
use crate::node::read_genesis;
use crate::rpc::text::AsText;
use crate::session::Session;
use hydrogen_core::Genesis;
use hydrogen_core::state::keys;
use hydrogen_proof::{LightClient, LightError};
use hydrogen_types::{Account, Hash, Height, codec};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Largest file of `--trusted` that is read: 128 validators take about 50 KiB.
const TRUST_BYTES_MAX: u64 = 256 << 10;

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("trust").required(true).args(["genesis", "genesis_hash", "trusted"]))]
pub struct Args {
    /// The account whose balance and nonce are proved.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "key", required_unless_present = "key")]
    account: Option<String>,
    /// A raw key of the state, in hex.
    #[arg(long, value_name = "0xHEX")]
    key: Option<String>,
    /// The genesis that is trusted.
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// Or its hash: the node may bring the document, if it has this hash.
    #[arg(long, value_name = "HASH")]
    genesis_hash: Option<String>,
    /// Or what an earlier run saved, or the height and id of a block.
    #[arg(long, value_name = "FILE|HEIGHT:HASH")]
    trusted: Option<String>,
    /// Writes the validator set that was reached to this file, for `--trusted` of a later run.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it: above all, what does not hold.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let client = session.client()?;
    let account = args.account.as_ref().map(|text| session.address(text)).transpose()?;
    let key = match (&account, &args.key) {
        (Some(address), _) => keys::account(address),
        (None, Some(text)) => Vec::from_text(text).map_err(Failure::new)?,
        (None, None) => return Err(Failure::new("neither an account nor a key was given")),
    };
    let mut light = trusted(&args, &client).await?;
    let from = light.height();
    let proved = light::prove(&client, &mut light, &key).await.map_err(explain)?;
    if let Some(path) = &args.save {
        save(path, &light)?;
    }
    let value = proved.value.as_deref();
    let shown = match (&account, value) {
        (Some(_), bytes) => {
            let account: Account =
                bytes.map_or(Ok(Account::default()), |bytes| codec::decode(bytes, bytes.len()))?;
            format!("balance {} CNX, nonce {}", account.balance, account.nonce)
        }
        (None, Some(bytes)) => format!("0x{}", hex::encode(bytes)),
        (None, None) => String::from("absent"),
    };
    let (header, hash) = (&proved.block.block.header, proved.block.block.hash());
    let (signed, members) = (proved.block.certificate.signatures.len(), light.validators().members().len());
    let (hops, height) = (proved.hops, header.height);
    let text = format!(
        "proved     {shown}\nheight     {height}\nblock      {hash}\nstate      {}\nsigned     by {signed} of {members} validators\ntrust      the set of height {from}, followed through {hops} changes",
        header.state_root
    );
    let json = json!({
        "proved": true, "key": key.to_text(), "value": value.map(|value| value.to_vec().to_text()),
        "present": value.is_some(), "text": shown, "chain_id": header.chain_id.to_string(),
        "height": height.to_string(), "block_hash": hash.to_string(),
        "state_root": header.state_root.to_string(), "signatures": signed, "validators": members,
        "trusted_height": from.to_string(), "hops": hops
    });
    session.output.data(text, &json);
    Ok(())
}

async fn trusted(args: &Args, client: &Client) -> Outcome<LightClient> {
    let genesis = match (&args.genesis, &args.genesis_hash, &args.trusted) {
        (Some(path), _, _) => read_genesis(path)?,
        (None, Some(text), _) => fetch_genesis(text, client).await?,
        (None, None, Some(text)) => {
            return match text.split_once(':').filter(|(height, _)| height.parse::<u64>().is_ok()) {
                Some((height, id)) => {
                    let height = Height::new(height.parse().unwrap_or_default());
                    light::trust_block(client, height, hash(id)?).await.map_err(explain)
                }
                None => load(Path::new(text)),
            };
        }
        (None, None, None) => return Err(Failure::new("nothing to trust was given")),
    };
    let set = genesis.validator_set().map_err(Failure::new)?;
    Ok(LightClient::new(genesis.chain_id, Height::GENESIS.next(), set))
}

fn hash(text: &str) -> Outcome<Hash> {
    Hash::from_hex(text)
        .ok_or_else(|| Failure::new(format!("`{text}` is not a hash")).hint("write 0x and 64 hex digits"))
}

async fn fetch_genesis(text: &str, client: &Client) -> Outcome<Genesis> {
    let expected = hash(text)?;
    let document = client.genesis().await?.document;
    let genesis = Genesis::from_json(&document.to_string()).map_err(Failure::new)?;
    if genesis.hash() == expected {
        return Ok(genesis);
    }
    Err(Failure::new(format!("the node's genesis has hash {}, not {expected}", genesis.hash()))
        .hint("the node follows another chain: give another --rpc"))
}

fn load(path: &Path) -> Outcome<LightClient> {
    let failed = |error| {
        Failure::of(path.display(), &error).hint(
            "--trusted takes a file that --save wrote, or the height and id of a block as HEIGHT:0xHASH",
        )
    };
    if std::fs::metadata(path).map_err(failed)?.len() > TRUST_BYTES_MAX {
        return Err(Failure::new(format!("{} is no saved trust: too large", path.display())));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let trust: TrustJson =
        serde_json::from_str(&text).map_err(|error| Failure::of(path.display(), &error))?;
    trust.into_light().ok_or_else(|| Failure::new(format!("{}: the validators are no set", path.display())))
}

/// Whole or not at all: an interrupted run leaves the old file.
fn save(path: &Path, light: &LightClient) -> Outcome {
    let draft = path.with_extension("new");
    let written = std::fs::write(&draft, serde_json::to_string_pretty(&TrustJson::from(light))?);
    written.and_then(|()| std::fs::rename(&draft, path)).map_err(|error| Failure::of(path.display(), &error))
}

fn explain(error: FollowError) -> Failure {
    let error = match error {
        FollowError::Node(error) => return Failure::from(error),
        other => other,
    };
    let hint = match &error {
        FollowError::Refused(LightError::Older { .. }) => {
            "the node is behind what is trusted: wait until it has caught up, or give another --rpc"
        }
        FollowError::Refused(LightError::OtherChain { .. }) => {
            "the node follows another chain: give another --rpc"
        }
        FollowError::Refused(_) | FollowError::Malformed(_) => {
            "believe nothing of this answer; is the trusted set of this chain? ask another node with --rpc"
        }
        FollowError::NoBlock => "wait for its first block",
        FollowError::Unknown { .. } => {
            "it is in the future, or the node has pruned it: ask an archive node, or give a file with --trusted"
        }
        FollowError::OtherBlock { .. } | FollowError::OtherSet { .. } => {
            "the node follows another chain, or lies: compare the id with its source, ask another node"
        }
        FollowError::Node(_) => "ask another node with --rpc",
    };
    Failure::from(error).hint(hint)
}
