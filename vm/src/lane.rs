//! Where calls run: at most so many at once, each on a stack that holds the deepest chain of calls.
//!
//! A caller whose own stack is deep enough runs the call itself; others hand it to one of our threads, which costs two
//! wake-ups. Chains that want warm calls in microseconds run on a thread with 32 MiB of stack.
//!
//! *Invariant*: instances alive never exceed the pool, so the pool is never found empty.

use crate::config::VmSetupError;
use crate::limits::{LANE_STACK, LANE_STACK_MIN};
use std::cell::OnceCell;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

type Job = Box<dyn FnOnce() + Send>;

/// The lanes.
pub(crate) struct Lanes {
    free: Mutex<usize>,
    freed: Condvar,
    jobs: Sender<Job>,
}

/// Who asks for a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A block waits for it.
    Block,
    /// Somebody asks; the last lane is not for these.
    Query,
}

/// A lane in use; free again when dropped.
struct Lane<'a>(&'a Lanes);

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_all();
    }
}

impl Lanes {
    /// So many lanes, with a thread for each.
    ///
    /// # Errors
    /// Fewer than two lanes, or no threads.
    pub(crate) fn new(count: usize) -> Result<Self, VmSetupError> {
        if count < 2 {
            return Err(VmSetupError::TooFewLanes { lanes: count });
        }
        let (jobs, queue) = channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for index in 0..count {
            let queue = queue.clone();
            std::thread::Builder::new()
                .name(format!("hydrogen-vm-{index}"))
                .stack_size(LANE_STACK)
                .spawn(move || serve(&queue))
                .map_err(VmSetupError::Thread)?;
        }
        Ok(Self { free: Mutex::new(count), freed: Condvar::new(), jobs })
    }

    fn enter(&self, purpose: Purpose) -> Lane<'_> {
        let kept = usize::from(purpose == Purpose::Query);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free <= kept {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Lane(self)
    }

    /// Runs `work` in a lane, here or on a thread of ours. `None` if that thread is gone or `work` panicked.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        purpose: Purpose,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let lane = self.enter(purpose);
        if stack_left().is_some_and(|left| left >= LANE_STACK_MIN) {
            return Some(work());
        }
        let (answer, answered) = channel();
        let job = move || {
            // The asker waits for exactly this answer.
            let _gone = answer.send(work());
        };
        self.jobs.send(Box::new(job)).ok()?;
        let result = answered.recv().ok();
        drop(lane);
        result
    }
}

fn serve(queue: &Mutex<Receiver<Job>>) {
    loop {
        let job = match queue.lock() {
            Ok(queue) => queue.recv(),
            Err(_) => return,
        };
        let Ok(job) = job else { return };
        // A job that panics has dropped its answer, which its asker sees; the thread serves on.
        drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)));
    }
}

/// Bytes of stack left below the caller, where the system tells.
///
/// Linux lists every mapping; the one that holds a local variable is the thread's stack, and a guard page ends it. For a
/// main thread, whose stack grows on demand, this is less than what it could have.
pub(crate) fn stack_left() -> Option<usize> {
    thread_local! {
        static LOWEST: OnceCell<Option<usize>> = const { OnceCell::new() };
    }
    let marker = 0u8;
    let here = std::ptr::from_ref(&marker).addr();
    let lowest = LOWEST.with(|lowest| *lowest.get_or_init(|| mapping_start(here)));
    here.checked_sub(lowest?)
}

fn mapping_start(address: usize) -> Option<usize> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines().find_map(|line| {
        let (start, end) = line.split_once(' ')?.0.split_once('-')?;
        let start = usize::from_str_radix(start, 16).ok()?;
        let end = usize::from_str_radix(end, 16).ok()?;
        (start..end).contains(&address).then_some(start)
    })
}

#[cfg(test)]
mod tests {
    use super::{Lanes, Purpose, stack_left};
    use crate::limits::LANE_STACK_MIN;

    fn left_with(stack_size: usize) -> usize {
        let thread = std::thread::Builder::new().stack_size(stack_size).spawn(stack_left);
        thread.expect("a thread starts").join().expect("it ends").expect("linux tells")
    }

    #[test]
    fn a_thread_knows_its_stack() {
        let small = left_with(2 << 20);
        assert!((1 << 20..=3 << 20).contains(&small), "{small}");
        assert!(left_with(64 << 20) > LANE_STACK_MIN);
    }

    #[test]
    fn small_stacks_hand_over_and_panics_come_back_as_none() {
        let lanes = Lanes::new(2).expect("two lanes");
        let name = || std::thread::current().name().map(str::to_owned);
        let ran_on = lanes.run(Purpose::Query, name).expect("it ran").expect("it has a name");
        assert!(ran_on.starts_with("hydrogen-vm-"), "{ran_on}");
        assert_eq!(lanes.run::<()>(Purpose::Block, || panic!("on purpose")), None);
        assert_eq!(lanes.run(Purpose::Query, || 7), Some(7));
    }
}
