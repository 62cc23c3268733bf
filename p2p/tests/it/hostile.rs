//! Proposers that cheat.
