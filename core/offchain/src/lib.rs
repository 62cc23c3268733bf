//! hydrogen-offchain
