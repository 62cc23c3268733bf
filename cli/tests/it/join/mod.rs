//! Nodes that join a chain that others have, as real processes: killed and stopped meanwhile, asked meanwhile, and how
//! long it takes.

mod kill;
mod line;
mod scene;
mod speed;
mod stop;
