//! Whole lives of tasks on the SDK's mock host, with the books audited after every step.

mod attacks;
mod audit;
mod calls;
mod config;
mod errors;
mod external;
mod extremes;
mod histories;
mod life;
mod net;
mod nodes;
mod pages;
mod refusals;
mod relays;
pub(crate) mod rows;
mod security;
mod similar;
mod triples;
mod verdicts;
