//! What holds over the whole tree and over whole networks.

mod docs;
mod layering;
mod tidy;
