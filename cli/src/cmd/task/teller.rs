//! What a person sees of a task on its way: a line for each thing that happened, and on a terminal one more, at the
//! bottom, that says what is waited for.

use crate::application::{Progress, Step, describe, why_aborted};
use crate::client::relay::Meter;
use crate::keys;
use crate::output::Output;
use crate::session::Session;
use hydrogen_types::{Address, Height};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the line at the bottom is drawn again.
const TICK: Duration = Duration::from_millis(250);
/// Bytes from which on their way is worth showing.
const BYTES_SHOWN_MIN: u64 = 1 << 20;
const MIB: u64 = 1 << 20;

/// Tells a person.
pub(in crate::cmd) struct Teller {
    output: Output,
    /// What this home calls the accounts that it has keys of.
    names: BTreeMap<Address, String>,
    bottom: Option<Arc<Mutex<Bottom>>>,
}

/// The line at the bottom of a terminal.
struct Bottom {
    /// What is waited for; nothing is shown while it is empty.
    waiting: String,
    since: Instant,
    committed: u32,
    /// Bytes moved, of how many.
    bytes: Option<(u64, u64)>,
}

impl Teller {
    /// Names accounts as their keys in this home are named; one that cannot be read has no names.
    pub(in crate::cmd) fn new(session: &Session) -> Self {
        let output = session.output;
        let keys = keys::list(session).unwrap_or_default();
        let names = keys.into_iter().map(|key| (key.address, key.name)).collect();
        let bottom = std::io::stderr().is_terminal().then(|| {
            let bottom = Bottom { waiting: String::new(), since: Instant::now(), committed: 0, bytes: None };
            Arc::new(Mutex::new(bottom))
        });
        if let Some(bottom) = &bottom {
            let weak = Arc::downgrade(bottom);
            tokio::spawn(async move {
                while let Some(bottom) = weak.upgrade() {
                    lock(&bottom).draw();
                    drop(bottom);
                    tokio::time::sleep(TICK).await;
                }
            });
        }
        Self { output, names, bottom }
    }

    /// A line, with the height of the block it is about.
    pub(super) fn line(&self, height: Option<Height>, text: &str) {
        let height = height.map_or_else(String::new, |height| height.to_string());
        let bottom = self.bottom.as_ref().map(|bottom| lock(bottom));
        if bottom.as_ref().is_some_and(|bottom| !bottom.waiting.is_empty()) {
            raw("\r\x1b[K");
        }
        for (index, part) in text.lines().enumerate() {
            // A line that begins further right goes on with the one above it.
            let block = if index == 0 || !part.starts_with(' ') { height.as_str() } else { "" };
            self.output.say(format_args!("{block:>8}  {part}"));
        }
        if let Some(bottom) = bottom {
            bottom.draw();
        }
    }

    /// What is waited for from now on; nothing for an empty text.
    pub(in crate::cmd) fn wait_for(&self, what: &str) {
        let Some(bottom) = &self.bottom else { return };
        let mut bottom = lock(bottom);
        if !bottom.waiting.is_empty() {
            raw("\r\x1b[K");
        }
        bottom.waiting = what.into();
        bottom.since = Instant::now();
        bottom.bytes = None;
        bottom.draw();
    }

    /// Counts bytes on the line at the bottom.
    pub(in crate::cmd) fn meter(&self) -> Option<Meter> {
        let bottom = self.bottom.clone()?;
        Some(Arc::new(move |moved, total| {
            let mut bottom = lock(&bottom);
            bottom.bytes = (moved.max(total) >= BYTES_SHOWN_MIN && moved < total).then_some((moved, total));
        }))
    }

    /// Things that happened on the chain.
    pub(super) fn steps<'a>(&self, steps: impl IntoIterator<Item = &'a Step>) {
        for step in steps {
            let text = describe(&step.header, &step.event, &|address| self.name(address));
            self.line(Some(step.header.height), &text);
            if let Some(bottom) = &self.bottom {
                let waiting = lock(bottom).after(&step.event.name);
                if let Some(waiting) = waiting {
                    self.wait_for(&waiting);
                }
            }
        }
    }

    fn name(&self, address: &Address) -> String {
        self.names.get(address).cloned().unwrap_or_else(|| address.to_string())
    }

    /// What a run tells.
    pub(super) fn progress(&self, progress: &Progress<'_>) {
        match progress {
            Progress::Quoted(quote) => {
                let (fee, least) = (quote.request.fee, quote.fee_min);
                let seconds = quote.timeout_ms / 1000;
                self.line(
                    None,
                    &format!("price       {fee} CNX for {seconds} s of time; the least is {least} CNX"),
                );
                if quote.is_timeout_raised {
                    self.line(
                        None,
                        "            the time is longer than usual: the limits asked for need it",
                    );
                }
                if quote.is_unsafe() {
                    let safe = quote.fee_safe;
                    let warning = format!(
                        "warning     the stakes make fees up to {safe} CNX safe: above it, whoever holds a third of the \
                         nodes gains by lying"
                    );
                    self.line(None, &warning);
                }
                self.wait_for("publishing the program");
            }
            Progress::Published { program, is_fresh, url } => {
                let how = if *is_fresh { "published at" } else { "is already at" };
                self.line(None, &format!("program     {program} {how} {url}"));
                self.wait_for("paying");
            }
            Progress::Approved(height) => {
                self.line(Some(*height), "approved    the task contract may take fee and deposit");
            }
            Progress::Sending(hash) => {
                self.line(None, &format!("payment     transaction {hash}"));
                self.wait_for("waiting for the payment's block");
            }
            Progress::Resumed(view) => {
                let (id, state) = (view.id, view.state);
                self.line(None, &format!("resumed     task {id}, which is {state:?}; nothing is paid again"));
                self.wait_for("catching up");
            }
            Progress::Forgotten(view) => {
                let why = why_aborted(view);
                self.line(
                    None,
                    &format!("earlier     task {} of the same order was aborted: {why}", view.id),
                );
            }
            Progress::Step(step) => self.steps([*step]),
            Progress::Uploaded { bytes, url, height } => {
                self.line(Some(*height), &format!("uploaded    {bytes} bytes to relay {url}"));
                self.wait_for("telling the chain of the arguments");
            }
        }
    }
}

impl Bottom {
    /// What is waited for after an event.
    fn after(&mut self, event: &str) -> Option<String> {
        let text = match event {
            "TaskCreated" => "waiting for the draw",
            "TaskStarted" => "bringing the arguments",
            "ArgsUploaded" => "three nodes execute",
            "Committed" => {
                self.committed += 1;
                return Some(format!("three nodes execute, {} committed", self.committed));
            }
            "RevealOpened" => "the nodes reveal what they found",
            "TaskValidated" => "waiting for the result at a relay",
            "TaskSuccess" => "fetching the result",
            "TaskAborted" => "",
            _ => return None,
        };
        Some(text.into())
    }

    fn draw(&self) {
        if self.waiting.is_empty() {
            return;
        }
        let seconds = self.since.elapsed().as_secs();
        let bytes = self.bytes.map_or_else(String::new, |(moved, total)| {
            let tenths = |bytes: u64| format!("{}.{}", bytes / MIB, bytes % MIB * 10 / MIB);
            format!(": {} of {} MiB, {} %", tenths(moved), tenths(total), moved * 100 / total.max(1))
        });
        raw(&format!("\r\x1b[K          ... {}{bytes} ({seconds} s)", self.waiting));
    }
}

impl Drop for Teller {
    /// The line is nobody's news any more.
    fn drop(&mut self) {
        self.wait_for("");
    }
}

fn lock(bottom: &Mutex<Bottom>) -> std::sync::MutexGuard<'_, Bottom> {
    bottom.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Unbuffered, without a line's end; a terminal that has gone away is no error of ours.
fn raw(text: &str) {
    let mut stderr = std::io::stderr().lock();
    drop(stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()));
}
