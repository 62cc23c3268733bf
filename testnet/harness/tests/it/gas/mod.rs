//! Gas of the task contract in the real sandbox: written down, flat in the size of the network, below what its
//! scheduled calls have bought; and the size of every committed module.

mod bench;
mod flat;
mod lap;
mod owner;
mod sizes;
mod table;
mod worst;
