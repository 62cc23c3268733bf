//! The linker of contracts, made from the one table of host functions.

use crate::host::{Frame, Host, functions};
use hydrogen_types::host::{HOST_FUNCTIONS, HostFunction, MODULE, ValType};
use hydrogen_types::host_functions;
use wasmparser::FuncType;
use wasmtime::{Caller, Engine, Linker};

/// The table's row of a name.
pub(crate) fn row(name: &str) -> Option<&'static HostFunction> {
    HOST_FUNCTIONS.iter().find(|row| row.name == name)
}

/// The row's type.
pub(crate) fn signature(row: &HostFunction) -> FuncType {
    let wasm = |kind: ValType| match kind {
        ValType::I32 => wasmparser::ValType::I32,
        ValType::I64 => wasmparser::ValType::I64,
    };
    FuncType::new(row.params.iter().map(|(_, kind)| wasm(*kind)), row.result.map(wasm))
}

macro_rules! result {
    () => {
        ()
    };
    ($result:ident) => {
        $result
    };
}

macro_rules! define {
    ($(fn $name:ident($($param:ident: $type:ident),*) $(-> $result:ident)?; $base:literal, $byte:literal; $doc:literal;)*) => {
        fn define(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
            $(linker.func_wrap(
                MODULE,
                stringify!($name),
                |caller: Caller<'_, Host>, $($param: $type),*| -> wasmtime::Result<result!($($result)?)> {
                    let mut frame =
                        Frame::enter(caller, stringify!($name), $base, $byte).map_err(wasmtime::Error::new)?;
                    let result = functions::$name(&mut frame, $($param),*);
                    frame.leave(result).map_err(wasmtime::Error::new)
                },
            )?;)*
            Ok(())
        }
    };
}

host_functions!(define);

/// A linker with every row of the table.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    define(&mut linker)?;
    Ok(linker)
}

#[cfg(test)]
mod tests {
    use super::{linker, row, signature};
    use crate::config::VmConfig;
    use crate::engine;
    use hydrogen_types::host::{HOST_FUNCTIONS, MODULE};
    use wasmtime::Module;

    #[test]
    fn the_linker_has_the_table_and_nothing_else() {
        let engine = engine::contracts(&VmConfig::default()).expect("an engine");
        let linker = linker(&engine).expect("a linker");
        for row in HOST_FUNCTIONS {
            let list = |types: &[wasmparser::ValType]| {
                types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            };
            let kind = signature(row);
            let wat = format!(
                "(module (import \"{MODULE}\" \"{}\" (func (param {}) (result {}))))",
                row.name,
                list(kind.params()),
                list(kind.results())
            );
            let module = Module::new(&engine, wat::parse_str(wat).expect("good wat")).expect("compiles");
            linker.instantiate_pre(&module).unwrap_or_else(|error| panic!("{}: {error}", row.name));
        }
        assert!(row("sha512").is_none());
    }
}
