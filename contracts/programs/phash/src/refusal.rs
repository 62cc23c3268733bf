//! Why the input is not 1 to 64 images.

use crate::images::IMAGES_MAX;
use crate::shrink::SIDE_MAX;
use std::fmt;

/// What is wrong. Positions count from the start of the image at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing but white space.
    NoImage,
    /// More images than a fingerprint has items.
    TooManyImages,
    /// Bytes that start neither format.
    UnknownFormat {
        /// Where, from the start of the input.
        at: usize,
    },
    /// The input ends inside an image.
    Truncated,
    /// A header of a PGM without a number where one belongs, or with one too large.
    BadNumber {
        /// What the number is.
        what: &'static str,
        /// Where.
        at: usize,
    },
    /// A side of 0 or beyond 65,535 pixels.
    BadSize {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// The greatest value of a PGM is 0 or beyond 65,535.
    BadMaximum(u32),
    /// A pixel of a PGM lies above the greatest value.
    PixelTooLarge {
        /// The pixel.
        value: u32,
        /// The greatest value.
        maximum: u32,
    },
    /// The PNG decoder's word.
    BadPng(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoImage => f.write_str("no image: expected PGM (P5, P2) or PNG on stdin"),
            Self::TooManyImages => write!(f, "more than {IMAGES_MAX} images"),
            Self::UnknownFormat { at } => write!(f, "neither PGM (P5, P2) nor PNG at byte {at}"),
            Self::Truncated => f.write_str("the input ends inside an image"),
            Self::BadNumber { what, at } => write!(f, "PGM: no {what} at byte {at}"),
            Self::BadSize { width, height } => {
                write!(f, "an image of {width} x {height} pixels: a side has 1 to {SIDE_MAX}")
            }
            Self::BadMaximum(maximum) => write!(f, "PGM: greatest value {maximum}: it is 1 to 65535"),
            Self::PixelTooLarge { value, maximum } => write!(f, "PGM: pixel {value} above {maximum}"),
            Self::BadPng(why) => write!(f, "PNG: {why}"),
        }
    }
}

impl std::error::Error for Refusal {}
