//! WASI preview 1: all its functions by name and type, about twenty of them with a meaning, the others `ENOSYS`.
//!
//! *Invariant*: what a call answers depends on the program's own calls, its input, seed and start time alone. Bytes
//! are paid for in fuel before they move.

use super::host::{Halt, Host};
use wasmparser::{FuncType, ValType};
use wasmtime::{Caller, Engine, Linker, Memory};

/// The module name of every import.
pub(super) const MODULE: &str = "wasi_snapshot_preview1";

const SUCCESS: i32 = 0;
const EBADF: i32 = 8;
const EFAULT: i32 = 21;
const EINVAL: i32 = 28;
const ENOSYS: i32 = 52;
const ESPIPE: i32 = 70;
const ENOTCAPABLE: i32 = 76;

/// Fuel of any call.
const CALL_FUEL: u64 = 100;
/// Fuel of one byte read, written or drawn.
const BYTE_FUEL: u64 = 1;
/// Most buffers of one read or write, most subscriptions of one poll.
const VECTORS_MAX: u32 = 1024;
/// Longest single call for random bytes.
const RANDOM_BYTES_MAX: u32 = 1 << 20;

const FILETYPE_CHARACTER_DEVICE: u8 = 2;
const RIGHT_READ: u64 = 1 << 1;
const RIGHT_WRITE: u64 = 1 << 6;

/// All functions with their parameters (`i` for i32, `l` for i64). All return an i32 but those in [`NO_RESULT`].
const FUNCTIONS: &[(&str, &str)] = &[
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "ili"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("fd_advise", "illi"),
    ("fd_allocate", "ill"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "ill"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "il"),
    ("fd_filestat_set_times", "illi"),
    ("fd_pread", "iiili"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiili"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiili"),
    ("fd_renumber", "ii"),
    ("fd_seek", "ilii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiilli"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiillii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_exit", "i"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

/// The function without a result.
const NO_RESULT: &str = "proc_exit";

/// The type of a function of preview 1.
pub(super) fn signature(name: &str) -> Option<FuncType> {
    let (_, params) = FUNCTIONS.iter().find(|(known, _)| *known == name)?;
    let params = params.chars().map(|kind| if kind == 'l' { ValType::I64 } else { ValType::I32 });
    let params: Vec<ValType> = params.collect();
    Some(FuncType::new(params, (name != NO_RESULT).then_some(ValType::I32)))
}

/// A running call: fuel and memory.
struct Call<'a> {
    caller: Caller<'a, Host>,
    memory: Memory,
}

/// An answer, or the end of the program.
type Answer = wasmtime::Result<i32>;

impl<'a> Call<'a> {
    fn enter(mut caller: Caller<'a, Host>) -> wasmtime::Result<Self> {
        let memory = caller.data().memory.ok_or_else(|| Halt::Misuse(String::from("no memory")));
        let memory = memory.map_err(wasmtime::Error::new)?;
        charge(&mut caller, CALL_FUEL)?;
        Ok(Self { caller, memory })
    }

    fn charge_bytes(&mut self, bytes: u32) -> wasmtime::Result<()> {
        charge(&mut self.caller, u64::from(bytes) * BYTE_FUEL)
    }

    fn host(&mut self) -> &mut Host {
        self.caller.data_mut()
    }

    fn parts(&mut self) -> (&mut [u8], &mut Host) {
        self.memory.data_and_store_mut(&mut self.caller)
    }

    fn slice(&mut self, ptr: u32, len: u32) -> Option<&mut [u8]> {
        let (bytes, _) = self.parts();
        bytes.get_mut(range(ptr, len)?)
    }

    /// `EFAULT` if it lies outside memory.
    fn store(&mut self, ptr: i32, data: &[u8]) -> Option<()> {
        let len = u32::try_from(data.len()).ok()?;
        self.slice(ptr.cast_unsigned(), len)?.copy_from_slice(data);
        Some(())
    }

    fn load<const N: usize>(&mut self, ptr: u32) -> Option<[u8; N]> {
        let len = u32::try_from(N).ok()?;
        self.slice(ptr, len)?.try_into().ok()
    }

    /// The buffers of a read or write.
    fn vectors(&mut self, ptr: i32, count: i32) -> Option<Vec<(u32, u32)>> {
        (0..count.cast_unsigned())
            .map(|index| {
                let at = ptr.cast_unsigned().checked_add(index.checked_mul(8)?)?;
                let start = u32::from_le_bytes(self.load(at)?);
                let len = u32::from_le_bytes(self.load(at.checked_add(4)?)?);
                Some((start, len))
            })
            .collect()
    }
}

fn charge(caller: &mut Caller<'_, Host>, fuel: u64) -> wasmtime::Result<()> {
    let left = caller.get_fuel()?.checked_sub(fuel).ok_or_else(|| wasmtime::Error::new(Halt::FuelExhausted))?;
    caller.set_fuel(left)
}

fn range(ptr: u32, len: u32) -> Option<std::ops::Range<usize>> {
    let start = usize::try_from(ptr).ok()?;
    Some(start..start.checked_add(usize::try_from(len).ok()?)?)
}

/// `None` as `EFAULT`.
fn done(stored: Option<()>) -> Answer {
    Ok(if stored.is_some() { SUCCESS } else { EFAULT })
}

fn too_many(count: i32) -> bool {
    count.cast_unsigned() > VECTORS_MAX
}

fn fd_read(call: &mut Call<'_>, fd: i32, vectors: i32, count: i32, out: i32) -> Answer {
    if fd != 0 || !call.host().is_open(fd) {
        return Ok(EBADF);
    }
    if too_many(count) {
        return Ok(EINVAL);
    }
    let Some(vectors) = call.vectors(vectors, count) else { return Ok(EFAULT) };
    let mut total = 0u32;
    for (start, len) in vectors {
        let left = u32::try_from(call.host().input_left()).unwrap_or(u32::MAX);
        let len = len.min(left);
        call.charge_bytes(len)?;
        let (bytes, host) = call.parts();
        let Some(room) = range(start, len).and_then(|range| bytes.get_mut(range)) else { return Ok(EFAULT) };
        host.read_input(room);
        total = total.saturating_add(len);
    }
    done(call.store(out, &total.to_le_bytes()))
}

fn fd_write(call: &mut Call<'_>, fd: i32, vectors: i32, count: i32, out: i32) -> Answer {
    if !matches!(fd, 1 | 2) || !call.host().is_open(fd) {
        return Ok(EBADF);
    }
    if too_many(count) {
        return Ok(EINVAL);
    }
    let Some(vectors) = call.vectors(vectors, count) else { return Ok(EFAULT) };
    let mut total = 0u32;
    for (start, len) in vectors {
        call.charge_bytes(len)?;
        let (bytes, host) = call.parts();
        let Some(data) = range(start, len).and_then(|range| bytes.get(range)) else { return Ok(EFAULT) };
        match fd {
            1 => host.write_output(data).map_err(wasmtime::Error::new)?,
            _ => host.write_log(data),
        }
        total = total.saturating_add(len);
    }
    done(call.store(out, &total.to_le_bytes()))
}

fn fd_fdstat_get(call: &mut Call<'_>, fd: i32, out: i32) -> Answer {
    if !call.host().is_open(fd) {
        return Ok(EBADF);
    }
    let mut stat = [0u8; 24];
    stat[0] = FILETYPE_CHARACTER_DEVICE;
    let rights = if fd == 0 { RIGHT_READ } else { RIGHT_WRITE };
    stat[8..16].copy_from_slice(&rights.to_le_bytes());
    done(call.store(out, &stat))
}

fn fd_filestat_get(call: &mut Call<'_>, fd: i32, out: i32) -> Answer {
    if !call.host().is_open(fd) {
        return Ok(EBADF);
    }
    let mut stat = [0u8; 64];
    stat[16] = FILETYPE_CHARACTER_DEVICE;
    done(call.store(out, &stat))
}

fn args_get(call: &mut Call<'_>, argv: i32, buffer: i32) -> Answer {
    let first = call.store(argv, &buffer.to_le_bytes());
    done(first.and_then(|()| call.store(buffer, b"program\0")))
}

fn sizes(call: &mut Call<'_>, count: u32, bytes: u32, count_out: i32, bytes_out: i32) -> Answer {
    let first = call.store(count_out, &count.to_le_bytes());
    done(first.and_then(|()| call.store(bytes_out, &bytes.to_le_bytes())))
}

fn random_get(call: &mut Call<'_>, ptr: i32, len: i32) -> Answer {
    let len = len.cast_unsigned();
    if len > RANDOM_BYTES_MAX {
        return Ok(EINVAL);
    }
    // A hash yields 32 bytes for the price of several plain bytes each.
    call.charge_bytes(len.saturating_mul(8))?;
    let (bytes, host) = call.parts();
    let Some(room) = range(ptr.cast_unsigned(), len).and_then(|range| bytes.get_mut(range)) else {
        return Ok(EFAULT);
    };
    host.fill_random(room);
    Ok(SUCCESS)
}

/// A subscription of `poll_oneoff`, as far as it matters here.
#[derive(Clone, Copy)]
struct Subscription {
    userdata: [u8; 8],
    kind: u8,
    /// For a clock, when it is due; for a descriptor, its number.
    subject: u64,
}

const SUBSCRIPTION_BYTES: u32 = 48;
const EVENT_BYTES: u32 = 32;
const KIND_CLOCK: u8 = 0;
const KIND_READ: u8 = 1;

fn subscription(call: &mut Call<'_>, at: u32) -> Option<Subscription> {
    let bytes: [u8; 48] = call.load(at)?;
    let number = |from: usize| bytes[from..from + 8].try_into().map(u64::from_le_bytes).ok();
    let kind = bytes[8];
    let subject = if kind == KIND_CLOCK {
        let absolute = bytes[40] & 1 == 1;
        let timeout = number(24)?;
        if absolute { timeout } else { call.host().peek_ns().saturating_add(timeout) }
    } else {
        u64::from(u32::from_le_bytes(bytes[16..20].try_into().ok()?))
    };
    Some(Subscription { userdata: bytes[..8].try_into().ok()?, kind, subject })
}

/// Descriptors are always ready; with clocks alone, the earliest moves the time and is due.
fn poll_oneoff(call: &mut Call<'_>, input: i32, output: i32, count: i32, out: i32) -> Answer {
    if count == 0 || too_many(count) {
        return Ok(EINVAL);
    }
    call.charge_bytes(count.cast_unsigned().saturating_mul(SUBSCRIPTION_BYTES))?;
    let mut subscriptions = Vec::new();
    for index in 0..count.cast_unsigned() {
        let at = input.cast_unsigned().saturating_add(index * SUBSCRIPTION_BYTES);
        let Some(subscription) = subscription(call, at) else { return Ok(EFAULT) };
        subscriptions.push(subscription);
    }
    if subscriptions.iter().all(|subscription| subscription.kind == KIND_CLOCK) {
        let earliest = subscriptions.iter().map(|subscription| subscription.subject).min();
        call.host().sleep_until(earliest.unwrap_or(0));
    }
    let now = call.host().now_ns();
    let mut events = 0u32;
    for subscription in subscriptions {
        if subscription.kind == KIND_CLOCK && subscription.subject > now {
            continue;
        }
        let event = event(call, subscription);
        let at = output.cast_unsigned().saturating_add(events * EVENT_BYTES);
        if call.store(at.cast_signed(), &event).is_none() {
            return Ok(EFAULT);
        }
        events += 1;
    }
    done(call.store(out, &events.to_le_bytes()))
}

fn event(call: &mut Call<'_>, subscription: Subscription) -> [u8; 32] {
    let mut event = [0u8; 32];
    event[..8].copy_from_slice(&subscription.userdata);
    event[10] = subscription.kind;
    if subscription.kind == KIND_CLOCK {
        return event;
    }
    let open = i32::try_from(subscription.subject).is_ok_and(|fd| call.host().is_open(fd));
    if !open {
        event[8] = EBADF.to_le_bytes()[0];
    }
    let ready = if subscription.kind == KIND_READ { call.host().input_left() } else { usize::from(u16::MAX) };
    let ready = u64::try_from(ready).unwrap_or(u64::MAX);
    event[16..24].copy_from_slice(&ready.to_le_bytes());
    event
}

/// `EBADF` for what is not open, else what a stream answers to this.
fn stream(call: &mut Call<'_>, fd: i32, answer: i32) -> Answer {
    Ok(if call.host().is_open(fd) { answer } else { EBADF })
}

macro_rules! wrap {
    ($linker:ident, $name:literal, |$call:ident $(, $param:ident: $type:ty)*| $body:expr) => {
        $linker.func_wrap(
            MODULE,
            $name,
            |caller: Caller<'_, Host>, $($param: $type),*| -> wasmtime::Result<i32> {
                let mut call = Call::enter(caller)?;
                let $call = &mut call;
                $body
            },
        )?
    };
}

/// A linker with all of preview 1.
pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    linker.allow_shadowing(true);
    unsupported(&mut linker, engine)?;
    wrap!(linker, "args_get", |call, argv: i32, buffer: i32| args_get(call, argv, buffer));
    wrap!(linker, "args_sizes_get", |call, count: i32, bytes: i32| sizes(call, 1, 8, count, bytes));
    wrap!(linker, "environ_get", |_call, _environ: i32, _buffer: i32| Ok(SUCCESS));
    wrap!(linker, "environ_sizes_get", |call, count: i32, bytes: i32| sizes(call, 0, 0, count, bytes));
    wrap!(linker, "clock_res_get", |call, _id: i32, out: i32| done(call.store(out, &1_000u64.to_le_bytes())));
    wrap!(linker, "clock_time_get", |call, _id: i32, _precision: i64, out: i32| {
        let now = call.host().now_ns();
        done(call.store(out, &now.to_le_bytes()))
    });
    wrap!(linker, "fd_close", |call, fd: i32| {
        let answer = stream(call, fd, SUCCESS);
        call.host().close(fd);
        answer
    });
    wrap!(linker, "fd_fdstat_get", |call, fd: i32, out: i32| fd_fdstat_get(call, fd, out));
    wrap!(linker, "fd_fdstat_set_flags", |call, fd: i32, _flags: i32| stream(call, fd, SUCCESS));
    wrap!(linker, "fd_filestat_get", |call, fd: i32, out: i32| fd_filestat_get(call, fd, out));
    wrap!(linker, "fd_prestat_get", |_call, _fd: i32, _out: i32| Ok(EBADF));
    wrap!(linker, "fd_prestat_dir_name", |_call, _fd: i32, _path: i32, _len: i32| Ok(EBADF));
    wrap!(linker, "fd_read", |call, fd: i32, ptr: i32, count: i32, out: i32| fd_read(call, fd, ptr, count, out));
    wrap!(linker, "fd_write", |call, fd: i32, ptr: i32, count: i32, out: i32| fd_write(call, fd, ptr, count, out));
    wrap!(linker, "fd_seek", |call, fd: i32, _offset: i64, _whence: i32, _out: i32| stream(call, fd, ESPIPE));
    wrap!(linker, "fd_tell", |call, fd: i32, _out: i32| stream(call, fd, ESPIPE));
    wrap!(linker, "path_open", |_call,
                               _fd: i32,
                               _flags: i32,
                               _path: i32,
                               _len: i32,
                               _open: i32,
                               _base: i64,
                               _inheriting: i64,
                               _fd_flags: i32,
                               _out: i32| Ok(ENOTCAPABLE));
    wrap!(linker, "poll_oneoff", |call, input: i32, output: i32, count: i32, out: i32| {
        poll_oneoff(call, input, output, count, out)
    });
    wrap!(linker, "random_get", |call, ptr: i32, len: i32| random_get(call, ptr, len));
    wrap!(linker, "sched_yield", |_call| Ok(SUCCESS));
    linker.func_wrap(MODULE, NO_RESULT, |_: Caller<'_, Host>, code: i32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Halt::Exit(code.cast_unsigned())))
    })?;
    Ok(linker)
}

/// Every function as `ENOSYS`; those with a meaning are defined over it.
fn unsupported(linker: &mut Linker<Host>, engine: &Engine) -> wasmtime::Result<()> {
    for (name, params) in FUNCTIONS {
        let kind = |letter: char| if letter == 'l' { wasmtime::ValType::I64 } else { wasmtime::ValType::I32 };
        let result = (*name != NO_RESULT).then_some(wasmtime::ValType::I32);
        let signature = wasmtime::FuncType::new(engine, params.chars().map(kind), result);
        linker.func_new(MODULE, name, signature, |mut caller, _params, results| {
            charge(&mut caller, CALL_FUEL)?;
            if let Some(result) = results.first_mut() {
                *result = wasmtime::Val::I32(ENOSYS);
            }
            Ok(())
        })?;
    }
    Ok(())
}
