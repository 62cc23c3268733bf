//! Whatever the bytes are, the answer is a fingerprint or a refusal: no panic, no overflow.

use super::pictures::{Picture, Random};
use super::png_bytes::{Layout, chunk, png};
use crate::images::fingerprint;
use crate::refusal::Refusal;

fn check(bytes: &[u8], expected: Refusal) {
    assert_eq!(
        fingerprint(bytes),
        Err(expected),
        "{}",
        String::from_utf8_lossy(&bytes[..bytes.len().min(60)])
    );
}

fn small_png(interlaced: bool) -> Vec<u8> {
    png(9, 10, Layout { kind: 6, depth: 8, interlaced }, &[(b"tEXt", b"a\0b".to_vec())], |x, y, c| {
        u16::try_from(x * 7 + y * 11 + c).unwrap()
    })
}

#[test]
fn what_is_no_image_is_refused_with_its_reason() {
    check(b"", Refusal::NoImage);
    check(b" \n", Refusal::NoImage);
    check(b"P6 1 1 255 abc", Refusal::UnknownFormat { at: 0 });
    check(b"P5 1 1 255 aX", Refusal::UnknownFormat { at: 12 });
    check(b"P5", Refusal::Truncated);
    check(b"P5 1 1 255", Refusal::Truncated);
    check(b"P5 2 2 255 abc", Refusal::Truncated);
    check(b"P5 1 1 256 a", Refusal::Truncated);
    check(b"P2 2 1 9 1", Refusal::Truncated);
    check(b"P5 x 1 255 a", Refusal::BadNumber { what: "width", at: 3 });
    check(b"P5 1 -1 255 a", Refusal::BadNumber { what: "height", at: 5 });
    check(b"P5 99999999999999999999 1 255 a", Refusal::BadNumber { what: "width", at: 3 });
    check(b"P2 1 1 255 1x", Refusal::BadNumber { what: "pixel", at: 11 });
    check(b"P5 0 1 255 a", Refusal::BadSize { width: 0, height: 1 });
    check(b"P5 1 65536 255 a", Refusal::BadSize { width: 1, height: 65_536 });
    check(b"P5 1 1 0 a", Refusal::BadMaximum(0));
    check(b"P5 1 1 65536 a", Refusal::BadMaximum(65_536));
    check(b"P5 1 1 9 a", Refusal::PixelTooLarge { value: 97, maximum: 9 });
    check(b"P2 1 1 9 10", Refusal::PixelTooLarge { value: 10, maximum: 9 });
    assert!(fingerprint(b"P5 65535 1 255 a").is_err());
}

#[test]
fn a_png_of_a_huge_size_is_refused_before_anything_is_held() {
    for (width, height) in [(0u32, 1u32), (1, 0), (65_536, 1), (u32::MAX, u32::MAX)] {
        let mut bytes = Vec::from(*b"\x89PNG\r\n\x1a\n");
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
        chunk(&mut bytes, b"IHDR", &header);
        chunk(&mut bytes, b"IEND", &[]);
        check(&bytes, Refusal::BadSize { width, height });
    }
}

#[test]
fn every_cut_of_an_image_is_refused() {
    let pgm = Picture::natural(2, 9, 5).pgm();
    for bytes in [pgm, small_png(false), small_png(true)] {
        fingerprint(&bytes).expect("whole, it is an image");
        for length in 1..bytes.len() {
            assert!(fingerprint(&bytes[..length]).is_err(), "{length} of {}", bytes.len());
        }
    }
}

#[test]
fn damaged_images_never_panic() {
    let mut random = Random(7);
    let mut refused = 0;
    for bytes in [small_png(false), small_png(true), Picture::natural(2, 9, 5).pgm()] {
        for at in 0..bytes.len() {
            for _ in 0..4 {
                let mut damaged = bytes.clone();
                damaged[at] = random.next() as u8;
                refused += usize::from(fingerprint(&damaged).is_err());
            }
        }
    }
    assert!(refused > 1000, "{refused}: a PNG has checksums");
}

#[test]
fn noise_behind_a_signature_never_panics() {
    let mut random = Random(8);
    for start in [&b"\x89PNG\r\n\x1a\n"[..], b"P5 ", b"P2 ", b""] {
        for length in 0..200 {
            let noise = (0..length).map(|_| random.next() as u8);
            let bytes: Vec<u8> = start.iter().copied().chain(noise).collect();
            assert!(fingerprint(&bytes).is_err());
        }
    }
}
