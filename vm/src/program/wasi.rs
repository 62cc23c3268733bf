//! What the functions of WASI preview 1 do: about twenty of them something, the others answer `ENOSYS`.
//!
//! *Invariant*: what a call answers depends on the program's own calls, its input, seed and start time alone. Bytes
//! are paid for in fuel before they move.

use super::call::{
    Answer, CALL_FUEL, Call, EBADF, EFAULT, EINVAL, ENOSYS, ENOTCAPABLE, ESPIPE, SUCCESS, VECTOR_BYTES,
    charge, done, range, too_many,
};
use super::host::{Halt, Host};
use super::poll::poll_oneoff;
use super::table::{FUNCTIONS, MODULE, NO_RESULT};
use wasmtime::{Caller, Engine, Linker};

/// Longest single call for random bytes.
const RANDOM_BYTES_MAX: u32 = 1 << 20;

const FILETYPE_CHARACTER_DEVICE: u8 = 2;
const RIGHT_READ: u64 = 1 << 1;
const RIGHT_WRITE: u64 = 1 << 6;

fn fd_read(call: &mut Call<'_>, fd: i32, vectors: i32, count: i32, out: i32) -> Answer {
    if fd != 0 || !call.host().is_open(fd) {
        return Ok(EBADF);
    }
    if too_many(count) {
        return Ok(EINVAL);
    }
    call.charge_bytes(count.cast_unsigned() * VECTOR_BYTES)?;
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
    call.charge_bytes(count.cast_unsigned() * VECTOR_BYTES)?;
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
    wrap!(linker, "args_sizes_get", |call, count: i32, bytes: i32| {
        call.host().asked.argument_reads += 1;
        sizes(call, 1, 8, count, bytes)
    });
    wrap!(linker, "environ_get", |_call, _environ: i32, _buffer: i32| Ok(SUCCESS));
    wrap!(linker, "environ_sizes_get", |call, count: i32, bytes: i32| {
        call.host().asked.environment_reads += 1;
        sizes(call, 0, 0, count, bytes)
    });
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
    wrap!(linker, "fd_read", |call, fd: i32, ptr: i32, count: i32, out: i32| fd_read(
        call, fd, ptr, count, out
    ));
    wrap!(linker, "fd_write", |call, fd: i32, ptr: i32, count: i32, out: i32| fd_write(
        call, fd, ptr, count, out
    ));
    wrap!(linker, "fd_seek", |call, fd: i32, _offset: i64, _whence: i32, _out: i32| stream(call, fd, ESPIPE));
    wrap!(linker, "fd_tell", |call, fd: i32, _out: i32| stream(call, fd, ESPIPE));
    wrap!(linker, "path_open", |call,
                                _fd: i32,
                                _flags: i32,
                                _path: i32,
                                _len: i32,
                                _open: i32,
                                _base: i64,
                                _inheriting: i64,
                                _fd_flags: i32,
                                _out: i32| {
        call.host().refuse("path_open");
        Ok(ENOTCAPABLE)
    });
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
            caller.data_mut().refuse(name);
            if let Some(result) = results.first_mut() {
                *result = wasmtime::Val::I32(ENOSYS);
            }
            Ok(())
        })?;
    }
    Ok(())
}
