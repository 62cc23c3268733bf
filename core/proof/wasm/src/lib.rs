//! The light client as a WebAssembly module without imports: bytes in, a verdict out.
//!
//! A host asks for memory with [`room`], writes a borsh [`Question`] there and calls [`verify`]. The module holds
//! nothing between calls but memory that it never gives back, so a host makes an instance for each question.

#![no_std]

extern crate alloc;

use alloc::vec::Vec;
use borsh::BorshDeserialize;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use hydrogen_proof::{Hop, LightClient, StateProof};
use hydrogen_types::{Certificate, Header};

/// What is asked: whether a key has a value under a header that descends from what is trusted.
#[derive(BorshDeserialize)]
pub struct Question {
    /// What is trusted.
    light: LightClient,
    /// The changes of the validator set up to the header.
    hops: Vec<Hop>,
    /// The header that the proof is against.
    header: Header,
    /// Its certificate.
    certificate: Certificate,
    /// Raw key of the state.
    key: Vec<u8>,
    /// Its value; `None` for absence.
    value: Option<Vec<u8>>,
    /// The proof.
    proof: StateProof,
}

impl Question {
    fn holds(self) -> bool {
        let Self { mut light, hops, header, certificate, key, value, proof } = self;
        hops.into_iter().all(|hop| light.advance(hop).is_ok())
            && light.verify_state(&header, &certificate, &key, value.as_deref(), &proof).is_ok()
    }
}

/// Room for `size` bytes; its address.
#[unsafe(no_mangle)]
pub extern "C" fn room(size: usize) -> *mut u8 {
    let mut bytes = Vec::<u8>::with_capacity(size);
    let start = bytes.as_mut_ptr();
    core::mem::forget(bytes);
    start
}

/// 1 if the [`Question`] in the `size` bytes at `start` holds, 0 if it does not, 2 if the bytes are no question.
///
/// # Safety
/// `start` is what [`room`] gave for `size`, and the host has written all of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn verify(start: *const u8, size: usize) -> u32 {
    // SAFETY: as the caller promises.
    let bytes = unsafe { core::slice::from_raw_parts(start, size) };
    match Question::try_from_slice(bytes) {
        Ok(question) => u32::from(question.holds()),
        Err(_) => 2,
    }
}

const PAGE_BYTES: usize = 65_536;

/// Hands memory out from the end of what the instance has, and takes none back.
struct Bump(UnsafeCell<(usize, usize)>);

// SAFETY: a module without threads runs on one.
unsafe impl Sync for Bump {}

#[global_allocator]
static ALLOCATOR: Bump = Bump(UnsafeCell::new((0, 0)));

// SAFETY: every block lies behind the one before it, inside memory that was grown for it.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread, and no reference outlives this call.
        let (next, end) = unsafe { &mut *self.0.get() };
        if *end == 0 {
            *end = core::arch::wasm32::memory_size(0) * PAGE_BYTES;
            *next = *end;
        }
        let start = next.next_multiple_of(layout.align());
        let Some(top) = start.checked_add(layout.size()) else { return core::ptr::null_mut() };
        if top > *end {
            let pages = (top - *end).div_ceil(PAGE_BYTES);
            if core::arch::wasm32::memory_grow(0, pages) == usize::MAX {
                return core::ptr::null_mut();
            }
            *end += pages * PAGE_BYTES;
        }
        *next = top;
        start as *mut u8
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
