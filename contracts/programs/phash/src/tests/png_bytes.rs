//! PNG written by hand, so that the reader is not tested by its own crate: any kind, any depth, interlaced or not.

/// How pixels are stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// 0 grey, 2 colour, 3 palette, 4 grey with alpha, 6 colour with alpha.
    pub(crate) kind: u8,
    pub(crate) depth: u8,
    pub(crate) interlaced: bool,
}

/// A PNG whose samples are what `sample(x, y, channel)` gives, in the layout's depth.
pub(crate) fn png(
    width: usize,
    height: usize,
    layout: Layout,
    extra: &[(&[u8; 4], Vec<u8>)],
    sample: impl Fn(usize, usize, usize) -> u16,
) -> Vec<u8> {
    let channels = match layout.kind {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    let mut raw = Vec::new();
    let whole: &[[usize; 4]] = &[[0, 0, 1, 1]];
    let passes: &[[usize; 4]] =
        &[[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
    for [x0, y0, dx, dy] in if layout.interlaced { passes } else { whole } {
        for y in (*y0..height).step_by(*dy).filter(|_| *x0 < width) {
            raw.push(0);
            let (mut bits, mut held) = (0u32, 0u8);
            for x in (*x0..width).step_by(*dx) {
                for channel in 0..channels {
                    let value = sample(x, y, channel);
                    match layout.depth {
                        16 => raw.extend(value.to_be_bytes()),
                        8 => raw.push(value as u8),
                        depth => {
                            bits = bits << depth | u32::from(value);
                            held += depth;
                            if held == 8 {
                                raw.push(bits as u8);
                                (bits, held) = (0, 0);
                            }
                        }
                    }
                }
            }
            if held > 0 {
                raw.push((bits << (8 - held)) as u8);
            }
        }
    }
    let mut header = Vec::new();
    header.extend(u32::try_from(width).unwrap().to_be_bytes());
    header.extend(u32::try_from(height).unwrap().to_be_bytes());
    header.extend([layout.depth, layout.kind, 0, 0, u8::from(layout.interlaced)]);
    let mut out = Vec::from(*b"\x89PNG\r\n\x1a\n");
    chunk(&mut out, b"IHDR", &header);
    extra.iter().for_each(|(kind, data)| chunk(&mut out, kind, data));
    chunk(&mut out, b"IDAT", &zlib(&raw));
    chunk(&mut out, b"IEND", &[]);
    out
}

pub(crate) fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
    let start = out.len();
    out.extend(kind);
    out.extend(data);
    let crc = !out[start..].iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    });
    out.extend(crc.to_be_bytes());
}

/// Stored, not compressed.
fn zlib(raw: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let count = raw.len().div_ceil(60_000);
    for (index, block) in raw.chunks(60_000).enumerate() {
        out.push(u8::from(index + 1 == count));
        let length = u16::try_from(block.len()).unwrap();
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    let (a, b) = raw.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    out.extend((b << 16 | a).to_be_bytes());
    out
}
