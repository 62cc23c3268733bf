//! Keys of maps: encoded so that the order of the bytes is the order of the values, and a range is a range.
//!
//! *Invariant*: the encoding of one key is never the beginning of another's of the same type, so tuples are ordered
//! part by part and a part can be a prefix.

use alloc::string::String;
use alloc::vec::Vec;
use hydrogen_types::{Address, Amount, Gas, Hash, Height, PublicKey};

/// A value that may be a key of a [`crate::Map`].
pub trait Key: Sized {
    /// Appends the encoding.
    fn write(&self, out: &mut Vec<u8>);

    /// Takes the encoding from the front.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

macro_rules! int_keys {
    ($($int:ty),*) => {
        $(impl Key for $int {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                take(bytes).map(Self::from_be_bytes)
            }
        })*
    };
}

int_keys!(u8, u16, u32, u64, u128);

macro_rules! wrapped_keys {
    ($($type:ty: $inner:ty, |$self:ident| $get:expr, $new:expr;)*) => {
        $(impl Key for $type {
            fn write(&self, out: &mut Vec<u8>) {
                let $self = self;
                <$inner as Key>::write(&$get, out);
            }

            fn read(bytes: &mut &[u8]) -> Option<Self> {
                <$inner as Key>::read(bytes).map($new)
            }
        })*
    };
}

wrapped_keys! {
    Height: u64, |this| this.get(), Height::new;
    Gas: u64, |this| this.get(), Gas::new;
    Amount: u128, |this| this.get(), Amount::new;
    Address: [u8; 20], |this| *this.as_bytes(), Address::new;
    Hash: [u8; 32], |this| *this.as_bytes(), Hash::new;
    PublicKey: [u8; 32], |this| this.0, PublicKey;
    // The sign bit is flipped, so that negative numbers come first.
    i64: u64, |this| this.cast_unsigned() ^ (1 << 63), |bits| (bits ^ (1 << 63)).cast_signed();
}

impl Key for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        match u8::read(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> Key for [u8; N] {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes)
    }
}

/// A zero byte inside is followed by 255, the end is two zero bytes.
impl Key for Vec<u8> {
    fn write(&self, out: &mut Vec<u8>) {
        for byte in self {
            out.push(*byte);
            if *byte == 0 {
                out.push(0xff);
            }
        }
        out.extend_from_slice(&[0, 0]);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let mut out = Self::new();
        loop {
            match u8::read(bytes)? {
                0 => match u8::read(bytes)? {
                    0 => return Some(out),
                    0xff => out.push(0),
                    _ => return None,
                },
                byte => out.push(byte),
            }
        }
    }
}

impl Key for String {
    fn write(&self, out: &mut Vec<u8>) {
        Vec::from(self.as_bytes()).write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Self::from_utf8(Vec::read(bytes)?).ok()
    }
}

impl Key for () {
    fn write(&self, _: &mut Vec<u8>) {}

    fn read(_: &mut &[u8]) -> Option<Self> {
        Some(())
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::read(bytes)?, B::read(bytes)?))
    }
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
        self.2.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::read(bytes)?, B::read(bytes)?, C::read(bytes)?))
    }
}
