//! Only what this node wrote is loaded, and nothing that happens to the folder reaches a caller.

use super::{Disk, Image};
use crate::config::{DiskCache, Optimisation, VmConfig};
use crate::engine;
use crate::module::compile;
use hydrogen_types::Hash;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use wasmtime::Engine;

const SECRET: [u8; 32] = [7; 32];

struct Bench {
    folder: TempDir,
    engine: Engine,
    disk: Disk,
    code: Vec<u8>,
    hash: Hash,
}

fn module(number: u32) -> Vec<u8> {
    let wat = format!(
        "(module (memory (export \"memory\") 3) (func (export \"call.a\") (drop (i32.const {number}))))"
    );
    wat::parse_str(wat).expect("good wat")
}

fn open(folder: &Path, secret: [u8; 32], engine: &Engine) -> Disk {
    Disk::open(&DiskCache::new(folder.to_owned(), secret), engine)
}

impl Bench {
    /// A folder with one entry.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = engine::contracts(&VmConfig::default()).expect("an engine");
        let disk = open(&folder.path().join("compiled"), SECRET, &engine);
        let code = module(1);
        let bench = Self { folder, engine, disk, hash: Hash::sha256(&code), code };
        bench.store();
        bench
    }

    fn image(&self) -> Image {
        compile(&self.engine, &self.code).expect("compiles")
    }

    fn store(&self) {
        self.disk.store(&self.hash, &self.image());
    }

    fn entry(&self) -> Vec<u8> {
        fs::read(self.disk.path(&self.hash)).expect("the entry")
    }

    fn put(&self, bytes: &[u8]) {
        fs::write(self.disk.path(&self.hash), bytes).expect("written");
    }

    /// Not loaded, and gone.
    fn check_refused(&self, what: &str) {
        let path = self.disk.path(&self.hash);
        assert!(path.exists(), "{what}: nothing to refuse");
        assert!(self.disk.load(&self.engine, &self.hash).is_none(), "{what}: trusted");
        assert!(!path.exists(), "{what}: kept");
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.disk.folder).expect("a folder");
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect()
    }
}

#[test]
fn what_was_stored_is_loaded_by_this_run_and_the_next() {
    let bench = Bench::new();
    let again = open(&bench.disk.folder, SECRET, &bench.engine);
    for disk in [&bench.disk, &again] {
        let image = disk.load(&bench.engine, &bench.hash).expect("it is there");
        assert_eq!((image.module_bytes, image.pages), (u64::try_from(bench.code.len()).expect("small"), 3));
        assert!(image.module.get_export_index("call.a").is_some());
    }
    assert!(bench.disk.load(&bench.engine, &Hash::sha256(b"another")).is_none());
}

#[test]
fn a_byte_changed_anywhere_is_refused() {
    let bench = Bench::new();
    let entry = bench.entry();
    let places = (0..256).chain((256..entry.len()).step_by(41)).chain(entry.len() - 64..entry.len());
    for at in places {
        let mut bad = entry.clone();
        bad[at] ^= 1 << (at % 8);
        bench.put(&bad);
        bench.check_refused(&format!("byte {at} changed"));
    }
    bench.put(&entry);
    assert!(bench.disk.load(&bench.engine, &bench.hash).is_some(), "the right bytes are taken");
}

#[test]
fn an_entry_cut_or_lengthened_is_refused() {
    let bench = Bench::new();
    let entry = bench.entry();
    for length in (0..200).chain((200..entry.len()).step_by(997)).chain([entry.len() - 1]) {
        bench.put(&entry[..length]);
        bench.check_refused(&format!("cut to {length} bytes"));
    }
    bench.put(&[entry.as_slice(), &[0]].concat());
    bench.check_refused("one byte more");
}

#[test]
fn an_entry_of_another_node_is_refused() {
    let bench = Bench::new();
    let other = open(&bench.folder.path().join("other"), [8; 32], &bench.engine);
    other.store(&bench.hash, &bench.image());
    bench.put(&fs::read(other.path(&bench.hash)).expect("the other's"));
    bench.check_refused("of another node");
}

#[test]
fn an_entry_of_another_module_is_refused() {
    let bench = Bench::new();
    let code = module(2);
    let image = compile(&bench.engine, &code).expect("compiles");
    bench.disk.store(&Hash::sha256(&code), &image);
    fs::rename(bench.disk.path(&Hash::sha256(&code)), bench.disk.path(&bench.hash)).expect("renamed");
    bench.check_refused("of another module");
}

/// wasmtime itself takes code that was compiled with other optimisations, so the context must keep them apart.
#[test]
fn an_entry_of_other_settings_or_an_older_version_is_refused_and_removed_by_the_next_start() {
    let bench = Bench::new();
    let settings = VmConfig { optimisation: Optimisation::None, ..VmConfig::default() };
    let engine = engine::contracts(&settings).expect("an engine");
    let other = open(&bench.folder.path().join("other"), SECRET, &engine);
    assert_ne!(other.mark(), bench.disk.mark());
    other.store(&bench.hash, &compile(&engine, &bench.code).expect("compiles"));
    let foreign = fs::read(other.path(&bench.hash)).expect("the other's");
    bench.put(&foreign);
    bench.check_refused("of other settings, under our name");

    // An older version differs in the context alone.
    let older = Disk { context: [1; 32], bytes: Mutex::new(0), folder: bench.disk.folder.clone(), ..other };
    older.store(&bench.hash, &bench.image());
    bench.store();
    fs::write(bench.disk.folder.join("torn.part"), b"half").expect("written");
    assert_eq!(bench.names().len(), 3);
    drop(open(&bench.disk.folder, SECRET, &bench.engine));
    let ours = bench.disk.path(&bench.hash);
    assert_eq!(bench.names(), [ours.file_name().expect("a name").to_string_lossy()]);
}

#[test]
fn a_folder_that_cannot_be_used_costs_only_time() {
    let bench = Bench::new();
    let file = bench.folder.path().join("file");
    fs::write(&file, b"no folder").expect("written");
    let disk = open(&file.join("below"), SECRET, &bench.engine);
    disk.store(&bench.hash, &bench.image());
    assert!(disk.load(&bench.engine, &bench.hash).is_none());
    // It vanishes under way, or a folder lies where an entry should be.
    let path = bench.disk.path(&bench.hash);
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("made");
    assert!(bench.disk.load(&bench.engine, &bench.hash).is_none());
    bench.store();
    fs::remove_dir_all(&bench.disk.folder).expect("removed");
    assert!(bench.disk.load(&bench.engine, &bench.hash).is_none());
    bench.store();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing_behind() {
    let bench = Bench::new();
    let path = bench.disk.path(&bench.hash);
    fs::remove_file(&path).expect("removed");
    std::os::unix::fs::symlink("/dev/full", super::part(&path)).expect("linked");
    let said = log_of(|| bench.store());
    assert!(said.contains("compiled code is not kept") && said.contains("No space left"), "{said}");
    assert_eq!(bench.names(), [""; 0]);
    bench.store();
    assert!(bench.disk.load(&bench.engine, &bench.hash).is_some());
}

#[test]
fn the_oldest_go_when_there_are_too_many() {
    let bench = Bench::new();
    let size = u64::try_from(bench.entry().len()).expect("small");
    let config = DiskCache { folder: bench.disk.folder.clone(), secret: SECRET, bytes_max: size * 4 + 100 };
    let disk = Disk::open(&config, &bench.engine);
    for number in 2..8 {
        let code = module(number);
        disk.store(&Hash::sha256(&code), &compile(&bench.engine, &code).expect("compiles"));
        // File times are coarse.
        let path = disk.path(&Hash::sha256(&code));
        let age = std::time::Duration::from_secs(u64::from(100 - number));
        let file = fs::File::options().write(true).open(path).expect("the entry");
        file.set_modified(std::time::SystemTime::now() - age).expect("dated");
        let total: u64 = fs::read_dir(&disk.folder)
            .expect("a folder")
            .map(|entry| entry.expect("readable").metadata().expect("sized").len())
            .sum();
        assert!(total <= config.bytes_max, "{total}");
    }
    let has = |number| disk.load(&bench.engine, &Hash::sha256(&module(number))).is_some();
    assert!(has(7) && has(6) && !has(2), "the newest stay");
}

/// What is logged meanwhile.
fn log_of(work: impl FnOnce()) -> String {
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, work);
    let bytes = sink.0.lock().expect("no panic").clone();
    String::from_utf8(bytes).expect("text")
}

#[test]
fn refusals_are_logged_with_the_entry_and_the_reason() {
    let bench = Bench::new();
    let mut entry = bench.entry();
    entry[200] ^= 1;
    bench.put(&entry);
    let said = log_of(|| drop(bench.disk.load(&bench.engine, &bench.hash)));
    let name = bench.disk.path(&bench.hash).display().to_string();
    assert!(
        said.contains("compiling anew") && said.contains("not authentic") && said.contains(&name),
        "{said}"
    );
}
