//! From a stored module to one that can be instantiated.

use crate::disk::Image;
use crate::host::Host;
use crate::limits::CONTRACT_STACK_MAX;
use crate::survey::STACK_EXPORT;
use crate::{check, gas, stack};
use wasmtime::{Engine, InstancePre, Linker, Module, ModuleExport};

/// A compiled contract with its imports resolved.
pub(crate) struct Linked {
    /// Ready to be instantiated.
    pub(crate) pre: InstancePre<Host>,
    /// Where the memory is.
    pub(crate) memory: ModuleExport,
    /// Where the stack counter is.
    pub(crate) stack: ModuleExport,
    /// Gas of one instance.
    pub(crate) instance_gas: u64,
    /// Bytes of compiled code, for the cache's budget.
    pub(crate) image_bytes: usize,
}

/// Checks, instruments and compiles.
///
/// # Errors
/// A sentence; for a module that was checked when it was uploaded, a failure of this machine.
pub(crate) fn compile(engine: &Engine, code: &[u8]) -> Result<Image, String> {
    let survey = check::contract(code).map_err(|error| error.message)?;
    let instrumented = stack::instrument(code, &survey, CONTRACT_STACK_MAX)?;
    let module = Module::from_binary(engine, &instrumented).map_err(|error| format!("{error:#}"))?;
    Ok(Image { module, module_bytes: u64::try_from(code.len()).unwrap_or(u64::MAX), pages: survey.pages })
}

/// Links what was compiled, now or earlier.
///
/// # Errors
/// A sentence; a failure of this machine.
pub(crate) fn link(linker: &Linker<Host>, image: &Image) -> Result<Linked, String> {
    let module = &image.module;
    let export = |name: &str| module.get_export_index(name).ok_or_else(|| format!("no export `{name}`"));
    let range = module.image_range();
    Ok(Linked {
        memory: export("memory")?,
        stack: export(STACK_EXPORT)?,
        instance_gas: gas::instantiation(image.module_bytes, image.pages),
        image_bytes: range.end.addr() - range.start.addr(),
        pre: linker.instantiate_pre(module).map_err(|error| format!("{error:#}"))?,
    })
}

#[cfg(test)]
mod tests;
