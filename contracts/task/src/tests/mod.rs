//! Whole lives of tasks on the SDK's mock host, with the books audited after every step.

mod attacks;
mod audit;
mod calls;
mod errors;
mod histories;
mod life;
mod net;
mod nodes;
mod refusals;
pub(crate) mod rows;
mod security;
mod triples;
mod verdicts;
