//! The size of every committed module: bytes cost gas at upload and in every call.

use std::collections::BTreeMap;

/// Most bytes of each module, a few per cent above what it has. To raise one on purpose, change its row and say in the
/// commit what the bytes are for.
const BYTES_MAX: &[(&str, usize)] = &[
    ("counter", 17_000),
    ("escrow", 38_000),
    ("lottery", 46_000),
    ("mandelbrot", 3_200),
    ("phash", 170_000),
    ("probe", 62_000),
    ("registry", 31_000),
    ("registry-v2", 48_000),
    ("task", 300_000),
    ("token", 44_000),
    ("wordcount", 76_000),
];

pub(crate) fn folder() -> String {
    std::env::var("HYDROGEN_WASM_DIR")
        .unwrap_or_else(|_| format!("{}/../../contracts/wasm", env!("CARGO_MANIFEST_DIR")))
}

pub(crate) fn module(name: &str) -> Vec<u8> {
    let path = format!("{}/{name}.wasm", folder());
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_module_stays_below_its_ceiling() {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if let Some(stem) = name.strip_suffix(".wasm").filter(|stem| !stem.ends_with(".debug")) {
            seen.insert(stem.to_string(), entry.metadata().unwrap().len());
        }
    }
    let mut wrong = Vec::new();
    for (name, bytes) in &seen {
        match BYTES_MAX.iter().find(|(known, _)| known == name) {
            None => wrong.push(format!("{name}.wasm has {bytes} bytes and no ceiling")),
            Some((_, most)) if *bytes > u64::try_from(*most).unwrap() => {
                wrong.push(format!("{name}.wasm has {bytes} bytes, more than {most}"));
            }
            Some((_, most)) if *bytes < u64::try_from(most / 2).unwrap() => {
                wrong.push(format!(
                    "{name}.wasm has {bytes} bytes, less than half of {most}: lower its ceiling"
                ));
            }
            Some(_) => {}
        }
    }
    let gone = BYTES_MAX.iter().filter(|(name, _)| !seen.contains_key(*name));
    wrong.extend(gone.map(|(name, _)| format!("{name}.wasm is gone; so should its ceiling be")));
    assert!(wrong.is_empty(), "{}\nthe ceilings stand in this test", wrong.join("\n"));
}
