//! From a stored module to one that can be instantiated.

use crate::host::Host;
use crate::limits::CONTRACT_STACK_MAX;
use crate::survey::STACK_EXPORT;
use crate::{check, gas, stack};
use wasmtime::{InstancePre, Linker, Module, ModuleExport};

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

/// Checks, instruments, compiles and links.
///
/// # Errors
/// A sentence; for a module that was checked when it was uploaded, a failure of this machine.
pub(crate) fn compile(linker: &Linker<Host>, code: &[u8]) -> Result<Linked, String> {
    let survey = check::contract(code).map_err(|error| error.message)?;
    let instrumented = stack::instrument(code, &survey, CONTRACT_STACK_MAX)?;
    let text = |error: wasmtime::Error| format!("{error:#}");
    let module = Module::from_binary(linker.engine(), &instrumented).map_err(text)?;
    let export = |name: &str| module.get_export_index(name).ok_or_else(|| format!("no export `{name}`"));
    let image = module.image_range();
    Ok(Linked {
        memory: export("memory")?,
        stack: export(STACK_EXPORT)?,
        instance_gas: gas::instantiation(code.len(), survey.pages),
        image_bytes: image.end.addr() - image.start.addr(),
        pre: linker.instantiate_pre(&module).map_err(text)?,
    })
}

#[cfg(test)]
mod tests;
