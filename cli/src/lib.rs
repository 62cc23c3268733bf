//! hydrogen
