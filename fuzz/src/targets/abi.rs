//! Arguments as JSON and results as borsh, against the interfaces of real modules. Byte 0 chooses the module, byte 1 the
//! method, byte 2 the direction; with the last module of all the rest is an interface itself.

use crate::fixture::{COUNTER, PROBE, TASK};
use hydrogen_core::abi::Interface;
use hydrogen_types::host::MethodKind;
use hydrogen_types::schema::SECTION;
use serde_json::{Value, json};
use std::sync::LazyLock;

static INTERFACES: LazyLock<Vec<Interface>> = LazyLock::new(|| {
    [COUNTER, TASK, PROBE].map(|module| Interface::parse(module).expect("our modules carry one")).to_vec()
});

/// A module that is nothing but an interface section with these bytes.
fn module(section: &[u8]) -> Vec<u8> {
    let name = SECTION.as_bytes();
    let length = name.len() + 1 + section.len();
    let mut module = b"\0asm\x01\0\0\0\0".to_vec();
    let mut rest = u32::try_from(length).unwrap_or(u32::MAX);
    loop {
        let low = u8::try_from(rest & 0x7f).expect("seven bits");
        rest >>= 7;
        module.push(if rest == 0 { low } else { low | 0x80 });
        if rest == 0 {
            break;
        }
    }
    module.push(u8::try_from(name.len()).expect("a short name"));
    module.extend(name);
    module.extend(section);
    module
}

/// Whether the value fits its method.
pub(super) fn run(bytes: &[u8]) -> bool {
    let [which, method, way, rest @ ..] = bytes else { return false };
    let interfaces = &*INTERFACES;
    let which = usize::from(*which) % (interfaces.len() + 1);
    let Some(interface) = interfaces.get(which) else { return Interface::parse(&module(rest)).is_ok() };
    let count = interface.methods().count();
    let Some(info) = interface.methods().nth(usize::from(*method) % count) else { return false };
    let (kind, name) = (info.kind(), info.name());
    match way % 3 {
        0 => arguments(interface, kind, name, rest),
        1 => match interface.decode_args(kind, name, rest) {
            Ok(value) => {
                let again = interface.encode_args(kind, name, &value).expect("what is shown is taken");
                assert_eq!(again, rest, "arguments have one encoding");
                true
            }
            Err(_) => false,
        },
        _ => interface.decode_result(kind, name, rest).is_ok(),
    }
}

fn arguments(interface: &Interface, kind: MethodKind, name: &str, text: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<Value>(text) else { return false };
    let Ok(encoded) = interface.encode_args(kind, name, &value) else { return false };
    let shown = interface.decode_args(kind, name, &encoded).expect("what is encoded is read");
    let again = interface.encode_args(kind, name, &shown).expect("what is shown is taken");
    assert_eq!(again, encoded, "the shown form means the same");
    true
}

/// For every method: arguments of zeros, shown and taken again, as far as zeros are arguments of it.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (which, interface) in (0u8..).zip(&*INTERFACES) {
        for (index, info) in (0u8..).zip(interface.methods()) {
            let (kind, name) = (info.kind(), info.name());
            let zeros = (0..400).map(|length| vec![0; length]);
            let Some((bytes, value)) = zeros
                .filter_map(|zeros| Some((zeros.clone(), interface.decode_args(kind, name, &zeros).ok()?)))
                .next()
            else {
                continue;
            };
            seeds.push([vec![which, index, 0], value.to_string().into_bytes()].concat());
            seeds.push([vec![which, index, 1], bytes].concat());
        }
    }
    let counter = INTERFACES[0].method(MethodKind::Init, "init").map(|_| json!({ "start": "7" }));
    seeds.extend(counter.map(|value| [vec![0, 0, 0], value.to_string().into_bytes()].concat()));
    seeds.retain(|seed| run(seed));
    seeds
}
