//! `hydrogen verify-proof`: the light client. Nothing that the node says is believed but what the proof, the header
//! and the signatures of a trusted genesis's validators bear out.

use crate::client::{BlockView, Client};
use crate::failure::{Failure, Outcome};
use crate::node::read_genesis;
use crate::rpc::text::Text;
use crate::session::Session;
use hydrogen_core::Genesis;
use hydrogen_core::state::keys;
use hydrogen_proof::{StateProof, verify_certificate, verify_state};
use hydrogen_types::{Account, Hash, Height, codec};
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;

/// Largest proof that is read: 256 siblings and a leaf.
const PROOF_BYTES_MAX: usize = 16 << 10;
/// Times a proof is asked for while the chain moves on between two questions.
const TRIES: u32 = 5;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The account whose balance and nonce are proved.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "key", required_unless_present = "key")]
    account: Option<String>,
    /// A raw key of the state, in hex.
    #[arg(long, value_name = "0xHEX")]
    key: Option<String>,
    /// The genesis that is trusted.
    #[arg(long, value_name = "FILE", required_unless_present = "genesis_hash")]
    genesis: Option<PathBuf>,
    /// Or its hash: the node may bring the document, if it has this hash.
    #[arg(long, value_name = "HASH", conflicts_with = "genesis")]
    genesis_hash: Option<String>,
}

/// Answer of `state_proof`.
#[derive(Debug, Deserialize)]
struct Proved {
    value: Option<Text<Vec<u8>>>,
    proof: Text<Vec<u8>>,
    height: Text<Height>,
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it: above all, what does not hold.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let client = session.client()?;
    let genesis = trusted(&args, &client).await?;
    let account = args.account.as_ref().map(|text| session.address(text)).transpose()?;
    let key = match (&account, &args.key) {
        (Some(address), _) => keys::account(address),
        (None, Some(text)) => crate::rpc::text::AsText::from_text(text).map_err(Failure::new)?,
        (None, None) => return Err(Failure::new("neither an account nor a key was given")),
    };
    let (proved, block) = fetch(&client, &key).await?;
    let value = proved.value.as_ref().map(|value| value.0.as_slice());
    check(&genesis, &key, value, &proved, &block)?;
    let header = &block.block.header;
    let shown = match (&account, value) {
        (Some(_), bytes) => {
            let account: Account =
                bytes.map_or(Ok(Account::default()), |bytes| codec::decode(bytes, bytes.len()))?;
            format!("balance {} CNX, nonce {}", account.balance, account.nonce)
        }
        (None, Some(bytes)) => format!("0x{}", hex::encode(bytes)),
        (None, None) => String::from("absent"),
    };
    let signed = block.certificate.signatures.len();
    let text = format!(
        "proved     {shown}\nheight     {}\nblock      {}\nstate      {}\nsigned     by {signed} of {} validators",
        header.height,
        block.block.hash(),
        header.state_root,
        genesis.validators.len()
    );
    let json = json!({
        "proved": true, "key": format!("0x{}", hex::encode(&key)),
        "value": value.map(|value| format!("0x{}", hex::encode(value))), "text": shown,
        "height": header.height.to_string(), "block_hash": block.block.hash().to_string(),
        "state_root": header.state_root.to_string(), "signatures": signed
    });
    session.output.data(text, &json);
    Ok(())
}

async fn trusted(args: &Args, client: &Client) -> Outcome<Genesis> {
    if let Some(path) = &args.genesis {
        return Ok(read_genesis(path)?);
    }
    let text = args.genesis_hash.as_deref().unwrap_or_default();
    let expected = Hash::from_hex(text)
        .ok_or_else(|| Failure::new(format!("`{text}` is not a hash")).hint("write 0x and 64 hex digits"))?;
    let document = client.genesis().await?.document;
    let genesis = Genesis::from_json(&document.to_string()).map_err(Failure::new)?;
    if genesis.hash() == expected {
        return Ok(genesis);
    }
    Err(Failure::new(format!("the node's genesis has hash {}, not {expected}", genesis.hash()))
        .hint("the node follows another chain: give another --rpc"))
}

/// A proof and the block that it is against.
async fn fetch(client: &Client, key: &[u8]) -> Outcome<(Proved, BlockView)> {
    for _ in 0..TRIES {
        let params = json!([format!("0x{}", hex::encode(key))]);
        let proved: Proved = serde_json::from_value(client.request("state_proof", params).await?)?;
        if let Some(block) = client.block(proved.height.0).await? {
            return Ok((proved, block));
        }
    }
    Err(Failure::new("the node has no block to prove against").hint("wait for its first block"))
}

/// Certificate over the block's hash, hash over the header, header over the root, root over the value.
fn check(genesis: &Genesis, key: &[u8], value: Option<&[u8]>, proved: &Proved, block: &BlockView) -> Outcome {
    let header = &block.block.header;
    let validators = genesis.validator_set().map_err(Failure::new)?;
    let hash = block.block.hash();
    let certificate = &block.certificate;
    if certificate.block != hash || certificate.height != header.height {
        return Err(Failure::new(format!(
            "the certificate is for block {}, the header has hash {hash}",
            certificate.block
        )));
    }
    if header.validators != validators.hash() {
        return Err(Failure::new("the block was decided by another validator set than genesis names")
            .hint("this version follows no changes of the set"));
    }
    verify_certificate(&genesis.chain_id, &validators, certificate)?;
    let proof: StateProof = codec::decode(&proved.proof.0, PROOF_BYTES_MAX)?;
    Ok(verify_state(&header.state_root, key, value, &proof)?)
}
