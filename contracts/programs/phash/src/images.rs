//! The images of the input, one after the other.

use crate::refusal::Refusal;
use crate::{dct, read_pgm, read_png};

/// Most images: a fingerprint has at most 512 bytes.
pub(crate) const IMAGES_MAX: usize = 64;

/// The hashes of all images, 8 bytes each.
pub(crate) fn fingerprint(input: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut hashes = Vec::new();
    let mut at = space(input);
    while at < input.len() {
        if hashes.len() == 8 * IMAGES_MAX {
            return Err(Refusal::TooManyImages);
        }
        let image = &input[at..];
        let (cells, length) = if image.starts_with(read_png::SIGNATURE) {
            read_png::read(image)?
        } else if image.starts_with(b"P5") || image.starts_with(b"P2") {
            read_pgm::read(image)?
        } else {
            return Err(Refusal::UnknownFormat { at });
        };
        hashes.extend(dct::hash(&cells).to_be_bytes());
        at += length;
        at += space(&input[at..]);
    }
    if hashes.is_empty() { Err(Refusal::NoImage) } else { Ok(hashes) }
}

fn space(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}
