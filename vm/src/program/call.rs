//! A running call of a program: fuel, memory, error numbers.

use super::host::{Halt, Host};
use wasmtime::{Caller, Memory};

pub(super) const SUCCESS: i32 = 0;
pub(super) const EBADF: i32 = 8;
pub(super) const EFAULT: i32 = 21;
pub(super) const EINVAL: i32 = 28;
pub(super) const ENOSYS: i32 = 52;
pub(super) const ESPIPE: i32 = 70;
pub(super) const ENOTCAPABLE: i32 = 76;

/// Fuel of any call.
pub(super) const CALL_FUEL: u64 = 100;
/// Fuel of one byte read, written or drawn.
const BYTE_FUEL: u64 = 1;
/// Bytes of the description of one buffer: they cost as other bytes do.
pub(super) const VECTOR_BYTES: u32 = 8;
/// Most buffers of one read or write, most subscriptions of one poll.
const VECTORS_MAX: u32 = 1024;

/// A running call: fuel and memory.
pub(super) struct Call<'a> {
    caller: Caller<'a, Host>,
    memory: Memory,
}

/// An answer, or the end of the program.
pub(super) type Answer = wasmtime::Result<i32>;

impl<'a> Call<'a> {
    pub(super) fn enter(mut caller: Caller<'a, Host>) -> wasmtime::Result<Self> {
        let memory = caller.data().memory.ok_or_else(|| Halt::Misuse(String::from("no memory")));
        let memory = memory.map_err(wasmtime::Error::new)?;
        charge(&mut caller, CALL_FUEL)?;
        Ok(Self { caller, memory })
    }

    pub(super) fn charge_bytes(&mut self, bytes: u32) -> wasmtime::Result<()> {
        charge(&mut self.caller, u64::from(bytes) * BYTE_FUEL)
    }

    pub(super) fn host(&mut self) -> &mut Host {
        self.caller.data_mut()
    }

    pub(super) fn parts(&mut self) -> (&mut [u8], &mut Host) {
        self.memory.data_and_store_mut(&mut self.caller)
    }

    fn slice(&mut self, ptr: u32, len: u32) -> Option<&mut [u8]> {
        let (bytes, _) = self.parts();
        bytes.get_mut(range(ptr, len)?)
    }

    /// `EFAULT` if it lies outside memory.
    pub(super) fn store(&mut self, ptr: i32, data: &[u8]) -> Option<()> {
        let len = u32::try_from(data.len()).ok()?;
        self.slice(ptr.cast_unsigned(), len)?.copy_from_slice(data);
        Some(())
    }

    pub(super) fn load<const N: usize>(&mut self, ptr: u32) -> Option<[u8; N]> {
        let len = u32::try_from(N).ok()?;
        self.slice(ptr, len)?.try_into().ok()
    }

    /// The buffers of a read or write.
    pub(super) fn vectors(&mut self, ptr: i32, count: i32) -> Option<Vec<(u32, u32)>> {
        (0..count.cast_unsigned())
            .map(|index| {
                let at = ptr.cast_unsigned().checked_add(index.checked_mul(VECTOR_BYTES)?)?;
                let start = u32::from_le_bytes(self.load(at)?);
                let len = u32::from_le_bytes(self.load(at.checked_add(4)?)?);
                Some((start, len))
            })
            .collect()
    }
}

pub(super) fn charge(caller: &mut Caller<'_, Host>, fuel: u64) -> wasmtime::Result<()> {
    let left =
        caller.get_fuel()?.checked_sub(fuel).ok_or_else(|| wasmtime::Error::new(Halt::FuelExhausted))?;
    caller.set_fuel(left)
}

pub(super) fn range(ptr: u32, len: u32) -> Option<std::ops::Range<usize>> {
    let start = usize::try_from(ptr).ok()?;
    Some(start..start.checked_add(usize::try_from(len).ok()?)?)
}

/// `None` as `EFAULT`.
pub(super) fn done(stored: Option<()>) -> Answer {
    Ok(if stored.is_some() { SUCCESS } else { EFAULT })
}

pub(super) fn too_many(count: i32) -> bool {
    count.cast_unsigned() > VECTORS_MAX
}
