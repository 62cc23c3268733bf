//! What holds over the whole tree and over whole networks.

mod layering;
mod tidy;
