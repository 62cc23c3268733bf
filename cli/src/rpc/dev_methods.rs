//! `dev_*`: served by the development chain alone.

use crate::dev::{DevError, DevHandle};
use crate::rpc::error::{DEV_REFUSED, INTERNAL, invalid, plain};
use crate::rpc::methods::Context;
use crate::rpc::params::Args;
use hydrogen_core::Tip;
use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn module(context: Arc<Context>) -> Result<RpcModule<Context>, RegisterMethodError> {
    let mut module = RpcModule::from_arc(context);
    module.register_async_method("dev_mine", |params, context, _| async move {
        let (dev, mut args) = parts(&context, &params, &["count"])?;
        let count = args.optional(0)?.unwrap_or(1);
        dev.mine(count).await.map(|tip| place(&tip)).map_err(|error| refused(&error))
    })?;
    module.register_async_method("dev_advanceTime", |params, context, _| async move {
        let (dev, mut args) = parts(&context, &params, &["ms"])?;
        let ms = args.required(0)?;
        dev.advance_time(ms).await.map(|tip| place(&tip)).map_err(|error| refused(&error))
    })?;
    module.register_async_method("dev_fund", |params, context, _| async move {
        let (dev, mut args) = parts(&context, &params, &["address", "amount"])?;
        let (address, amount) = (args.required(0)?, args.required(1)?);
        dev.fund(address, amount).await.map(|hash| json!(hash.to_string())).map_err(|error| refused(&error))
    })?;
    module.register_async_method("dev_snapshot", |params, context, _| async move {
        let (dev, _) = parts(&context, &params, &[])?;
        dev.snapshot().await.map(|id| json!(id.to_string())).map_err(|error| refused(&error))
    })?;
    module.register_async_method("dev_revert", |params, context, _| async move {
        let (dev, mut args) = parts(&context, &params, &["snapshot"])?;
        let id = args.required(0)?;
        dev.revert(id).await.map(|tip| place(&tip)).map_err(|error| refused(&error))
    })?;
    module.register_async_method("dev_setAutomine", |params, context, _| async move {
        let (dev, mut args) = parts(&context, &params, &["on"])?;
        let Value::Bool(on) = args.json(0) else {
            return Err(invalid("parameter `on`: write true or false"));
        };
        dev.set_automine(on).await.map(|()| json!(on)).map_err(|error| refused(&error))
    })?;
    Ok(module)
}

fn parts(
    context: &Arc<Context>,
    params: &Params<'_>,
    names: &'static [&'static str],
) -> Result<(DevHandle, Args), ErrorObjectOwned> {
    let args = Args::parse(params, names)?;
    let dev = context.backend.dev().ok_or_else(|| plain(DEV_REFUSED, "only `hydrogen dev` serves this"))?;
    Ok((dev.clone(), args))
}

fn place(tip: &Tip) -> Value {
    json!({
        "height": tip.height.to_string(), "block_hash": tip.hash.to_string(), "time_ms": tip.time_ms.to_string(),
        "uptime_ms": tip.uptime_ms.to_string()
    })
}

fn refused(error: &DevError) -> ErrorObjectOwned {
    let code = if matches!(error, DevError::Stopped) { INTERNAL } else { DEV_REFUSED };
    plain(code, error.to_string())
}
