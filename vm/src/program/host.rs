//! The world of a program: input, output, a clock and randomness that depend on nothing real.

use super::outcome::{Asked, ProgramLimits};
use crate::limits::{PROGRAM_MEMORY_MAX, TABLE_ELEMENTS_MAX};
use hydrogen_types::{Hash, Tag};
use std::fmt;
use std::sync::Arc;
use wasmtime::{Memory, ResourceLimiter};

/// Most bytes of stderr that are kept; the rest is accepted and dropped, since it enters no result.
const LOG_BYTES_MAX: usize = 64 * 1024;
/// What one call for the time adds to it.
const CLOCK_STEP_NS: u64 = 1_000;

/// Why a program was stopped.
#[derive(Debug)]
pub(super) enum Halt {
    /// `proc_exit`.
    Exit(u32),
    /// No fuel left.
    FuelExhausted,
    /// It asked for more memory than allowed.
    MemoryLimit { asked: usize },
    /// It wrote more than allowed.
    OutputTooLarge,
    /// It misused a call in a way that no error number answers.
    Misuse(String),
    /// This machine has no memory.
    Shortage(String),
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Halt {}

/// The data of a program's store.
pub(super) struct Host {
    input: Arc<[u8]>,
    read: usize,
    /// Bytes of stdout so far.
    pub(super) output: Vec<u8>,
    /// Bytes of stderr so far.
    pub(super) log: Vec<u8>,
    /// Set after instantiation.
    pub(super) memory: Option<Memory>,
    output_bytes_max: usize,
    memory_bytes_max: usize,
    clock_ns: u64,
    seed: Hash,
    random_block: u64,
    random: Vec<u8>,
    closed: [bool; 3],
    /// What it asked so far.
    pub(super) asked: Asked,
}

impl Host {
    pub(super) fn new(input: Arc<[u8]>, limits: &ProgramLimits, start_time_ms: u64, seed: Hash) -> Self {
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            input,
            read: 0,
            output: Vec::new(),
            log: Vec::new(),
            memory: None,
            output_bytes_max: size(limits.output_bytes_max),
            memory_bytes_max: size(limits.memory_bytes_max.min(PROGRAM_MEMORY_MAX)),
            clock_ns: start_time_ms.saturating_mul(1_000_000),
            seed,
            random_block: 0,
            random: Vec::new(),
            closed: [false; 3],
            asked: Asked::default(),
        }
    }

    /// Whether 0, 1 or 2 is open.
    pub(super) fn is_open(&self, fd: i32) -> bool {
        usize::try_from(fd).ok().and_then(|fd| self.closed.get(fd)).is_some_and(|closed| !closed)
    }

    pub(super) fn close(&mut self, fd: i32) {
        if let Some(closed) = usize::try_from(fd).ok().and_then(|fd| self.closed.get_mut(fd)) {
            *closed = true;
        }
    }

    /// The time, which then is 1 us later.
    pub(super) fn now_ns(&mut self) -> u64 {
        let now = self.clock_ns;
        self.asked.clock_reads += 1;
        self.clock_ns = now.saturating_add(CLOCK_STEP_NS);
        now
    }

    /// The time without a step.
    pub(super) fn peek_ns(&self) -> u64 {
        self.clock_ns
    }

    /// Sleeps, which takes no real time.
    pub(super) fn sleep_until(&mut self, ns: u64) {
        let slept = ns.saturating_sub(self.clock_ns);
        self.asked.slept_ns = self.asked.slept_ns.saturating_add(slept);
        self.clock_ns += slept;
    }

    /// A call that nothing here answers.
    pub(super) fn refuse(&mut self, name: &'static str) {
        *self.asked.refused.entry(name).or_default() += 1;
    }

    /// Bytes of input not read yet.
    pub(super) fn input_left(&self) -> usize {
        self.input.len() - self.read
    }

    /// The next bytes of input, as many as fit and are left.
    pub(super) fn read_input(&mut self, out: &mut [u8]) -> usize {
        let count = out.len().min(self.input_left());
        out[..count].copy_from_slice(&self.input[self.read..self.read + count]);
        self.read += count;
        count
    }

    pub(super) fn write_output(&mut self, bytes: &[u8]) -> Result<(), Halt> {
        if bytes.len() > self.output_bytes_max - self.output.len() {
            return Err(Halt::OutputTooLarge);
        }
        self.output.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn write_log(&mut self, bytes: &[u8]) {
        let room = LOG_BYTES_MAX - self.log.len();
        self.log.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The next bytes of the stream SHA-256(tag, seed, 0), SHA-256(tag, seed, 1), ..: the same however it is cut.
    pub(super) fn fill_random(&mut self, mut out: &mut [u8]) {
        self.asked.random_bytes += u64::try_from(out.len()).unwrap_or(u64::MAX);
        while !out.is_empty() {
            if self.random.is_empty() {
                let counter = self.random_block.to_le_bytes();
                let block = Hash::of(Tag::PROGRAM_RANDOM, &[self.seed.as_bytes(), &counter]);
                self.random.extend_from_slice(block.as_bytes());
                self.random_block += 1;
            }
            let count = out.len().min(self.random.len());
            let (now, later) = out.split_at_mut(count);
            now.copy_from_slice(&self.random[..count]);
            self.random.drain(..count);
            out = later;
        }
    }
}

impl ResourceLimiter for Host {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|own| desired > own) {
            return Ok(false);
        }
        if desired > self.memory_bytes_max {
            return Err(wasmtime::Error::new(Halt::MemoryLimit { asked: desired }));
        }
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let elements_max = usize::try_from(TABLE_ELEMENTS_MAX).unwrap_or(usize::MAX);
        Ok(desired <= maximum.map_or(elements_max, |own| own.min(elements_max)))
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Halt::Shortage(format!("{error:#}"))))
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Halt::Shortage(format!("{error:#}"))))
    }
}
