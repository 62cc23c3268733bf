//! hydrogen-embed
