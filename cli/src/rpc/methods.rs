//! The methods, each with its parameters by position and by name.

use crate::rpc::backend::{Backend, SubmitError};
use crate::rpc::calls::{BlockId, Reads};
use crate::rpc::error::{Answer, BUSY, INTERNAL, STOPPING, invalid, plain, tx_refused};
use crate::rpc::evidence::{Wanted, page};
use crate::rpc::interfaces::Interfaces;
use crate::rpc::params::Args;
use crate::rpc::types::PeersJson;
use crate::shutdown::Shutdown;
use hydrogen_types::{Address, Hash, Height, TxBody, codec};
use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, broadcast};
use tokio::time::Instant;

/// Longest wait of one request, in ms; a client that wants more asks again.
const WAIT_MS_MAX: u64 = 30_000;
/// Wait of `tx_submitAndWait` when none is given, in ms.
const WAIT_MS_DEFAULT: u64 = 10_000;
/// How long a request waits for a free query thread before it is told that the node is busy.
const QUEUE_WAIT: Duration = Duration::from_secs(5);
/// Largest transaction body taken for a simulation; the chain's own limit is checked by the simulation.
const BODY_BYTES_MAX: usize = 2 << 20;

/// What all methods share.
pub(super) struct Context {
    pub(super) backend: Backend,
    pub(super) interfaces: Interfaces,
    pub(super) queries: Arc<Semaphore>,
    pub(super) traces: Arc<Semaphore>,
    /// Ends long waits when the server stops.
    pub(super) shutdown: Shutdown,
}

impl Context {
    pub(super) fn reads(&self) -> Reads<'_> {
        Reads { reader: self.backend.reader(), interfaces: &self.interfaces }
    }

    /// Runs a read on a thread that may block, when one of the query slots is free.
    pub(super) async fn blocking(
        self: Arc<Self>,
        work: impl FnOnce(&Self) -> Answer + Send + 'static,
    ) -> Answer {
        let slots = self.queries.clone();
        let Ok(Ok(permit)) = tokio::time::timeout(QUEUE_WAIT, slots.acquire_owned()).await else {
            return Err(plain(BUSY, "all query threads are busy; try again"));
        };
        let done = tokio::task::spawn_blocking(move || {
            let answer = work(&self);
            drop(permit);
            answer
        });
        done.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a query panicked");
            Err(plain(INTERNAL, "the query failed inside the node; its log says how"))
        })
    }
}

/// Builds the table of methods.
pub(super) fn module(context: Arc<Context>) -> Result<RpcModule<Context>, RegisterMethodError> {
    let mut module = RpcModule::from_arc(context);
    chain(&mut module)?;
    transactions(&mut module)?;
    contracts(&mut module)?;
    crate::rpc::subscriptions::register(&mut module)?;
    Ok(module)
}

type Module = RpcModule<Context>;

/// Registers a method whose answer is a read that may block.
fn read<F>(
    module: &mut Module,
    name: &'static str,
    params: &'static [&'static str],
    work: F,
) -> Result<(), RegisterMethodError>
where
    F: Fn(&Context, Args) -> Answer + Copy + Send + Sync + 'static,
{
    let method = move |given: Params<'static>, context: Arc<Context>, _| async move {
        let args = Args::parse(&given, params)?;
        context.blocking(move |context| work(context, args)).await
    };
    module.register_async_method(name, method).map(drop)
}

fn chain(module: &mut Module) -> Result<(), RegisterMethodError> {
    module.register_method("chain_status", |_, context, _| status(context))?;
    module.register_method("net_peers", |_, context, _| peers(context))?;
    module.register_async_method("chain_awaitHeight", |params, context, _| async move {
        let mut args = Args::parse(&params, &["height", "timeout_ms"])?;
        let height: Height = args.required(0)?;
        let end = deadline(args.optional(1)?);
        wait(&context, end, |context| {
            Ok((context.backend.reader().tip().height >= height).then_some(Value::Null))
        })
        .await?;
        status(&context)
    })?;
    read(module, "chain_block", &["block"], |context, mut args| {
        let id = BlockId::parse(&block_id(&mut args, context)?).map_err(invalid)?;
        context.reads().block(&id)
    })?;
    read(module, "chain_header", &["block"], |context, mut args| {
        let id = BlockId::parse(&block_id(&mut args, context)?).map_err(invalid)?;
        context.reads().header(&id)
    })?;
    read(module, "chain_validators", &["height"], |context, mut args| {
        let height = args.optional(0)?;
        context.reads().validators(height)
    })?;
    read(module, "chain_validatorChanges", &["from_height", "limit"], |context, mut args| {
        let from = args.optional(0)?.unwrap_or(Height::GENESIS);
        let limit = args.optional(1)?;
        context.reads().validator_changes(from, limit)
    })?;
    read(module, "chain_evidence", &["validator", "height", "after"], |context, mut args| {
        let wanted =
            Wanted { validator: args.optional(0)?, height: args.optional(1)?, after: args.optional(2)? };
        page(&context.backend.reader(), &wanted)
    })?;
    read(module, "chain_genesis", &[], |context, _| context.reads().genesis())
}

/// A height or a hash; the tip when left out.
fn block_id(args: &mut Args, context: &Context) -> Result<String, ErrorObjectOwned> {
    match args.json(0) {
        Value::Null => Ok(context.backend.reader().tip().height.to_string()),
        Value::String(text) => Ok(text),
        other => Ok(other.to_string()),
    }
}

fn status(context: &Context) -> Answer {
    let network = context.backend.network();
    context.reads().status(&context.backend, network)
}

fn peers(context: &Context) -> Answer {
    let network = context.backend.network();
    crate::rpc::calls::to_json(&PeersJson { peers: network.peers, banned: network.banned })
}

fn transactions(module: &mut Module) -> Result<(), RegisterMethodError> {
    module.register_async_method("tx_submit", |params, context, _| async move {
        let mut args = Args::parse(&params, &["tx"])?;
        let hash = submit(&context, args.required(0)?).await?;
        Answer::Ok(json!(hash.to_string()))
    })?;
    module.register_async_method("tx_submitAndWait", |params, context, _| async move {
        let mut args = Args::parse(&params, &["tx", "timeout_ms"])?;
        let bytes = args.required(0)?;
        let end = deadline(Some(args.optional(1)?.unwrap_or(WAIT_MS_DEFAULT)));
        let hash = submit(&context, bytes).await?;
        match await_receipt(&context, hash, end).await? {
            Value::Null => Err(plain(
                BUSY,
                format!("transaction {hash} is in the pool but not final in time; ask tx_receipt for it"),
            )),
            receipt => Ok(receipt),
        }
    })?;
    module.register_async_method("tx_awaitReceipt", |params, context, _| async move {
        let mut args = Args::parse(&params, &["hash", "timeout_ms"])?;
        let hash = args.required(0)?;
        let end = deadline(args.optional(1)?);
        await_receipt(&context, hash, end).await
    })?;
    read(module, "tx_receipt", &["hash"], |context, mut args| {
        let hash: Hash = args.required(0)?;
        context.reads().receipt(&hash)
    })?;
    module.register_async_method("tx_trace", |params, context, _| async move {
        let mut args = Args::parse(&params, &["hash"])?;
        let hash: Hash = args.required(0)?;
        let slots = context.traces.clone();
        let Ok(Ok(_permit)) = tokio::time::timeout(QUEUE_WAIT, slots.acquire_owned()).await else {
            return Err(plain(BUSY, "other traces are being made; try again"));
        };
        context.blocking(move |context| context.reads().trace(&hash)).await
    })?;
    read(module, "tx_simulate", &["body"], |context, mut args| {
        let bytes: Vec<u8> = args.required(0)?;
        let body: TxBody = codec::decode(&bytes, BODY_BYTES_MAX)
            .map_err(|error| invalid(format!("parameter `body` is not a transaction's body: {error}")))?;
        context.reads().simulate(&body)
    })
}

fn contracts(module: &mut Module) -> Result<(), RegisterMethodError> {
    read(module, "account_get", &["address", "height"], |context, mut args| {
        let address: Address = args.required(0)?;
        let height = args.optional(1)?;
        context.reads().account(&address, height)
    })?;
    read(module, "account_all", &["after"], |context, mut args| {
        let after: Option<Address> = args.optional(0)?;
        context.reads().accounts(after.as_ref())
    })?;
    read(module, "contract_query", &["contract", "method", "args", "height"], |context, mut args| {
        let (contract, method) = (contract(&mut args)?, args.text(1)?);
        let (json, height) = (args.json(2), args.optional(3)?);
        context.reads().query(&contract, &method, &json, height)
    })?;
    read(module, "contract_queryRaw", &["contract", "method", "args", "height"], |context, mut args| {
        let (contract, method) = (contract(&mut args)?, args.text(1)?);
        let (bytes, height) = (args.optional(2)?.unwrap_or_default(), args.optional(3)?);
        context.reads().query_raw(&contract, &method, bytes, height)
    })?;
    read(module, "contract_abi", &["contract"], |context, mut args| {
        context.reads().abi(&contract(&mut args)?)
    })?;
    read(module, "contract_code", &["contract"], |context, mut args| {
        context.reads().code(&contract(&mut args)?)
    })?;
    read(
        module,
        "contract_storage",
        &["contract", "prefix", "start", "limit", "height"],
        |context, mut args| {
            let contract = contract(&mut args)?;
            let (prefix, start): (Option<Vec<u8>>, Option<Vec<u8>>) = (args.optional(1)?, args.optional(2)?);
            let (limit, height) = (args.optional(3)?, args.optional(4)?);
            context.reads().storage(&contract, &prefix.unwrap_or_default(), start.as_deref(), limit, height)
        },
    )?;
    read(module, "state_get", &["key", "height"], |context, mut args| {
        let height = args.optional(1)?;
        context.reads().state_get(&args.required::<Vec<u8>>(0)?, height)
    })?;
    read(module, "state_proof", &["key"], |context, mut args| {
        context.reads().state_proof(&args.required::<Vec<u8>>(0)?)
    })
}

/// An address, or the name of a genesis contract.
fn contract(args: &mut Args) -> Result<Address, ErrorObjectOwned> {
    let text = args.text(0)?;
    if text == hydrogen_types::task::CONTRACT_NAME {
        return Ok(Address::of_name(&text));
    }
    Address::parse(&text).map_err(|error| invalid(format!("parameter `contract`: `{text}`: {error}")))
}

async fn submit(context: &Arc<Context>, bytes: Vec<u8>) -> Result<Hash, ErrorObjectOwned> {
    context.backend.submit(bytes).await.map_err(|error| match error {
        SubmitError::Refused { code, message } => tx_refused(code, &message),
        SubmitError::Busy => plain(BUSY, error.to_string()),
        SubmitError::Stopping => plain(STOPPING, error.to_string()),
    })
}

async fn await_receipt(context: &Arc<Context>, hash: Hash, end: Instant) -> Answer {
    let found = wait(context, end, |context| {
        let found =
            context.backend.reader().receipt(&hash).map_err(|error| crate::rpc::error::unread(&error))?;
        Ok(found.map(|_| Value::Null))
    });
    match found.await? {
        Some(_) => context.clone().blocking(move |context| context.reads().receipt(&hash)).await,
        None => Ok(Value::Null),
    }
}

fn deadline(timeout_ms: Option<u64>) -> Instant {
    Instant::now() + Duration::from_millis(timeout_ms.unwrap_or(0).min(WAIT_MS_MAX))
}

/// Asks `ready` now and after every block until it has an answer or `end` has come.
async fn wait(
    context: &Arc<Context>,
    end: Instant,
    ready: impl Fn(&Context) -> Result<Option<Value>, ErrorObjectOwned>,
) -> Result<Option<Value>, ErrorObjectOwned> {
    let mut committed = context.backend.committed();
    loop {
        if let Some(answer) = ready(context)? {
            return Ok(Some(answer));
        }
        let stopping = || Err(plain(STOPPING, "the node is stopping"));
        tokio::select! {
            () = context.shutdown.clone().wait() => return stopping(),
            block = tokio::time::timeout_at(end, committed.recv()) => match block {
                Ok(Ok(_) | Err(broadcast::error::RecvError::Lagged(_))) => {}
                Ok(Err(broadcast::error::RecvError::Closed)) => return stopping(),
                Err(_) => return ready(context),
            }
        }
    }
}
