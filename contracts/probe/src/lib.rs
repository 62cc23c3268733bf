//! Every face of the SDK behind a method of its own, so that tests can try it on the real sandbox. Not an example.
#![cfg_attr(target_arch = "wasm32", no_std)]

use hydrogen_sdk::error::{ScheduleError, TransferError};
use hydrogen_sdk::prelude::*;
use hydrogen_sdk::types::host::Origin;
use hydrogen_sdk::types::{CallKind, Due, ScheduleRequest};

#[storage]
const ENTRIES: Map<String, Vec<u8>> = Map::new("entries");
#[storage]
const WOKEN: Item<Woken> = Item::new("woken");

/// What a scheduled call saw.
#[derive(Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Abi)]
pub struct Woken {
    /// What it was told when it was scheduled.
    pub note: String,
    /// The block's beacon, in a draw.
    pub beacon: Option<Hash>,
    /// Block.
    pub height: Height,
    /// The caller is the contract itself.
    pub by_itself: bool,
}

/// Something was kept.
#[derive(Event)]
pub struct Kept {
    /// Under which key.
    pub key: String,
    /// How many bytes.
    pub bytes: u64,
    /// Of which kind.
    pub size: Size,
}

/// A unit enum as an attribute.
#[derive(Debug, BorshSerialize, BorshDeserialize, Abi)]
pub enum Size {
    /// Fits a small buffer.
    VerySmall,
    /// Does not.
    Large,
}

/// Refusals.
#[derive(Debug, ContractError)]
pub enum ProbeError {
    /// As the host says.
    #[error(1000, "transfer: {reason}")]
    Transfer {
        /// Its words.
        reason: TransferError,
    },
    /// As the host says.
    #[error(1001, "schedule: {reason}")]
    Schedule {
        /// Its words.
        reason: ScheduleError,
    },
}

/// Every face of the SDK.
#[contract]
pub mod probe {
    use super::*;

    /// Takes CNX to work with.
    #[init(payable)]
    pub(crate) fn init() -> Amount {
        env::value()
    }

    /// Keeps a value.
    #[call]
    pub(crate) fn keep(key: String, value: Vec<u8>) {
        let size = if value.len() < 1024 { Size::VerySmall } else { Size::Large };
        ENTRIES.save(&key, &value);
        env::log(&format!("kept {} bytes", value.len()));
        Kept { key, bytes: value.len() as u64, size }.emit();
    }

    /// Forgets a value; whether it was there.
    #[call]
    pub(crate) fn forget(key: String) -> bool {
        ENTRIES.remove(&key)
    }

    /// A value.
    #[query]
    pub(crate) fn entry(key: String) -> Option<Vec<u8>> {
        ENTRIES.load(&key)
    }

    /// Keys after `after` and the lengths of their values.
    #[query]
    pub(crate) fn entries(after: Option<String>, limit: u32) -> Vec<(String, u64)> {
        let page = match after {
            Some(last) => ENTRIES.range_after(&last, limit),
            None => ENTRIES.range(None, limit),
        };
        page.into_iter().map(|(key, value)| (key, value.len() as u64)).collect()
    }

    /// Caller, contract, signer, value, height, gas price.
    #[query]
    pub(crate) fn whoami() -> (String, Address, Address, Address, Amount, Height, u64) {
        let context = env::context();
        let id = String::from(context.chain_id.as_str());
        (id, env::caller(), env::contract(), env::signer(), env::value(), env::height(), env::gas_price())
    }

    /// Takes CNX; what came.
    #[call(payable)]
    pub(crate) fn deposit() -> Amount {
        env::value()
    }

    /// Pays CNX out.
    #[call]
    pub(crate) fn pay(to: Address, amount: Amount) -> Result<Amount, ProbeError> {
        env::transfer(&to, amount).map_err(|reason| ProbeError::Transfer { reason })?;
        Ok(env::balance(&to))
    }

    /// Collects CNX within an allowance; what is left of it.
    #[call]
    pub(crate) fn collect(from: Address, amount: Amount) -> Result<Amount, ProbeError> {
        let here = env::contract();
        env::transfer_from(&from, &here, amount).map_err(|reason| ProbeError::Transfer { reason })?;
        Ok(env::allowance(&from, &here))
    }

    /// Schedules `wake`: a draw at a height, or an ordinary call at an uptime.
    #[call]
    pub(crate) fn schedule(
        draw_at: Option<Height>,
        wake_ms: u64,
        note: String,
        gas: Gas,
    ) -> Result<u64, ProbeError> {
        let request = ScheduleRequest {
            kind: if draw_at.is_some() { CallKind::Draw } else { CallKind::Ordinary },
            due: draw_at.map_or(Due::UptimeMs(wake_ms), Due::Height),
            method: "wake".into(),
            args: borsh::to_vec(&note).unwrap_or_default(),
            gas,
            gas_price: env::gas_price(),
            refund_to: env::contract(),
        };
        env::schedule(&request).map_err(|reason| ProbeError::Schedule { reason })
    }

    /// Takes a scheduled call back; what it gave back.
    #[call]
    pub(crate) fn unschedule(id: u64) -> Option<Amount> {
        env::unschedule(id)
    }

    /// Remembers what it saw.
    #[scheduled]
    pub(crate) fn wake(note: String) {
        let beacon = (env::origin() == Origin::Draw).then(env::beacon);
        let by_itself = env::caller() == env::contract();
        WOKEN.save(&Woken { note, beacon, height: env::height(), by_itself });
    }

    /// What the last scheduled call saw.
    #[query]
    pub(crate) fn woken() -> Option<Woken> {
        WOKEN.load()
    }

    /// Calls another contract; code, and value or message.
    #[call]
    pub(crate) fn forward(contract: Address, method: String, args: Vec<u8>) -> (u32, Vec<u8>) {
        match env::call(&contract, &method, &args, Amount::ZERO, Gas::ZERO) {
            Ok(value) => (0, value),
            Err(error) => (error.code, error.message.into_bytes()),
        }
    }

    /// SHA-256 and Keccak-256.
    #[query]
    pub(crate) fn hashes(bytes: Vec<u8>) -> (Hash, [u8; 32]) {
        (env::sha256(&bytes), env::keccak256(&bytes))
    }

    /// Whether a signature is valid.
    #[query]
    pub(crate) fn signed(key: PublicKey, message: Vec<u8>, signature: Signature) -> bool {
        env::ed25519_verify(&key, &message, &signature)
    }

    /// The output of a proof, if it holds.
    #[query]
    pub(crate) fn proven(key: PublicKey, input: Vec<u8>, proof: [u8; 80]) -> Option<[u8; 64]> {
        env::vrf_verify(&key, &input, &proof)
    }

    /// Reads the beacon where it may not be read.
    #[call]
    pub(crate) fn peek() -> Hash {
        env::beacon()
    }

    /// Panics.
    #[call]
    pub(crate) fn panic(number: u64) {
        panic!("{number} is an unlucky number");
    }

    /// Fills memory, a growing list among many small ones, and answers with a sum over all of it.
    #[query]
    pub(crate) fn fill(count: u64) -> u64 {
        let mut lists: Vec<Vec<u64>> = Vec::new();
        let mut last: Vec<u64> = Vec::new();
        for number in 0..count {
            last.push(number);
            if number % 7 == 0 {
                lists.push(last.clone());
                last.truncate(3);
            }
        }
        lists.iter().flatten().sum()
    }
}
