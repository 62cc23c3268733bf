//! hydrogen-harness
