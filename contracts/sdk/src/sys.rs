//! The border to the host: the only unsafe code of the SDK.
//!
//! The extern block is the host-function table of `hydrogen-types`; each function below gives one of them a safe
//! face. *Invariants*: a pointer passed out points to memory this module holds borrowed or owned for the length of the
//! call; the host writes at most the capacity it was told, or the length it announced just before.
#![allow(unsafe_code, reason = "the host is reached through raw pointers")]

use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;

macro_rules! imports {
    ($(fn $name:ident($($param:ident: $type:ident),*) $(-> $result:ident)?;
        $base:literal, $byte:literal; $doc:literal;)*) => {
        mod host {
            #[link(wasm_import_module = "hydrogen")]
            unsafe extern "C" {
                $(#[doc = $doc] pub(super) fn $name($($param: $type),*) $(-> $result)?;)*
            }
        }
    };
}

hydrogen_types::host_functions!(imports);

/// First guess of a stored value's size: most fit, so that one host call reads them.
const VALUE_BYTES_GUESS: usize = 1024;
/// Bytes for one page of a range: the largest key and value, and their lengths, fit.
const RANGE_BYTES: usize = 66 * 1024;
const WASM_PAGE: usize = 65_536;

/// wasm32 addresses are 32 bits wide, so nothing is lost here.
fn ptr(bytes: &[u8]) -> i32 {
    bytes.as_ptr() as i32
}

fn out_ptr(bytes: &mut [u8]) -> i32 {
    bytes.as_mut_ptr() as i32
}

fn len(bytes: &[u8]) -> i32 {
    bytes.len() as i32
}

/// Lets `fill` write up to `capacity` bytes and takes as many as it says.
fn read(capacity: usize, fill: impl FnOnce(i32) -> usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::with_capacity(capacity);
    let written = fill(bytes.as_mut_ptr() as i32).min(capacity);
    // SAFETY: the host initialised the first `written` bytes, which are within the capacity.
    unsafe { bytes.set_len(written) };
    bytes
}

pub(crate) fn input() -> Vec<u8> {
    // SAFETY: no pointers.
    let length = unsafe { host::input_len() } as usize;
    read(length, |out| {
        // SAFETY: `out` has room for the length announced.
        unsafe { host::input_read(out) };
        length
    })
}

struct Cell<T>(UnsafeCell<T>);

// SAFETY: a contract's instance has one thread.
unsafe impl<T> Sync for Cell<T> {}

static CONTEXT: Cell<Vec<u8>> = Cell(UnsafeCell::new(Vec::new()));

/// The encoded context, read from the host once for each call.
pub(crate) fn with_context<T>(look: impl FnOnce(&[u8]) -> T) -> T {
    // SAFETY: one thread, and the exclusive reference ends with this function's first half: `look` gets a shared one
    // and cannot reach this function again, since every caller's `look` only decodes.
    let cached = unsafe { &mut *CONTEXT.0.get() };
    if cached.is_empty() {
        // SAFETY: no pointers.
        let length = unsafe { host::context_len() } as usize;
        *cached = read(length, |out| {
            // SAFETY: `out` has room for the length announced.
            unsafe { host::context_read(out) };
            length
        });
    }
    look(cached)
}

pub(crate) fn storage_get(key: &[u8]) -> Option<Vec<u8>> {
    let mut length = 0i64;
    let mut get = |capacity: usize| {
        read(capacity, |out| {
            // SAFETY: `key` is borrowed for the call and `out` has room for `capacity` bytes.
            length = unsafe { host::storage_get(ptr(key), len(key), out, capacity as i32) };
            usize::try_from(length).unwrap_or(0)
        })
    };
    let first = get(VALUE_BYTES_GUESS);
    match usize::try_from(length) {
        Err(_) => None,
        Ok(size) if size <= VALUE_BYTES_GUESS => Some(first),
        Ok(size) => {
            drop(first);
            Some(read(size, |out| {
                // SAFETY: as above, with the size announced.
                unsafe { host::storage_get(ptr(key), len(key), out, size as i32) };
                size
            }))
        }
    }
}

pub(crate) fn storage_set(key: &[u8], value: &[u8]) {
    // SAFETY: both slices are borrowed for the call.
    unsafe { host::storage_set(ptr(key), len(key), ptr(value), len(value)) }
}

pub(crate) fn storage_remove(key: &[u8]) -> bool {
    // SAFETY: the key is borrowed for the call.
    unsafe { host::storage_remove(ptr(key), len(key)) == 1 }
}

pub(crate) fn storage_range(start: &[u8], end: &[u8], limit: u32) -> Vec<u8> {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    read(RANGE_BYTES, |out| {
        // SAFETY: both slices are borrowed for the call and `out` has room for `RANGE_BYTES`.
        let written = unsafe {
            host::storage_range(ptr(start), len(start), ptr(end), len(end), limit, out, RANGE_BYTES as i32)
        };
        usize::try_from(written).unwrap_or(0)
    })
}

pub(crate) fn transfer(to: &[u8; 20], amount: u128) -> i32 {
    // SAFETY: both arrays live for the call.
    unsafe { host::transfer(ptr(to), ptr(&amount.to_le_bytes())) }
}

pub(crate) fn transfer_from(from: &[u8; 20], to: &[u8; 20], amount: u128) -> i32 {
    // SAFETY: the arrays live for the call.
    unsafe { host::transfer_from(ptr(from), ptr(to), ptr(&amount.to_le_bytes())) }
}

pub(crate) fn balance(address: &[u8; 20]) -> u128 {
    let mut out = [0; 16];
    // SAFETY: the host writes 16 bytes.
    unsafe { host::balance(ptr(address), out_ptr(&mut out)) };
    u128::from_le_bytes(out)
}

pub(crate) fn allowance(owner: &[u8; 20], spender: &[u8; 20]) -> u128 {
    let mut out = [0; 16];
    // SAFETY: the host writes 16 bytes.
    unsafe { host::allowance(ptr(owner), ptr(spender), out_ptr(&mut out)) };
    u128::from_le_bytes(out)
}

/// 0 or the callee's code, and its value or message.
pub(crate) fn call(contract: &[u8; 20], method: &str, args: &[u8], value: u128, gas: u64) -> (u32, Vec<u8>) {
    let method = method.as_bytes();
    // SAFETY: all slices live for the call.
    let code = unsafe {
        host::call(
            ptr(contract),
            ptr(method),
            len(method),
            ptr(args),
            len(args),
            ptr(&value.to_le_bytes()),
            gas.cast_signed(),
        )
    };
    // SAFETY: no pointers.
    let length = unsafe { host::result_len() } as usize;
    let result = read(length, |out| {
        // SAFETY: `out` has room for the length announced.
        unsafe { host::result_read(out) };
        length
    });
    (u32::try_from(code).unwrap_or(u32::MAX), result)
}

pub(crate) fn schedule(request: &[u8]) -> i64 {
    // SAFETY: the request is borrowed for the call.
    unsafe { host::schedule(ptr(request), len(request)) }
}

pub(crate) fn unschedule(id: u64) -> Option<u128> {
    let mut out = [0; 16];
    // SAFETY: the host writes 16 bytes.
    let waiting = unsafe { host::unschedule(id.cast_signed(), out_ptr(&mut out)) };
    (waiting == 1).then(|| u128::from_le_bytes(out))
}

pub(crate) fn emit(event: &[u8]) {
    // SAFETY: the event is borrowed for the call.
    unsafe { host::emit(ptr(event), len(event)) }
}

pub(crate) fn return_value(value: &[u8]) {
    // SAFETY: the value is borrowed for the call.
    unsafe { host::return_value(ptr(value), len(value)) }
}

pub(crate) fn revert(code: u32, message: &str) -> ! {
    let message = message.as_bytes();
    // SAFETY: the message is borrowed for the call.
    unsafe { host::revert(code.cast_signed(), ptr(message), len(message)) };
    core::arch::wasm32::unreachable()
}

pub(crate) fn beacon() -> [u8; 32] {
    let mut out = [0; 32];
    // SAFETY: the host writes 32 bytes.
    unsafe { host::beacon(out_ptr(&mut out)) };
    out
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    // SAFETY: the bytes are borrowed for the call and the host writes 32.
    unsafe { host::sha256(ptr(bytes), len(bytes), out_ptr(&mut out)) };
    out
}

pub(crate) fn keccak256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    // SAFETY: the bytes are borrowed for the call and the host writes 32.
    unsafe { host::keccak256(ptr(bytes), len(bytes), out_ptr(&mut out)) };
    out
}

pub(crate) fn ed25519_verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    // SAFETY: all three are borrowed for the call.
    unsafe { host::ed25519_verify(ptr(key), ptr(message), len(message), ptr(signature)) == 1 }
}

pub(crate) fn vrf_verify(key: &[u8; 32], input: &[u8], proof: &[u8; 80]) -> Option<[u8; 64]> {
    let mut out = [0; 64];
    // SAFETY: all three are borrowed for the call and the host writes 64 bytes.
    let valid = unsafe { host::vrf_verify(ptr(key), ptr(input), len(input), ptr(proof), out_ptr(&mut out)) };
    (valid == 1).then_some(out)
}

pub(crate) fn log(line: &str) {
    let line = line.as_bytes();
    // SAFETY: the line is borrowed for the call.
    unsafe { host::log(ptr(line), len(line)) }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let formatted = alloc::string::ToString::to_string(&info.message());
    let message = formatted.as_bytes();
    let (file, line, column) = info.location().map_or(("", 0, 0), |at| (at.file(), at.line(), at.column()));
    let file = file.as_bytes();
    // SAFETY: message and file live for the call.
    unsafe {
        host::panic(
            ptr(message),
            len(message),
            ptr(file),
            len(file),
            line.cast_signed(),
            column.cast_signed(),
        );
    }
    core::arch::wasm32::unreachable()
}

unsafe extern "C" {
    /// First byte after the data; set by the linker.
    static __heap_base: u8;
}

/// Every call has a fresh instance, so memory is handed out upwards and given back only from the top.
struct Bump {
    next: Cell<usize>,
    end: Cell<usize>,
}

#[global_allocator]
static ALLOCATOR: Bump = Bump { next: Cell(UnsafeCell::new(0)), end: Cell(UnsafeCell::new(0)) };

impl Bump {
    /// Makes memory end at or after `top`; false if the limit of the instance is reached.
    fn reach(&self, top: usize) -> bool {
        // SAFETY: one thread; no reference into the cells is kept.
        unsafe {
            let end = self.end.0.get();
            if *end == 0 {
                *end = core::arch::wasm32::memory_size(0) * WASM_PAGE;
            }
            if top <= *end {
                return true;
            }
            let pages = (top - *end).div_ceil(WASM_PAGE);
            if core::arch::wasm32::memory_grow(0, pages) == usize::MAX {
                return false;
            }
            *end += pages * WASM_PAGE;
        }
        true
    }

    fn next(&self) -> usize {
        // SAFETY: one thread; the linker's symbol is only used for its address.
        unsafe {
            let next = self.next.0.get();
            if *next == 0 {
                *next = &raw const __heap_base as usize;
            }
            *next
        }
    }

    fn set_next(&self, next: usize) {
        // SAFETY: one thread; no reference into the cell is kept.
        unsafe { *self.next.0.get() = next };
    }
}

// SAFETY: blocks never overlap: `next` only moves over free memory, back only over the topmost block, and a block is
// aligned and inside memory that `reach` has confirmed.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self.next().next_multiple_of(layout.align());
        let Some(top) = start.checked_add(layout.size()) else { return core::ptr::null_mut() };
        if !self.reach(top) {
            return core::ptr::null_mut();
        }
        self.set_next(top);
        start as *mut u8
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if block as usize + layout.size() == self.next() {
            self.set_next(block as usize);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let top = block as usize + layout.size();
        if top == self.next() {
            return match (block as usize).checked_add(size) {
                Some(new_top) if self.reach(new_top) => {
                    self.set_next(new_top);
                    block
                }
                _ => core::ptr::null_mut(),
            };
        }
        if size <= layout.size() {
            return block;
        }
        // SAFETY: the caller's layout with a larger size is the caller's promise that it is valid.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                core::ptr::copy_nonoverlapping(block, moved, layout.size());
            }
            moved
        }
    }
}
