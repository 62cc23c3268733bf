//! Tests: formats against each other, hostile input, and what distances mean.

mod distances;
mod formats;
mod hostile;
mod pictures;
mod png_bytes;
