//! A fingerprint program: perceptual hashes of images.
//!
//! - stdin: 1 to 64 images, one after the other: PGM (`P5`, `P2`; up to 16 bits) or PNG (every kind), each side 1 to
//!   65,535 pixels. White space between them is skipped.
//! - stdout: 8 bytes for each image, in their order. 64 images are the longest fingerprint that there is.
//! - exit: 0; 65 for anything else than such images, with a sentence on stderr.
//!
//! # The hash
//!
//! That of the library pHash (Zauner, *Implementation and Benchmarking of Perceptual Image Hash Functions*, 2010): the
//! image as 32 x 32 grey means, their discrete cosine transform, its 8 x 8 lowest frequencies but those without change
//! along one side; a bit is set where the coefficient lies above the median of the 64. One thing is added: it must lie
//! above it by two grey levels of 255, so that coefficients that vanish (flat or symmetric images) give zeros and
//! not noise.
//!
//! Everything is integer arithmetic on the pixels as stored; colour becomes grey by Rec. 601, transparency shows white,
//! gamma and colour profiles are ignored, an animation is its still image.
//!
//! # What distances mean
//!
//! Differing bits of 64, measured in `tests/distances.rs` on generated images of 256 x 256. Below the usual threshold
//! of 5 stay: noise of up to 32 levels in every pixel (3 at most), JPEG at quality 50 (1), brightness, contrast and
//! gamma (3), any change of size (1), a shift by 1 pixel (3). At JPEG of quality 10 nine in ten images agree, at a shift
//! by 4 pixels two in three. Unrelated images differ in 32 bits, 19 at least.
//!
//! It tells images apart, not a forger: who sees a hash can make an image of it. Images without change along one side
//! (stripes, plain ramps) all have the hash 0.
//!
//! *Bounds*: memory is the input and one row of pixels; a PNG that inflates to more than the task's fuel reads ends as
//! that. *Absent on purpose*: floats, hash maps, the clock, randomness.

mod dct;
mod images;
mod read_pgm;
mod read_png;
mod refusal;
mod shrink;

#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};
use std::process::ExitCode;

/// Says that the input is at fault: the task's error is then "bad arguments".
const EXIT_BAD_ARGUMENTS: u8 = 65;

fn main() -> ExitCode {
    match run() {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(refusal)) => {
            eprintln!("{refusal}");
            ExitCode::from(EXIT_BAD_ARGUMENTS)
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<Result<(), refusal::Refusal>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    match images::fingerprint(&bytes) {
        Ok(fingerprint) => io::stdout().lock().write_all(&fingerprint).map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}
