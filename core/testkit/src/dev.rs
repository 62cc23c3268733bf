//! A running `hydrogen dev`, through its RPC.

use crate::account::{ACCOUNT_FUNDS, Account};
use crate::backend::{Backend, BackendKind, Call, Contract, Moment, Ran};
use crate::outcome::{Cost, Failure};
use crate::rpc::{Rpc, RpcFailure, bytes, number};
use hydrogen_core::limits::{DEPLOY_GAS, TX_BYTE_GAS, TX_GAS, UPLOAD_BYTE_GAS};
use hydrogen_core::{Usage, sign_tx};
use hydrogen_types::codec::encode;
use hydrogen_types::event::Value as EventValue;
use hydrogen_types::receipt::code;
use hydrogen_types::{Action, Address, Amount, Attribute, ChainId, Event, Gas, Hash, Height, TxBody};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Environment variable that, set to `off`, leaves out the tests on a running chain: for machines without the binary.
pub const DEV_SWITCH: &str = "HYDROGEN_TEST_DEV";
/// Gas limit of a call; what it does not use comes back.
const CALL_GAS: u64 = 100_000_000_000;
/// Bytes of a transaction beside the module it uploads, at most.
const TX_REST_BYTES: u64 = 512;
/// Blocks for which a transaction may wait.
const VALID_BLOCKS: u64 = 1_000;
/// How long a transaction may take to become final, in ms, on a busy machine.
const FINAL_MS: u64 = 30_000;

/// Whether tests on a running chain are left out: [`DEV_SWITCH`] is `off`.
#[must_use]
pub fn dev_is_off() -> bool {
    std::env::var(DEV_SWITCH).is_ok_and(|value| value == "off")
}

/// Ends the process when the test ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // A process that has ended by itself is as good.
        drop(self.0.kill().and_then(|()| self.0.wait()));
    }
}

pub(crate) struct Dev {
    rpc: Rpc,
    _process: Option<Process>,
}

/// The binary: named, built beside this test, or in `PATH`.
fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("HYDROGEN_BIN") {
        return PathBuf::from(named);
    }
    let name = format!("hydrogen{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().and_then(|test| {
        let folder = test.parent()?;
        [folder, folder.parent()?].iter().map(|folder| folder.join(&name)).find(|path| path.is_file())
    });
    beside.unwrap_or_else(|| PathBuf::from(name))
}

impl Dev {
    /// A chain, and what to set this test's accounts apart by.
    pub(crate) fn start() -> (Self, String) {
        static TESTS: AtomicU32 = AtomicU32::new(0);
        if let Ok(url) = std::env::var("HYDROGEN_RPC") {
            let test = TESTS.fetch_add(1, Ordering::Relaxed);
            let salt = format!("{} {test}", std::process::id());
            return (Self { rpc: Rpc(url), _process: None }, salt);
        }
        let binary = binary();
        let started = Command::new(&binary)
            .args(["dev", "--port", "0", "--json"])
            .env_remove("HYDROGEN_RPC")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let child = started.unwrap_or_else(|error| {
            panic!(
                "{} cannot be started: {error}; build it, name it in HYDROGEN_BIN, name a running `hydrogen dev` in \
                 HYDROGEN_RPC, or leave these tests out with {DEV_SWITCH}=off",
                binary.display()
            )
        });
        let mut process = Process(child);
        let mut line = String::new();
        let stdout = process.0.stdout.take().expect("piped");
        let read = BufReader::new(stdout).read_line(&mut line);
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(url) = ready["rpc"].as_str() else {
            panic!("{} said `{line}` instead of where it listens ({read:?})", binary.display())
        };
        (Self { rpc: Rpc(url.to_owned()), _process: Some(process) }, String::new())
    }

    fn run(&self, from: &Account, action: Action, gas: u64) -> Result<Ran, Failure> {
        let status = self.rpc.must("chain_status", &json!([]));
        let account = self.rpc.must("account_get", &json!([from.address().to_string()]));
        let chain_id = status["chain_id"].as_str().unwrap_or_default();
        let body = TxBody {
            chain_id: ChainId::new(chain_id).unwrap_or_else(|error| panic!("{error}")),
            sender: from.key().public(),
            nonce: number(&account["nonce"]),
            valid_until: Height::new(number(&status["height"])).plus(VALID_BLOCKS),
            gas_limit: Gas::new(gas),
            gas_price: number(&status["gas_price_min"]),
            action,
        };
        let tx = format!("0x{}", hex::encode(encode(&sign_tx(body, from.key()))));
        let receipt = match self.rpc.ask("tx_submitAndWait", &json!([tx, FINAL_MS.to_string()])) {
            Ok(receipt) => receipt,
            Err(RpcFailure::Refused(failure)) => return Err(failure),
            Err(RpcFailure::Broken(text)) => panic!("{text}"),
        };
        let cost = Some(self.cost(&receipt));
        match u32::try_from(number(&receipt["code"])).expect("codes have 32 bits") {
            code::SUCCESS => Ok(Ran { value: bytes(&receipt["value"]), events: events(&receipt), cost }),
            code => {
                let message = receipt["message"].as_str().unwrap_or_default().to_owned();
                Err(Failure { code, message, cost })
            }
        }
    }

    fn cost(&self, receipt: &Value) -> Cost {
        let trace = self.rpc.must("tx_trace", &json!([receipt["hash"]]));
        let usage = |name: &str| number(&trace["usage"][name]);
        Cost {
            gas: Gas::new(number(&receipt["gas_used"])),
            usage: Usage {
                calls: usage("calls"),
                host_calls: usage("host_calls"),
                reads: usage("reads"),
                read_bytes: usage("read_bytes"),
                writes: usage("writes"),
                written_bytes: usage("written_bytes"),
                events: usage("events"),
                event_bytes: usage("event_bytes"),
            },
        }
    }

    /// Stores a module, unless it is stored already, and makes the block after which it may run.
    fn upload(&self, from: &Account, contract: &Contract) -> Result<Hash, Failure> {
        let module = contract.module();
        let hash = Hash::sha256(&module);
        let size = u64::try_from(module.len()).expect("a module is small");
        let gas = size * UPLOAD_BYTE_GAS + (size + TX_REST_BYTES) * TX_BYTE_GAS + TX_GAS;
        match self.run(from, Action::Upload { code: module }, gas) {
            Ok(_) => {
                self.rpc.must("dev_mine", &json!(["1"]));
                Ok(hash)
            }
            Err(failure) if failure.code == code::CODE_EXISTS => Ok(hash),
            Err(failure) => Err(failure),
        }
    }
}

fn events(receipt: &Value) -> Vec<Event> {
    let list = receipt["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(event).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn address(value: &Value) -> Address {
    Address::parse(&text(value)).unwrap_or_else(|error| panic!("{value}: {error}"))
}

fn amount(value: &Value) -> Amount {
    Amount::new(text(value).parse().unwrap_or_else(|error| panic!("{value}: {error}")))
}

fn event(event: &Value) -> Event {
    let attribute = |attribute: &Value| {
        let value = &attribute["value"];
        let value = match attribute["type"].as_str().unwrap_or_default() {
            "bool" => EventValue::Bool(value.as_bool().unwrap_or_default()),
            "u64" => EventValue::U64(number(value)),
            "amount" => EventValue::Amount(amount(value)),
            "hash" => EventValue::Hash(Hash::from_hex(&text(value)).unwrap_or(Hash::ZERO)),
            "address" => EventValue::Address(address(value)),
            "text" => EventValue::Text(text(value)),
            _ => EventValue::Bytes(bytes(value)),
        };
        Attribute { name: text(&attribute["name"]), value }
    };
    let attributes = event["attributes"].as_array().map(Vec::as_slice).unwrap_or_default();
    Event {
        contract: address(&event["contract"]),
        name: text(&event["name"]),
        attributes: attributes.iter().map(attribute).collect(),
    }
}

impl Backend for Dev {
    fn kind(&self) -> BackendKind {
        BackendKind::Dev
    }

    fn fund(&mut self, account: &Account) {
        let params = json!([account.address().to_string(), ACCOUNT_FUNDS.get().to_string()]);
        self.rpc.must("dev_fund", &params);
    }

    fn deploy(
        &mut self,
        from: &Account,
        contract: &Contract,
        init: Vec<u8>,
    ) -> Result<(Address, Ran), Failure> {
        let code = self.upload(from, contract)?;
        let ran = self.run(from, Action::Deploy { code, init }, CALL_GAS + DEPLOY_GAS)?;
        let address = hydrogen_types::decode(&ran.value, ran.value.len());
        Ok((address.expect("a deployment returns an address"), ran))
    }

    fn upgrade(
        &mut self,
        from: &Account,
        address: &Address,
        contract: &Contract,
        migrate: Vec<u8>,
    ) -> Result<Ran, Failure> {
        let code = self.upload(from, contract)?;
        self.run(from, Action::Upgrade { contract: *address, code, migrate }, CALL_GAS + DEPLOY_GAS)
    }

    fn call(&mut self, from: &Account, call: Call<'_>) -> Result<Ran, Failure> {
        let Call { contract, method, args, value } = call;
        let action = Action::Call { contract: *contract, method: method.to_owned(), args, value };
        self.run(from, action, CALL_GAS)
    }

    fn query(&mut self, contract: &Address, method: &str, args: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let params = json!([contract.to_string(), method, format!("0x{}", hex::encode(args))]);
        match self.rpc.ask("contract_queryRaw", &params) {
            Ok(value) => Ok(bytes(&value)),
            Err(RpcFailure::Refused(failure)) => Err(failure),
            Err(RpcFailure::Broken(text)) => panic!("{text}"),
        }
    }

    fn transfer(&mut self, from: &Account, to: &Address, amount: Amount) -> Result<(), Failure> {
        self.run(from, Action::Transfer { to: *to, amount }, CALL_GAS).map(drop)
    }

    fn approve(&mut self, from: &Account, spender: &Address, amount: Amount) -> Result<(), Failure> {
        self.run(from, Action::Approve { spender: *spender, amount }, CALL_GAS).map(drop)
    }

    fn balance(&mut self, address: &Address) -> Amount {
        amount(&self.rpc.must("account_get", &json!([address.to_string()]))["balance"])
    }

    fn now(&mut self) -> Moment {
        let status = self.rpc.must("chain_status", &json!([]));
        Moment { height: Height::new(number(&status["height"])), time_ms: number(&status["time_ms"]) }
    }

    fn mine(&mut self, blocks: u64) {
        self.rpc.must("dev_mine", &json!([blocks.to_string()]));
    }

    fn advance(&mut self, ms: u64) {
        self.rpc.must("dev_advanceTime", &json!([ms.to_string()]));
    }
}
