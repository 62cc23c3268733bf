//! A program for tests: says everything that it can sense of the machine under it.

use std::collections::HashSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs, thread};

fn main() {
    println!("arguments {:?}", env::args().collect::<Vec<_>>());
    println!("variables {:?}", env::vars().collect::<Vec<_>>());
    println!("folder {:?}", env::current_dir().map_err(|error| error.kind()));
    println!("realtime {:?}", SystemTime::now().duration_since(UNIX_EPOCH));
    let start = Instant::now();
    thread::sleep(Duration::from_millis(5_000));
    println!("slept {:?}", start.elapsed());
    // A hash map's order comes from the machine's randomness.
    let words: HashSet<u32> = (0..20).collect();
    println!("order {:?}", words.into_iter().collect::<Vec<_>>());
    println!("file {:?}", fs::read("/etc/hostname").map_err(|error| error.kind()));
    println!("processors {:?}", thread::available_parallelism().map_err(|error| error.kind()));
    let (local, heap) = (0u8, Box::new(0u8));
    println!("places {:p} {:p} {:p}", &raw const local, heap, main as fn() as *const ());
}
