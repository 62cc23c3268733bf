//! Generated pictures, and what happens to pictures.

use std::f64::consts::PI;

/// Grey, 8 bits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From -1 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

impl Picture {
    pub(crate) fn of(width: usize, height: usize, mut grey: impl FnMut(usize, usize) -> f64) -> Self {
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                pixels.push(grey(x, y).round().clamp(0.0, 255.0) as u8);
            }
        }
        Self { width, height, pixels }
    }

    /// Clouds: noise of octaves whose amplitude falls with frequency, as in photographs.
    pub(crate) fn natural(seed: u64, width: usize, height: usize) -> Self {
        let mut random = Random(seed);
        let octaves: Vec<(usize, Vec<f64>)> = (1..7)
            .map(|octave| {
                let side = (1 << octave) + 1;
                (side, (0..side * side).map(|_| random.unit()).collect())
            })
            .collect();
        Self::of(width, height, |x, y| {
            let (u, v) = (x as f64 / width as f64, y as f64 / height as f64);
            let mut sum = 0.0;
            for (octave, (side, grid)) in octaves.iter().enumerate() {
                let (gx, gy) = (u * (side - 1) as f64, v * (side - 1) as f64);
                let (ix, iy) = (gx as usize, gy as usize);
                let (fx, fy) = (gx - ix as f64, gy - iy as f64);
                let at = |dx: usize, dy: usize| grid[(iy + dy) * side + ix + dx];
                let top = at(0, 0) * (1.0 - fx) + at(1, 0) * fx;
                let bottom = at(0, 1) * (1.0 - fx) + at(1, 1) * fx;
                sum += (top * (1.0 - fy) + bottom * fy) * 0.5f64.powi(octave as i32);
            }
            128.0 + 80.0 * sum
        })
    }

    pub(crate) fn map(&self, mut change: impl FnMut(f64) -> f64) -> Self {
        let pixels = self.pixels.iter().map(|p| change(f64::from(*p)).round().clamp(0.0, 255.0) as u8);
        Self { pixels: pixels.collect(), ..self.clone() }
    }

    /// Every pixel off by at most `levels`.
    pub(crate) fn noisy(&self, levels: f64, seed: u64) -> Self {
        let mut random = Random(seed);
        self.map(|grey| grey + levels * random.unit())
    }

    pub(crate) fn brighter(&self, levels: f64) -> Self {
        self.map(|grey| grey + levels)
    }

    pub(crate) fn contrasted(&self, factor: f64) -> Self {
        self.map(|grey| 128.0 + (grey - 128.0) * factor)
    }

    /// Another size, by linear interpolation.
    pub(crate) fn resized(&self, width: usize, height: usize) -> Self {
        let at = |x: usize, y: usize| {
            f64::from(self.pixels[y.min(self.height - 1) * self.width + x.min(self.width - 1)])
        };
        let place = |index: usize, to: usize, from: usize| {
            ((index as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0)
        };
        Self::of(width, height, |x, y| {
            let (sx, sy) = (place(x, width, self.width), place(y, height, self.height));
            let (ix, iy) = (sx as usize, sy as usize);
            let (fx, fy) = (sx - ix as f64, sy - iy as f64);
            let top = at(ix, iy) * (1.0 - fx) + at(ix + 1, iy) * fx;
            let bottom = at(ix, iy + 1) * (1.0 - fx) + at(ix + 1, iy + 1) * fx;
            top * (1.0 - fy) + bottom * fy
        })
    }

    /// Shifted right by whole pixels, the edge repeated.
    pub(crate) fn shifted(&self, pixels: usize) -> Self {
        Self::of(self.width, self.height, |x, y| {
            f64::from(self.pixels[y * self.width + x.saturating_sub(pixels)])
        })
    }

    /// What JPEG loses at a quality of 1 to 100: coefficients of 8 x 8 blocks rounded by the standard's table.
    pub(crate) fn jpeg(&self, quality: u32) -> Self {
        let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
        let steps = LUMINANCE.map(|step| f64::from(((step * scale + 50) / 100).clamp(1, 255)));
        let waves = waves();
        let mut out = vec![0.0; self.width * self.height];
        for top in (0..self.height).step_by(8) {
            for left in (0..self.width).step_by(8) {
                let block = self.block(left, top, &steps, &waves);
                for (index, value) in block.into_iter().enumerate() {
                    let (x, y) = (left + index % 8, top + index / 8);
                    if x < self.width && y < self.height {
                        out[y * self.width + x] = value;
                    }
                }
            }
        }
        Self::of(self.width, self.height, |x, y| out[y * self.width + x])
    }

    fn block(&self, left: usize, top: usize, steps: &[f64; 64], waves: &[[f64; 8]; 8]) -> [f64; 64] {
        let pixels: [f64; 64] = std::array::from_fn(|i| {
            let (x, y) = ((left + i % 8).min(self.width - 1), (top + i / 8).min(self.height - 1));
            f64::from(self.pixels[y * self.width + x]) - 128.0
        });
        let mut rounded = [0.0; 64];
        for (index, value) in rounded.iter_mut().enumerate() {
            let (u, v) = (index % 8, index / 8);
            let sum: f64 = (0..64).map(|i| pixels[i] * waves[u][i % 8] * waves[v][i / 8]).sum();
            *value = (sum / steps[index]).round() * steps[index];
        }
        let mut block = [0.0; 64];
        for (i, value) in block.iter_mut().enumerate() {
            *value =
                128.0 + (0..64).map(|k| rounded[k] * waves[k % 8][i % 8] * waves[k / 8][i / 8]).sum::<f64>();
        }
        block
    }

    /// As a binary PGM.
    pub(crate) fn pgm(&self) -> Vec<u8> {
        let mut bytes = format!("P5\n{} {}\n255\n", self.width, self.height).into_bytes();
        bytes.extend(&self.pixels);
        bytes
    }
}

/// By frequency and place.
fn waves() -> [[f64; 8]; 8] {
    std::array::from_fn(|u| {
        let norm = if u == 0 { 0.125f64.sqrt() } else { 0.5 };
        std::array::from_fn(|x| norm * ((2 * x + 1) as f64 * u as f64 * PI / 16.0).cos())
    })
}

/// The luminance table of the JPEG standard's annex K.
const LUMINANCE: [u32; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17,
    22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78,
    87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
