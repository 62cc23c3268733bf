//! The relay over real HTTP.

mod basics;
mod disk;
mod hostile;
mod kill;
mod kinds;
mod limits;
mod many;
mod nodes;
mod results;
mod scene;
mod serve;
mod slow;
mod wire;
