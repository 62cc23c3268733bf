//! One function body: valid, within the bounds, and its cost on the stack counter.

use crate::limits::ModuleLimits;
use crate::survey::malformed;
use wasmparser::{
    BinaryReaderError, FuncType, FuncValidator, FunctionBody, Operator, OperatorsReader, ValidatorResources,
};

/// Validates one body and returns its cost on the stack counter.
///
/// The cost bounds the native frame from above: 64 for the frame, a slot for every parameter, local and operand, and an
/// eighth of the body for values that the compiler keeps alive across loops.
pub(crate) fn measure(
    validator: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
    signature: &FuncType,
    limits: &ModuleLimits,
) -> Result<i32, String> {
    let bytes = body.range().end - body.range().start;
    if bytes > limits.function_bytes_max {
        return Err(format!(
            "{bytes} bytes long, at most {} are allowed: split it, or mark what it calls #[inline(never)]",
            limits.function_bytes_max
        ));
    }
    let params = signature.params().len();
    if params > limits.params_max {
        return Err(format!("{params} parameters, at most {} are allowed", limits.params_max));
    }
    let locals = locals(body, limits)?;
    let mut reader = body.get_binary_reader();
    reader.set_features(*validator.features());
    let text = |error: BinaryReaderError| malformed(&error);
    validator.read_locals(&mut reader).map_err(text)?;
    let mut operators = OperatorsReader::new(reader);
    let mut height_max = 0;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset().map_err(text)?;
        if let Operator::BrTable { targets } = &operator {
            let count = targets.len();
            if count > limits.branch_targets_max {
                return Err(format!(
                    "a branch table of {count} targets, at most {}",
                    limits.branch_targets_max
                ));
            }
        }
        validator.op(offset, &operator).map_err(text)?;
        height_max = height_max.max(validator.operand_stack_height());
        if usize::try_from(validator.control_stack_height()).unwrap_or(usize::MAX) > limits.nesting_max {
            return Err(format!("blocks nested more than {} deep", limits.nesting_max));
        }
    }
    operators.finish().map_err(text)?;
    let slots = u32::try_from(params).unwrap_or(u32::MAX).saturating_add(locals).saturating_add(height_max);
    let eighth = u32::try_from(bytes / 8).unwrap_or(u32::MAX);
    let cost = slots.saturating_mul(limits.slot_bytes).saturating_add(eighth).saturating_add(64);
    Ok(i32::try_from(cost).unwrap_or(i32::MAX))
}

fn locals(body: &FunctionBody<'_>, limits: &ModuleLimits) -> Result<u32, String> {
    let mut total = 0u32;
    for group in body.get_locals_reader().map_err(|error| malformed(&error))? {
        let (count, _) = group.map_err(|error| malformed(&error))?;
        total = total.saturating_add(count);
    }
    if total > limits.locals_max {
        return Err(format!("{total} locals, at most {} are allowed: split it", limits.locals_max));
    }
    Ok(total)
}
