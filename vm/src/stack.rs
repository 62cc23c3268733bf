//! The stack counter: every function takes its cost from one appended global and gives it back.
//!
//! ```text
//! (func locals..                          global.get $s  i32.const COST  i32.sub  global.set $s
//!   body            becomes               global.get $s  i32.const 0  i32.lt_s  if unreachable end
//! )                                       block (result ..) body, `return` as a branch to this block  end
//!                                         global.get $s  i32.const COST  i32.add  global.set $s
//! ```
//!
//! Native stacks differ between compilers and machines; this counter does not. Nothing is renumbered: the global is the
//! last one, and branches to the function's own label meet the new block under the same number.
//!
//! *Invariant*: the transform is a function of the module alone. Changing it changes gas: count `VM_VERSION` up.

use crate::survey::{FunctionFacts, STACK_EXPORT, Survey};
use wasm_encoder::{Encode, Module, RawSection};
use wasmparser::{BinaryReader, BinaryReaderError, FunctionBody, Operator, Parser, Payload, ValType};

const SECTION_CUSTOM: u8 = 0;
const SECTION_GLOBAL: u8 = 6;
const SECTION_EXPORT: u8 = 7;
const SECTION_CODE: u8 = 10;

const UNREACHABLE: u8 = 0x00;
const BLOCK: u8 = 0x02;
const IF: u8 = 0x04;
const END: u8 = 0x0b;
const BR: u8 = 0x0c;
const GLOBAL_GET: u8 = 0x23;
const GLOBAL_SET: u8 = 0x24;
const I32_CONST: u8 = 0x41;
const I32_LT_S: u8 = 0x48;
const I32_ADD: u8 = 0x6a;
const I32_SUB: u8 = 0x6b;
/// `f64.const 0`, `f64.sqrt`, `drop`, four times: makes no code, but its fuel brings the price of growing a memory or
/// table by nothing to what the call into the host takes, which is above the highest price of one operator.
const GROW_SURCHARGE: [u8; 44] = {
    let mut bytes = [0; 44];
    let mut at = 0;
    while at < 44 {
        bytes[at] = 0x44;
        bytes[at + 9] = 0x9f;
        bytes[at + 10] = 0x1a;
        at += 11;
    }
    bytes
};
const BLOCK_EMPTY: u8 = 0x40;
const I32: u8 = 0x7f;

/// The module with the counter, which starts at `stack_max` and is exported as [`STACK_EXPORT`]. Custom sections but
/// the names are left out.
///
/// # Errors
/// None for a surveyed module; the text is for the log of a broken invariant.
pub(crate) fn instrument(code: &[u8], survey: &Survey, stack_max: i32) -> Result<Vec<u8>, String> {
    let text = |error: BinaryReaderError| error.to_string();
    let mut module = Module::new();
    let mut bodies = Vec::new();
    let mut functions = survey.functions.iter();
    let mut global_done = false;
    for payload in Parser::new(0).parse_all(code) {
        let payload = payload.map_err(text)?;
        if let Payload::CodeSectionEntry(body) = &payload {
            let facts = functions.next().ok_or("more bodies than functions")?;
            function(code, body, facts, survey.globals)?.encode(&mut bodies);
            if functions.len() == 0 {
                let mut data = Vec::new();
                u32::try_from(survey.functions.len()).map_err(|error| error.to_string())?.encode(&mut data);
                data.append(&mut bodies);
                module.section(&RawSection { id: SECTION_CODE, data: &data });
            }
            continue;
        }
        let Some((id, range)) = payload.as_section() else { continue };
        let data = code.get(range).ok_or("a section beyond the end")?;
        if id > SECTION_GLOBAL && !global_done {
            module.section(&RawSection { id: SECTION_GLOBAL, data: &appended(&[0], &counter(stack_max))? });
            global_done = true;
        }
        match (id, &payload) {
            (SECTION_GLOBAL, _) => {
                module.section(&RawSection { id, data: &appended(data, &counter(stack_max))? });
                global_done = true;
            }
            (SECTION_EXPORT, _) => {
                module.section(&RawSection { id, data: &appended(data, &export(survey.globals))? });
            }
            (SECTION_CODE, _) => {}
            (SECTION_CUSTOM, Payload::CustomSection(section)) if section.name() == "name" => {
                module.section(&RawSection { id, data });
            }
            (SECTION_CUSTOM, _) => {}
            _ => {
                module.section(&RawSection { id, data });
            }
        }
    }
    Ok(module.finish())
}

/// A section's content with one more entry.
fn appended(section: &[u8], entry: &[u8]) -> Result<Vec<u8>, String> {
    let mut reader = BinaryReader::new(section, 0);
    let count = reader.read_var_u32().map_err(|error| error.to_string())?;
    let rest = section.get(reader.original_position()..).ok_or("a section without a count")?;
    let mut out = Vec::with_capacity(section.len() + entry.len() + 1);
    (count + 1).encode(&mut out);
    out.extend_from_slice(rest);
    out.extend_from_slice(entry);
    Ok(out)
}

fn counter(stack_max: i32) -> Vec<u8> {
    let mut out = vec![I32, 1, I32_CONST];
    stack_max.encode(&mut out);
    out.push(END);
    out
}

fn export(global: u32) -> Vec<u8> {
    let mut out = Vec::new();
    STACK_EXPORT.encode(&mut out);
    out.push(3);
    global.encode(&mut out);
    out
}

fn function(
    code: &[u8],
    body: &FunctionBody<'_>,
    facts: &FunctionFacts,
    global: u32,
) -> Result<Vec<u8>, String> {
    let text = |error: BinaryReaderError| error.to_string();
    let mut reader = body.get_operators_reader().map_err(text)?;
    let mut at = reader.original_position();
    let mut out = code.get(body.range().start..at).ok_or("locals beyond the end")?.to_vec();
    adjust(&mut out, global, facts.stack_cost, I32_SUB);
    out.push(GLOBAL_GET);
    global.encode(&mut out);
    out.extend_from_slice(&[I32_CONST, 0, I32_LT_S, IF, BLOCK_EMPTY, UNREACHABLE, END]);
    out.extend_from_slice(&[BLOCK, block_type(facts)?]);
    let mut depth = 0u32;
    while !reader.eof() {
        let operator = reader.read().map_err(text)?;
        let next = reader.original_position();
        if matches!(operator, Operator::MemoryGrow { .. } | Operator::TableGrow { .. }) {
            out.extend_from_slice(&GROW_SURCHARGE);
        }
        match operator {
            Operator::Return => {
                out.push(BR);
                depth.encode(&mut out);
            }
            _ => out.extend_from_slice(code.get(at..next).ok_or("an operator beyond the end")?),
        }
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
            Operator::End => depth = depth.saturating_sub(1),
            _ => {}
        }
        at = next;
    }
    adjust(&mut out, global, facts.stack_cost, I32_ADD);
    out.push(END);
    Ok(out)
}

fn adjust(out: &mut Vec<u8>, global: u32, cost: i32, operator: u8) {
    out.push(GLOBAL_GET);
    global.encode(out);
    out.push(I32_CONST);
    cost.encode(out);
    out.push(operator);
    out.push(GLOBAL_SET);
    global.encode(out);
}

fn block_type(facts: &FunctionFacts) -> Result<u8, String> {
    match facts.signature.results() {
        [] => Ok(BLOCK_EMPTY),
        [ValType::I32] => Ok(I32),
        [ValType::I64] => Ok(0x7e),
        [ValType::F32] => Ok(0x7d),
        [ValType::F64] => Ok(0x7c),
        [ValType::V128] => Ok(0x7b),
        [ValType::FUNCREF] => Ok(0x70),
        other => Err(format!("results {other:?} of disabled proposals")),
    }
}

#[cfg(test)]
mod tests;
