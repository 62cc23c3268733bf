//! hydrogen-p2p
