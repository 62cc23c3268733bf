//! hydrogen-testnet
