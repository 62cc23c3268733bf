//! hydrogen-proof
