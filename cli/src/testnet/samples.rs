//! Programs and arguments to try a network with, as files of its folder.

use crate::failure::{Failure, Outcome};
use std::path::Path;

/// Counts the words of a text.
pub const WORDCOUNT: &[u8] = include_bytes!("../../../contracts/wasm/wordcount.wasm");
/// Draws a picture.
pub const MANDELBROT: &[u8] = include_bytes!("../../../contracts/wasm/mandelbrot.wasm");
/// A text.
pub const TEXT: &[u8] = include_bytes!("../demo/input.txt");
/// Width, height, iterations of a picture.
pub const PICTURE: &[u8] = b"640 480 1000\n";

/// All files.
const FILES: [(&str, &[u8]); 4] = [
    ("wordcount.wasm", WORDCOUNT),
    ("text.txt", TEXT),
    ("mandelbrot.wasm", MANDELBROT),
    ("picture.txt", PICTURE),
];

/// Writes them into `samples` of a network's folder.
pub(super) fn write(dir: &Path) -> Outcome {
    let folder = dir.join("samples");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::of(folder.display(), &error))?;
    for (name, bytes) in FILES {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(|error| Failure::of(path.display(), &error))?;
    }
    Ok(())
}
