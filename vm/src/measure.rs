//! One function body: valid, within the bounds, and its cost on the stack counter.

use crate::findings::{Finding, FindingKind, Halt};
use crate::limits::ModuleLimits;
use crate::survey::malformed;
use wasmparser::{
    BinaryReaderError, FuncType, FuncValidator, FunctionBody, Operator, OperatorsReader, ValidatorResources,
};

/// Why a body is not looked at any further.
enum Left {
    /// The collector has enough.
    Halt,
    /// The rest of this body means nothing; the next one may.
    Invalid(BinaryReaderError),
}

impl From<Halt> for Left {
    fn from(_: Halt) -> Self {
        Self::Halt
    }
}

impl From<BinaryReaderError> for Left {
    fn from(error: BinaryReaderError) -> Self {
        Self::Invalid(error)
    }
}

/// Validates one body and returns its cost on the stack counter. What is wrong goes to `add`.
///
/// The cost bounds the native frame from above: 64 for the frame, a slot for every parameter, local and operand, and an
/// eighth of the body for values that the compiler keeps alive across loops.
pub(crate) fn measure(
    validator: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
    signature: &FuncType,
    limits: &ModuleLimits,
    mut add: impl FnMut(Finding) -> Result<(), Halt>,
) -> Result<i32, Halt> {
    match body_cost(validator, body, signature, limits, &mut add) {
        Ok(cost) => Ok(cost),
        Err(Left::Halt) => Err(Halt),
        // The module is refused anyhow: the cost is for nobody.
        Err(Left::Invalid(error)) => add(malformed(&error)).map(|()| 0),
    }
}

fn body_cost(
    validator: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
    signature: &FuncType,
    limits: &ModuleLimits,
    add: &mut impl FnMut(Finding) -> Result<(), Halt>,
) -> Result<i32, Left> {
    let start = body.range().start;
    let bytes = body.range().end - start;
    if bytes > limits.function_bytes_max {
        let problem = format!("{bytes} bytes long, at most {} are allowed", limits.function_bytes_max);
        add(limit(start, problem, "split it, or mark what it calls #[inline(never)]"))?;
    }
    let params = signature.params().len();
    if params > limits.params_max {
        let problem = format!("{params} parameters, at most {} are allowed", limits.params_max);
        add(limit(start, problem, "pass a pointer to a struct"))?;
    }
    let locals = locals(body)?;
    if locals > limits.locals_max {
        let problem = format!("{locals} locals, at most {} are allowed", limits.locals_max);
        add(limit(start, problem, "split it"))?;
    }
    let mut reader = body.get_binary_reader();
    reader.set_features(*validator.features());
    validator.read_locals(&mut reader)?;
    let mut operators = OperatorsReader::new(reader);
    let mut height_max = 0;
    let mut nested = false;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        if let Operator::BrTable { targets } = &operator {
            let (count, count_max) = (targets.len(), limits.branch_targets_max);
            if count > count_max {
                let problem = format!("a branch table of {count} targets, at most {count_max} are allowed");
                add(limit(offset, problem, "split the `match` or `switch`, or look up in an array"))?;
            }
        }
        validator.op(offset, &operator)?;
        height_max = height_max.max(validator.operand_stack_height());
        let depth = usize::try_from(validator.control_stack_height()).unwrap_or(usize::MAX);
        if depth > limits.nesting_max && !nested {
            nested = true;
            let problem = format!("blocks nested more than {} deep", limits.nesting_max);
            add(limit(offset, problem, "split it: large `match`es and unrolled loops nest"))?;
        }
    }
    operators.finish()?;
    let slots = u32::try_from(params).unwrap_or(u32::MAX).saturating_add(locals).saturating_add(height_max);
    let eighth = u32::try_from(bytes / 8).unwrap_or(u32::MAX);
    let cost = slots.saturating_mul(limits.slot_bytes).saturating_add(eighth).saturating_add(64);
    Ok(i32::try_from(cost).unwrap_or(i32::MAX))
}

fn limit(offset: usize, problem: String, mend: &str) -> Finding {
    Finding { kind: FindingKind::Limit, function: None, offset: Some(offset), problem, mend: mend.to_owned() }
}

fn locals(body: &FunctionBody<'_>) -> Result<u32, BinaryReaderError> {
    let mut total = 0u32;
    for group in body.get_locals_reader()? {
        let (count, _) = group?;
        total = total.saturating_add(count);
    }
    Ok(total)
}
