/// What the SDK costs a contract: a size that grows is noticed here.
#[test]
fn the_smallest_contract_stays_below_its_ceiling() {
    const BYTES_MAX: u64 = 16 * 1024;
    let folder = std::env::var("HYDROGEN_WASM_DIR")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm").into());
    let size = std::fs::metadata(format!("{folder}/counter.wasm")).expect("the module is committed").len();
    assert!(size <= BYTES_MAX, "{size} bytes, at most {BYTES_MAX}");
}
