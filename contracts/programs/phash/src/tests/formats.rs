//! One picture in every format has one hash.

use super::pictures::Picture;
use super::png_bytes::{Layout, png};
use crate::dct::wave;
use crate::images::fingerprint;
use crate::refusal::Refusal;
use std::f64::consts::PI;

fn hash(bytes: &[u8]) -> u64 {
    let fingerprint = fingerprint(bytes).unwrap();
    u64::from_be_bytes(fingerprint.try_into().expect("one image"))
}

fn picture() -> Picture {
    Picture::natural(1, 61, 45)
}

/// A picture as a PNG, its grey `v` turned into the samples of a pixel.
fn as_png(
    picture: &Picture,
    layout: Layout,
    extra: &[(&[u8; 4], Vec<u8>)],
    sample: impl Fn(u8, usize) -> u16,
) -> Vec<u8> {
    png(picture.width, picture.height, layout, extra, |x, y, channel| {
        sample(picture.pixels[y * picture.width + x], channel)
    })
}

#[test]
fn every_layout_of_png_has_the_hash_of_the_pgm() {
    let picture = picture();
    let expected = hash(&picture.pgm());
    assert_ne!(expected, 0);
    let palette: Vec<u8> = (0..=255).flat_map(|grey| [grey; 3]).collect();
    let wide = |v: u8| u16::from(v) * 257;
    for interlaced in [false, true] {
        let layout = |kind, depth| Layout { kind, depth, interlaced };
        let cases = [
            as_png(&picture, layout(0, 8), &[], |v, _| u16::from(v)),
            as_png(&picture, layout(0, 16), &[], |v, _| wide(v)),
            as_png(&picture, layout(2, 8), &[], |v, _| u16::from(v)),
            as_png(&picture, layout(2, 16), &[], |v, _| wide(v)),
            as_png(&picture, layout(3, 8), &[(b"PLTE", palette.clone())], |v, _| u16::from(v)),
            as_png(&picture, layout(4, 8), &[], |v, c| if c == 1 { 255 } else { u16::from(v) }),
            as_png(&picture, layout(4, 16), &[], |v, c| if c == 1 { 65_535 } else { wide(v) }),
            as_png(&picture, layout(6, 8), &[], |v, c| if c == 3 { 255 } else { u16::from(v) }),
            as_png(&picture, layout(6, 16), &[], |v, c| if c == 3 { 65_535 } else { wide(v) }),
        ];
        for (index, bytes) in cases.iter().enumerate() {
            assert_eq!(hash(bytes), expected, "case {index}, interlaced: {interlaced}");
        }
    }
}

#[test]
fn few_bits_a_pixel_are_the_same_grey_in_both_formats() {
    for depth in [1u8, 2, 4] {
        let maximum = (1u16 << depth) - 1;
        let mut picture = picture();
        picture.pixels.iter_mut().for_each(|pixel| *pixel >>= 8 - depth);
        let mut pgm = format!("P5 {} {} {maximum} ", picture.width, picture.height).into_bytes();
        pgm.extend(&picture.pixels);
        let palette: Vec<u8> =
            (0..=maximum).flat_map(|v| [u8::try_from(v * 255 / maximum).unwrap(); 3]).collect();
        for interlaced in [false, true] {
            let grey = as_png(&picture, Layout { kind: 0, depth, interlaced }, &[], |v, _| u16::from(v));
            assert_eq!(hash(&grey), hash(&pgm), "{depth} bits");
            let layout = Layout { kind: 3, depth, interlaced };
            let indexed = as_png(&picture, layout, &[(b"PLTE", palette.clone())], |v, _| u16::from(v));
            assert_eq!(hash(&indexed), hash(&pgm), "palette of {depth} bits");
        }
    }
}

#[test]
fn plain_and_wide_pgm_are_the_same_picture() {
    let picture = picture();
    let (width, height) = (picture.width, picture.height);
    let numbers: Vec<String> = picture.pixels.iter().map(u8::to_string).collect();
    let plain = format!("P2 # comment\n# another\n{width}\t{height}\n255\n{}", numbers.join(" "));
    assert_eq!(hash(plain.as_bytes()), hash(&picture.pgm()));
    let mut wide = format!("P5\n#c\n{width} {height} 65535\n").into_bytes();
    wide.extend(picture.pixels.iter().flat_map(|v| (u16::from(*v) * 257).to_be_bytes()));
    assert_eq!(hash(&wide), hash(&picture.pgm()));
}

#[test]
fn transparency_shows_white() {
    let picture = picture();
    let white = picture.brighter(255.0);
    let layout = Layout { kind: 4, depth: 8, interlaced: false };
    let clear = as_png(&picture, layout, &[], |v, c| if c == 1 { 0 } else { u16::from(v) });
    assert_eq!(hash(&clear), hash(&white.pgm()));
    // One grey declared transparent: the same pixels made white.
    let key = picture.pixels[0];
    let mut keyed = picture.clone();
    keyed.pixels.iter_mut().filter(|pixel| **pixel == key).for_each(|pixel| *pixel = 255);
    let layout = Layout { kind: 0, depth: 8, interlaced: false };
    let declared = as_png(&picture, layout, &[(b"tRNS", vec![0, key])], |v, _| u16::from(v));
    assert_eq!(hash(&declared), hash(&keyed.pgm()));
}

#[test]
fn colour_is_weighed_as_the_eye_does() {
    let picture = picture();
    // Green alone is seen as 58.7 % of its value, which changes contrast and nothing else.
    let green = as_png(&picture, Layout { kind: 2, depth: 8, interlaced: false }, &[], |v, c| {
        if c == 1 { u16::from(v) } else { 0 }
    });
    assert!((hash(&green) ^ hash(&picture.pgm())).count_ones() <= 1);
}

#[test]
fn images_come_one_after_the_other_up_to_64() {
    let pictures: Vec<Picture> = (0..64).map(|seed| Picture::natural(seed, 20, 20)).collect();
    let layout = Layout { kind: 0, depth: 8, interlaced: false };
    let mut bytes = Vec::new();
    let mut expected = Vec::new();
    for (index, picture) in pictures.iter().enumerate() {
        match index % 3 {
            0 => bytes.extend(picture.pgm()),
            1 => bytes.extend(as_png(picture, layout, &[], |v, _| u16::from(v))),
            _ => {
                bytes.extend(b"\n \n");
                bytes.extend(picture.pgm());
                bytes.push(b'\n');
            }
        }
        expected.extend(hash(&picture.pgm()).to_be_bytes());
    }
    assert_eq!(fingerprint(&bytes).unwrap(), expected);
    bytes.extend(pictures[0].pgm());
    assert_eq!(fingerprint(&bytes), Err(Refusal::TooManyImages));
}

#[test]
fn small_and_narrow_images_are_enlarged() {
    for (width, height) in [(1, 1), (1, 100), (7, 3), (31, 33), (300, 2)] {
        let picture = Picture::natural(3, width, height);
        let twice =
            Picture::of(2 * width, 3 * height, |x, y| f64::from(picture.pixels[y / 3 * width + x / 2]));
        assert_eq!(hash(&picture.pgm()), hash(&twice.pgm()), "{width} x {height}");
    }
}

#[test]
fn the_table_is_a_cosine() {
    for frequency in 1..=8usize {
        for place in 0..32usize {
            let angle = frequency as f64 * (2 * place + 1) as f64 * PI / 64.0;
            let error = wave(frequency, place) as f64 - angle.cos() * 16_384.0;
            assert!(error.abs() <= 0.501, "{frequency} {place}: {error}");
        }
        assert_eq!((0..32).map(|place| wave(frequency, place)).sum::<i64>(), 0, "brightness is ignored");
    }
}

/// The same picture and hash as in the tests of the sandbox.
#[test]
fn a_picture_has_the_hash_it_has_in_the_sandbox() {
    let mut pgm = b"P5 200 150 255\n".to_vec();
    for y in 0u32..150 {
        pgm.extend((0u32..200).map(|x| ((x * x * 7 + y * y * 3 + x * y * 5) >> 9).to_le_bytes()[0]));
    }
    assert_eq!(hash(&pgm), 4_247_532_653_476_398_649);
}

/// The same hash in the plainest floating point, bit for bit on a picture without near ties.
#[test]
fn the_bits_are_those_of_the_definition() {
    let picture = Picture::natural(9, 64, 96);
    let mean = |cx: usize, cy: usize| -> f64 {
        let cells = (0..6).map(|i| f64::from(picture.pixels[(cy * 3 + i / 2) * 64 + cx * 2 + i % 2]));
        cells.sum::<f64>() / 6.0
    };
    let cosine = |k: usize, i: usize| (k as f64 * (2 * i + 1) as f64 * PI / 64.0).cos();
    let coefficients: Vec<f64> = (0..64)
        .map(|k| {
            let (u, v) = (k % 8 + 1, k / 8 + 1);
            (0..1024).map(|i| mean(i % 32, i / 32) * cosine(u, i % 32) * cosine(v, i / 32)).sum::<f64>()
                / 16.0
        })
        .collect();
    let mut sorted = coefficients.clone();
    sorted.sort_by(f64::total_cmp);
    let median = (sorted[31] + sorted[32]) / 2.0;
    let expected = coefficients.iter().fold(0u64, |bits, c| bits << 1 | u64::from(c - median > 2.0));
    assert_eq!(hash(&picture.pgm()), expected, "{expected:016x}");
}
