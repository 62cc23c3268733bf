//! What holds over the whole tree and over whole networks.

mod agreement;
mod beacon;
mod docs;
mod evidence;
mod golden;
mod hostile;
mod hostile_peer;
mod invariants;
mod layering;
mod limits;
mod rounds;
mod sim;
mod support;
mod tidy;
mod vectors;
