use super::*;
use hydrogen_types::host::MethodKind;
use hydrogen_types::schema::{Field, Record, SECTION, StorageKind, Variant};
use hydrogen_types::{Address, Amount, Hash, codec};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A module with nothing but an interface.
fn module(records: &[Record]) -> Vec<u8> {
    let mut content = Vec::new();
    for record in records {
        let body = codec::encode(record);
        content.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        content.extend(body);
    }
    raw_module(&content)
}

fn raw_module(content: &[u8]) -> Vec<u8> {
    let mut section = vec![u8::try_from(SECTION.len()).unwrap()];
    section.extend(SECTION.as_bytes());
    section.extend(content);
    let mut out = Vec::from(*b"\0asm\x01\0\0\0\0");
    let mut length = section.len();
    while length >= 0x80 {
        out.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap());
    out.extend(section);
    out
}

fn fields(list: &[(&str, &str)]) -> Vec<Field> {
    let field = |(name, text): &(&str, &str)| Field {
        name: (*name).into(),
        type_text: (*text).into(),
        doc: String::new(),
    };
    list.iter().map(field).collect()
}

fn method(args: &[(&str, &str)], result: &str) -> Record {
    Record::Method {
        name: "m".into(),
        kind: MethodKind::Call,
        args: fields(args),
        result: result.into(),
        doc: String::new(),
    }
}

/// The types of the examples below.
fn declarations() -> Vec<Record> {
    vec![
        Record::Struct { name: "Pair".into(), fields: fields(&[("left", "u8"), ("right", "Option<u64>")]) },
        Record::Enum {
            name: "Shape".into(),
            variants: vec![
                Variant { name: "exact".into(), fields: vec![] },
                Variant { name: "similar".into(), fields: fields(&[("threshold", "u8")]) },
            ],
        },
        Record::Struct { name: "Chain".into(), fields: fields(&[("next", "Option<Chain>")]) },
        Record::Struct { name: "Endless".into(), fields: fields(&[("more", "Endless")]) },
    ]
}

fn interface(args: &[(&str, &str)], result: &str) -> Interface {
    let mut records = declarations();
    records.push(method(args, result));
    Interface::parse(&module(&records)).unwrap()
}

/// The JSON of one value of type `text`, as borsh and back.
#[track_caller]
fn check(text: &str, json: Value, bytes: &[u8]) {
    let interface = interface(&[("v", text)], text);
    let encoded = interface.encode_args(MethodKind::Call, "m", &json!({ "v": json })).unwrap();
    assert_eq!(encoded, bytes, "borsh of {json}");
    let decoded = interface.decode_result(MethodKind::Call, "m", bytes).unwrap();
    assert_eq!(decoded, json, "JSON of {bytes:?}");
}

#[track_caller]
fn check_refused(args: &[(&str, &str)], json: Value, message: &str) {
    let error = interface(args, "()").encode_args(MethodKind::Call, "m", &json).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn every_form_goes_both_ways() {
    let address = Address::new([7; 20]);
    check("bool", json!(true), &[1]);
    check("u8", json!(255), &[255]);
    check("i32", json!(-2), &(-2i32).to_le_bytes());
    check("u64", json!("18446744073709551615"), &u64::MAX.to_le_bytes());
    check("i64", json!("-9223372036854775808"), &i64::MIN.to_le_bytes());
    check("u128", json!(u128::MAX.to_string()), &u128::MAX.to_le_bytes());
    check("Amount", json!("1500000000000000000"), &codec::encode(&Amount::parse("1.5").unwrap()));
    check("Height", json!("9"), &9u64.to_le_bytes());
    check("Gas", json!("0"), &[0; 8]);
    check("String", json!("h\u{e9}"), &[3, 0, 0, 0, b'h', 0xc3, 0xa9]);
    check("Vec<u8>", json!("0x0102"), &[2, 0, 0, 0, 1, 2]);
    check("[u8; 3]", json!("0x0a0b0c"), &[10, 11, 12]);
    check("Hash", json!(Hash::new([3; 32]).to_string()), &[3; 32]);
    check("Signature", json!(format!("0x{}", "05".repeat(64))), &[5; 64]);
    check("Address", json!(address.to_string()), &[7; 20]);
    check("Option<u8>", json!(null), &[0]);
    check("Option<u8>", json!(4), &[1, 4]);
    check("Vec<u16>", json!([1, 2]), &[2, 0, 0, 0, 1, 0, 2, 0]);
    check("[u16; 2]", json!([1, 2]), &[1, 0, 2, 0]);
    check("(u8, bool)", json!([1, false]), &[1, 0]);
    check("()", json!(null), &[]);
    check("Pair", json!({ "left": 1, "right": null }), &[1, 0]);
    check("Shape", json!("exact"), &[0]);
    check("Shape", json!({ "similar": { "threshold": 4 } }), &[1, 4]);
    check("Vec<Chain>", json!([{ "next": { "next": null } }]), &[1, 0, 0, 0, 1, 0]);
}

#[test]
fn lenient_forms_are_taken() {
    let interface = interface(&[("n", "u64"), ("o", "Option<u8>"), ("i", "i32")], "()");
    let encode = |json: Value| interface.encode_args(MethodKind::Call, "m", &json);
    let strict = encode(json!({ "n": "7", "o": null, "i": -1 })).unwrap();
    assert_eq!(strict, [7, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]);
    assert_eq!(encode(json!({ "n": 7, "i": "-1" })), Ok(strict.clone()), "a number, an absent option");
    assert_eq!(encode(json!([7, null, -1])), Ok(strict), "a list in order");
}

#[test]
fn wrong_arguments_are_named_with_the_expected_ones() {
    let args = [("by", "u64"), ("to", "Option<Address>")];
    let expected = "expected: by: u64, to: Option<Address>";
    check_refused(&args, json!({}), &format!("`by` is missing; {expected}"));
    check_refused(&args, json!({ "by": 1, "form": 2 }), &format!("`form` is unknown; {expected}"));
    check_refused(&args, json!([1]), &format!("1 arguments instead of 2; {expected}"));
    check_refused(&args, json!("1"), &format!("arguments are written {{\"name\": value}}; {expected}"));
    check_refused(
        &args,
        json!({ "by": 9007199254740993u64 }),
        "`by` is 9007199254740993, expected u64: a decimal string (or a number up to 2^53)",
    );
    check_refused(&[("n", "u8")], json!({ "n": 256 }), "`n` is 256, expected u8: a whole number in range");
    check_refused(
        &[("n", "u64")],
        json!({ "n": "+1" }),
        "`n` is \"+1\", expected u64: a decimal string (or a number up to 2^53)",
    );
    check_refused(
        &[("h", "Hash")],
        json!({ "h": "0x12" }),
        "`h` is \"0x12\", expected Hash: 0x and 64 hex digits",
    );
    check_refused(&[], json!({ "x": 1 }), "`x` is unknown; expected: nothing");
}

#[test]
fn wrong_values_are_named_by_their_path() {
    let args = [("list", "Vec<Pair>"), ("shape", "Shape")];
    check_refused(
        &args,
        json!({ "list": [{ "left": 1 }, { "left": "x" }], "shape": "exact" }),
        "`list.1.left` is \"x\", expected u8: a whole number in range",
    );
    check_refused(
        &args,
        json!({ "list": [], "shape": "round" }),
        "`shape` is \"round\", expected Shape: \"exact\" or {\"similar\": {threshold: u8}}",
    );
    check_refused(
        &args,
        json!({ "list": [], "shape": { "similar": {} } }),
        "`shape.similar.threshold` is missing; expected: threshold: u8",
    );
}

#[test]
fn an_unknown_method_is_answered_with_the_known_ones() {
    let interface = interface(&[], "()");
    let message = interface.encode_args(MethodKind::Call, "x", &json!({})).unwrap_err().to_string();
    assert_eq!(message, "there is no call `x`; there are: m");
    let message = interface.encode_args(MethodKind::Query, "m", &json!({})).unwrap_err().to_string();
    assert_eq!(message, "there is no query `m`; there are: none");
}

#[track_caller]
fn check_bytes_refused(text: &str, bytes: &[u8], message: &str) {
    let error = interface(&[], text).decode_result(MethodKind::Call, "m", bytes).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn bytes_that_are_not_the_type_are_refused() {
    check_bytes_refused("u64", &[1], "the bytes are no u64: the bytes end too soon at byte 0");
    check_bytes_refused("u8", &[1, 2], "the bytes are no u8: bytes are left over at byte 1");
    check_bytes_refused("bool", &[2], "the bytes are no bool: a bool is 0 or 1 at byte 1");
    check_bytes_refused("Shape", &[2], "the bytes are no Shape: a variant does not exist at byte 1");
    check_bytes_refused(
        "String",
        &[1, 0, 0, 0, 255],
        "the bytes are no String: a text is not UTF-8 at byte 5",
    );
    check_bytes_refused("Endless", &[], "the bytes are no Endless: values are nested too deep at byte 0");
    check_bytes_refused(
        "Vec<Chain>",
        &[1; 99],
        "the bytes are no Vec<Chain>: values are nested too deep at byte 20",
    );
    let many = u32::MAX.to_le_bytes();
    check_bytes_refused("Vec<()>", &many, "the bytes are no Vec<()>: there are too many values at byte 4");
}

#[test]
fn a_value_nested_too_deep_is_refused() {
    let mut value = json!({ "next": null });
    for _ in 0..40 {
        value = json!({ "next": value });
    }
    let error = interface(&[("v", "Chain")], "()").encode_args(MethodKind::Call, "m", &json!({ "v": value }));
    assert!(error.unwrap_err().to_string().ends_with("is nested more than 32 deep"));
}

#[track_caller]
fn check_interface_refused(records: &[Record], message: &str) {
    assert_eq!(Interface::parse(&module(records)).unwrap_err().to_string(), message);
}

#[test]
fn a_wrong_interface_says_what_is_wrong() {
    assert_eq!(Interface::parse(b"MZ"), Err(AbiError::NotAModule));
    assert_eq!(Interface::parse(b"\0asm\x01\0\0\0"), Err(AbiError::NoInterface));
    assert_eq!(Interface::parse(b"\0asm\x01\0\0\0\0\x7f"), Err(AbiError::CutSection { offset: 8 }));
    assert_eq!(Interface::parse(&raw_module(&[1, 0, 0, 0, 9])), Err(AbiError::BadRecord { index: 0 }));
    check_interface_refused(
        &[method(&[("a", "Nowhere")], "()")],
        "call.m mentions the type `Nowhere`, which the interface does not declare",
    );
    check_interface_refused(
        &[method(&[], "Vec<u8")],
        "`Vec<u8` (of call.m) is not a type of interfaces: `>` is expected before ``",
    );
    let deep = format!("{}u8{}", "(".repeat(40), ")".repeat(40));
    check_interface_refused(
        &[method(&[], &deep)],
        &format!("`{}` (of call.m) is not a type of interfaces: it is nested more than 16 deep", &deep[..64]),
    );
    check_interface_refused(
        &[method(&[], "()"), method(&[], "u8")],
        "the interface declares call.m twice, differently",
    );
    check_interface_refused(
        &[method(&[(&"n".repeat(129), "u8")], "()")],
        "a name in call.m is longer than 128 bytes",
    );
    Interface::parse(&module(&[method(&[], "()"), method(&[], "()")])).unwrap();
}

/// The folder of the committed modules, or the one a rebuild was put in.
fn committed(name: &str) -> Vec<u8> {
    let folder = std::env::var("HYDROGEN_WASM_DIR")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/wasm").into());
    std::fs::read(format!("{folder}/{name}.wasm")).unwrap()
}

#[test]
fn the_counter_says_what_it_offers() {
    let counter = Interface::parse(&committed("counter")).unwrap();
    assert_eq!(counter.name(), "counter");
    let methods: Vec<String> = counter.methods().map(|method| method.kind().export(method.name())).collect();
    assert_eq!(methods, ["call.increment", "init", "query.get"]);
    assert_eq!(counter.error(1000), Some(("Overflow", "{count} and {by} are more than the counter holds")));
    assert_eq!(
        counter.encode_args(MethodKind::Init, "init", &json!({ "start": 5 })),
        Ok(vec![5, 0, 0, 0, 0, 0, 0, 0])
    );
    let shown = counter.to_json();
    assert_eq!(
        shown["methods"][0]["args"],
        json!([{ "name": "by", "type": "u64", "doc": "How much to add." }])
    );
    assert_eq!(shown["events"][0]["name"], "Incremented");
}

/// What the contract's macro read from the source of `hydrogen-types` is what borsh does with these types.
#[test]
fn the_task_contract_shows_what_its_types_hold() {
    use hydrogen_types::task::{
        Comparison, NodeState, NodeView, Outcome, Penalty, PenaltyReason, TaskConfig,
    };
    let task = Interface::parse(&committed("task")).unwrap();
    let config = Some(TaskConfig::default());
    let shown = task.decode_result(MethodKind::Query, "config", &codec::encode(&config)).unwrap();
    assert_eq!(shown["stake_min"], "400000000000000000000");
    assert_eq!(shown["program_abi"], 1);
    assert_eq!(shown["fuel_max"], "1000000000000");
    let node = Some(NodeView {
        address: Address::new([1; 20]),
        state: NodeState::PendingQuit,
        stake: Amount::new(5),
        task: Some(7),
        withdraw_ms: None,
        types: vec!["llm".into()],
        tasks_paid: 1,
        earned: Amount::ZERO,
        penalties: vec![Penalty {
            task: 3,
            reason: PenaltyReason::MissedReveal,
            amount: Amount::new(2),
            at_ms: 9,
        }],
    });
    let shown = task.decode_result(MethodKind::Query, "node", &codec::encode(&node)).unwrap();
    let penalty = json!({ "task": "3", "reason": "missed_reveal", "amount": "2", "at_ms": "9" });
    assert_eq!(shown["state"], "pending_quit");
    assert_eq!(shown["task"], "7");
    assert_eq!(shown["withdraw_ms"], Value::Null);
    assert_eq!(shown["penalties"], json!([penalty]));

    let salt = [4u8; 32];
    let outcome = Outcome::Result { digest: Hash::new([5; 32]), fingerprint: vec![] };
    let args = json!({
        "task": "7",
        "outcome": { "result": { "digest": Hash::new([5; 32]).to_string(), "fingerprint": "0x" } },
        "salt": format!("0x{}", "04".repeat(32)),
    });
    let encoded = task.encode_args(MethodKind::Call, "reveal", &args).unwrap();
    assert_eq!(encoded, codec::encode(&(7u64, outcome, salt)));
    let args = json!({ "args_hash": Hash::new([6; 32]).to_string(), "comparison": "exact", "fee": "3" });
    let none: Option<u64> = None;
    let wanted = codec::encode(&(
        (None::<Hash>, None::<String>, Hash::new([6; 32]), none, Comparison::Exact),
        (Amount::new(3), none, none, none, none),
    ));
    assert_eq!(task.encode_args(MethodKind::Call, "create_task", &args), Ok(wanted));
}

/// Pieces of type texts, so that a fair share of the random ones parses.
fn type_text() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "u8", "u64", "i64", "bool", "String", "Vec<u8>", "Hash", "Address", "()", "A", "B", "C", "Missing",
        "[u8; 9]",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("Vec<{inner}>")),
            inner.clone().prop_map(|inner| format!("Option<{inner}>")),
            inner.clone().prop_map(|inner| format!("[{inner}; 4096]")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left}, {right})")),
            inner.prop_map(|inner| format!("{inner}>")),
        ]
    })
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let field = type_text().prop_map(|text| fields(&[("f", &text)]).remove(0));
    let list = prop::collection::vec(field, 0..4);
    let declared = (prop::sample::select(vec!["A", "B", "C"]), list, any::<bool>()).prop_map(
        |(name, fields, as_enum)| {
            if as_enum {
                Record::Enum { name: name.into(), variants: vec![Variant { name: "v".into(), fields }] }
            } else {
                Record::Struct { name: name.into(), fields }
            }
        },
    );
    (prop::collection::vec(declared, 0..4), type_text()).prop_map(|(mut records, result)| {
        records.push(method(&[("a", &result)], &result));
        records
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in the section, the answer is an interface or an error.
    #[test]
    fn hostile_bytes_are_answered(content in prop::collection::vec(any::<u8>(), 0..200)) {
        let read = Interface::parse(&raw_module(&content));
        prop_assert!(read.is_ok() == content.is_empty());
    }

    /// Whatever the types, bytes and JSON are answered; what decodes encodes to the same bytes again.
    #[test]
    fn hostile_schemas_are_answered(records in records(), bytes in prop::collection::vec(0u8..4, 0..64)) {
        if let Ok(interface) = Interface::parse(&module(&records)) {
            let decoded = interface.decode_result(MethodKind::Call, "m", &bytes);
            if let Ok(value) = decoded {
                let again = interface.encode_args(MethodKind::Call, "m", &json!([value]));
                // An option of nothing or of an option has two encodings and one JSON.
                if let Ok(again) = again {
                    let value_again = interface.decode_result(MethodKind::Call, "m", &again);
                    prop_assert_eq!(value_again, Ok(value));
                }
            }
        }
    }

    /// A damaged module of ours is answered.
    #[test]
    fn damaged_modules_are_answered(at in 0usize..16_000, byte in any::<u8>(), cut in 0usize..16_000) {
        let mut bytes = committed("counter");
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        bytes.truncate(bytes.len().saturating_sub(cut % 700));
        if let Ok(interface) = Interface::parse(&bytes) {
            prop_assert!(interface.to_json().is_object());
        }
    }
}

fn stored(name: &str, kind: StorageKind, key: &str, value: &str) -> Record {
    Record::Storage { name: name.into(), kind, key: key.into(), value: value.into(), doc: String::new() }
}

/// Storage of every kind, with a map whose values are of a type that nobody declares.
fn storage() -> Interface {
    let mut records = declarations();
    records.extend([
        stored("count", StorageKind::Item, "()", "u64"),
        stored("marks", StorageKind::Map, "(String, i64, Address)", "Pair"),
        stored("list", StorageKind::Vector, "u32", "bool"),
        stored("by", StorageKind::Index, "(Hash, u8)", "()"),
        stored("dark", StorageKind::Map, "u16", "Nowhere"),
    ]);
    Interface::parse(&module(&records)).unwrap()
}

#[track_caller]
fn check_entry(key: &[u8], value: &[u8], expected: Option<(&str, Option<Value>, Option<Value>)>) {
    let expected = expected.map(|(name, key, value)| StoredEntry { name: name.into(), key, value });
    assert_eq!(storage().decode_entry(key, value), expected);
}

/// The keys are those that the SDK's `Key` writes: big-endian, the sign flipped, texts escaped.
#[test]
fn entries_of_storage_have_names_and_types() {
    check_entry(b"count\0", &7u64.to_le_bytes(), Some(("count", None, Some(json!("7")))));
    let address = Address::new([3; 20]);
    let mut key = b"marks\0a\0\xffb\0\0".to_vec();
    key.extend((1u64 << 63).wrapping_sub(2).to_be_bytes());
    key.extend(address.as_bytes());
    let pair = json!({ "left": 5, "right": null });
    check_entry(&key, &[5, 0], Some(("marks", Some(json!(["a\0b", "-2", address.to_string()])), Some(pair))));
    check_entry(b"list\0", &2u32.to_le_bytes(), Some(("list", None, Some(json!(2)))));
    check_entry(b"list\0\0\0\0\x01", &[1], Some(("list", Some(json!(1)), Some(json!(true)))));
    let mut key = b"by\0".to_vec();
    key.extend([9; 33]);
    check_entry(&key, &[], Some(("by", Some(json!([Hash::new([9; 32]).to_string(), 9])), Some(Value::Null))));
}

#[test]
fn what_the_interface_does_not_know_of_storage_stays_raw() {
    check_entry(b"other\0", &[1], None);
    check_entry(b"count", &[1], None);
    check_entry(b"count\0more", &[1], None);
    check_entry(b"list\0\0\0", &[1], None);
    check_entry(b"marks\0a\0\x01", &[1], None);
    check_entry(b"count\0", &[1], Some(("count", None, None)));
    check_entry(b"dark\0\x01\x02", &[1], Some(("dark", Some(json!(258)), None)));
    assert_eq!(storage().to_json()["storage"][0]["kind"], "index");
}
