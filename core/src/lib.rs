//! hydrogen-core
