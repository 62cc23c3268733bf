//! What holds over the whole tree and over whole networks.

mod agreement;
mod docs;
mod evidence;
mod golden;
mod hostile;
mod invariants;
mod hostile_peer;
mod layering;
mod limits;
mod sim;
mod support;
mod tidy;
mod vectors;
