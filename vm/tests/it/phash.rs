//! The committed perceptual hash program in the sandbox: what it gives, what it refuses, what it costs.
//!
//! `cargo test --release -p hydrogen-vm --test it phash -- --nocapture` prints the costs.

use hydrogen_types::Hash;
use hydrogen_types::task::error_code;
use hydrogen_vm::program::{self, ProgramEnding, ProgramLimits, ProgramOutcome};
use std::time::Instant;

/// Little memory: the program holds its input and a row, whatever the image inflates to.
const LIMITS: ProgramLimits =
    ProgramLimits { memory_bytes_max: 16 << 20, fuel_max: 20_000_000_000, output_bytes_max: 1 };

fn phash() -> Vec<u8> {
    let folder = std::env::var("HYDROGEN_WASM_DIR")
        .unwrap_or_else(|_| format!("{}/../contracts/wasm", env!("CARGO_MANIFEST_DIR")));
    let path = format!("{folder}/phash.wasm");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn run(image: &[u8], limits: ProgramLimits) -> ProgramOutcome {
    program::fingerprint(&phash(), image, limits, 0, Hash::ZERO).unwrap()
}

fn fingerprint(image: &[u8]) -> (Vec<u8>, u64) {
    let outcome = run(image, LIMITS);
    match outcome.ending {
        ProgramEnding::Result(bytes) => (bytes, outcome.fuel_used),
        ProgramEnding::Error { code, reason } => panic!("code {code}: {reason}\n{}", outcome.log),
    }
}

fn check_error(image: &[u8], limits: ProgramLimits, expected: u32) -> String {
    let outcome = run(image, limits);
    match outcome.ending {
        ProgramEnding::Result(bytes) => panic!("a fingerprint: {bytes:?}"),
        ProgramEnding::Error { code, reason } => assert_eq!(code, expected, "{reason}\n{}", outcome.log),
    }
    outcome.log
}

/// The picture that the program's own tests hash too.
fn pgm(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = format!("P5 {width} {height} 255\n").into_bytes();
    for y in 0..height {
        bytes.extend((0..width).map(|x| ((x * x * 7 + y * y * 3 + x * y * 5) >> 9).to_le_bytes()[0]));
    }
    bytes
}

#[test]
fn it_gives_what_it_gives_natively() {
    let (bytes, _) = fingerprint(&pgm(200, 150));
    assert_eq!(
        u64::from_be_bytes(bytes.try_into().unwrap()),
        4_247_532_653_476_398_649,
        "also in programs/phash/src/tests/formats.rs"
    );
    let three = [pgm(200, 150), pgm(50, 60), pgm(200, 150)].concat();
    let (bytes, _) = fingerprint(&three);
    assert_eq!(bytes.len(), 24);
    assert_eq!(bytes[..8], bytes[16..]);
    assert_ne!(bytes[..8], bytes[8..16]);
}

#[test]
fn what_is_no_image_is_a_bad_argument_and_says_why() {
    let log = check_error(b"GIF89a", LIMITS, error_code::BAD_ARGUMENTS);
    assert_eq!(log, "neither PGM (P5, P2) nor PNG at byte 0\n");
    let log = check_error(b"", LIMITS, error_code::BAD_ARGUMENTS);
    assert!(log.contains("no image"), "{log}");
    let image = pgm(20, 20);
    let log = check_error(&image[..image.len() - 1], LIMITS, error_code::BAD_ARGUMENTS);
    assert!(log.contains("ends inside"), "{log}");
    check_error(&image.repeat(65), LIMITS, error_code::BAD_ARGUMENTS);
    let (bytes, _) = fingerprint(&image.repeat(64));
    assert_eq!(bytes.len(), 512);
}

#[test]
fn a_png_that_inflates_without_end_needs_fuel_and_no_memory() {
    // 16 million pixels in 100 KB.
    let bomb = black_png(4_000, 4_000);
    assert!(bomb.len() < 110_000, "{}", bomb.len());
    let start = Instant::now();
    let (bytes, fuel) = fingerprint(&bomb);
    println!("PNG of 4000 x 4000: {fuel} fuel, {} ms", start.elapsed().as_millis());
    assert_eq!(bytes, [0; 8]);
    let limits = ProgramLimits { fuel_max: fuel / 2, ..LIMITS };
    check_error(&bomb, limits, error_code::FUEL_EXHAUSTED);
}

#[test]
fn a_pixel_costs_less_than_two_hundred_fuel() {
    fingerprint(&pgm(8, 8));
    for (name, image, pixels) in [
        ("PGM of 1024 x 1024", pgm(1_024, 1_024), 1 << 20),
        ("PNG of 1024 x 1024, black", black_png(1_024, 1_024), 1 << 20),
        ("PGM of 32 x 32", pgm(32, 32), 1 << 10),
    ] {
        let start = Instant::now();
        let (_, fuel) = fingerprint(&image);
        let fixed = 3_000_000;
        println!("{name}: {fuel} fuel, {} us", start.elapsed().as_micros());
        assert!(fuel < fixed + 200 * pixels, "{name}: {fuel} fuel");
    }
}

/// A black grey PNG, its pixels compressed as far as the format allows: 258 zeros in 13 bits.
fn black_png(width: u32, height: u32) -> Vec<u8> {
    let mut png = Vec::from(*b"\x89PNG\r\n\x1a\n");
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    chunk(&mut png, b"IHDR", &header);
    let zeros = u64::from(height) * (u64::from(width) + 1);
    let mut bits = Bits::default();
    // One last block with the fixed code; the literal 0; runs; the end.
    bits.push(0b011, 3);
    let mut left = zeros;
    while left > 0 {
        // Runs repeat the byte before them, so the first zeros are literals; so are those that fill no run.
        if left == zeros || left < 258 {
            bits.push(0b0000_1100, 8);
            left -= 1;
        } else {
            bits.push(0b1010_0011, 8);
            bits.push(0, 5);
            left -= 258;
        }
    }
    bits.push(0, 7);
    // Adler-32 of zeros: the low half stays 1, the high half counts bytes.
    let adler = u32::try_from(zeros % 65_521).unwrap() << 16 | 1;
    let data = [&[0x78, 0x01][..], &bits.finish(), &adler.to_be_bytes()].concat();
    chunk(&mut png, b"IDAT", &data);
    chunk(&mut png, b"IEND", &[]);
    png
}

/// Bits, lowest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.held.to_le_bytes()[0]);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.push(0, 7);
        self.bytes
    }
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
    let start = out.len();
    out.extend(kind);
    out.extend(data);
    let crc = !out[start..].iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    });
    out.extend(crc.to_be_bytes());
}
