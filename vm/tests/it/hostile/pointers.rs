//! Pointers and lengths that lie, for every parameter of every host function.

use super::{Case, Ends, case, check, returns, traps};
use hydrogen_types::host::{HOST_FUNCTIONS, HostFunction, ValType};
use hydrogen_types::receipt::code;
use hydrogen_types::{Address, Hash};

/// Where nothing of 64 KiB can begin.
const BAD_POINTERS: &[u32] = &[65_537, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff];
/// Longer than the memory, than any bound, than a pointer may be added to.
const BAD_LENGTHS: &[u32] = &[70_000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/// A call with honest arguments but the one at `bad`.
fn call(row: &HostFunction, bad: usize, value: u32) -> String {
    let argument = |(index, (name, kind)): (usize, &(&str, ValType))| {
        let value = match (index == bad, *name) {
            (true, _) => value,
            // A key of eight zero bytes, which is set; what else is read are zeros too.
            (false, name) if name.ends_with("ptr") => 1024,
            (false, "out_cap") => 64,
            (false, "code") => 1042,
            (false, "method_len") => 0,
            _ => 8,
        };
        match kind {
            ValType::I32 => format!("(i32.const {value})"),
            ValType::I64 => format!("(i64.const {value})"),
        }
    };
    let arguments: Vec<String> = row.params.iter().enumerate().map(argument).collect();
    let call = format!("(call ${} {})", row.name, arguments.join(" "));
    let call = if row.result.is_some() { format!("(drop {call})") } else { call };
    // The key that reads find.
    format!("(call $storage_set (i32.const 1024) (i32.const 8) (i32.const 1024) (i32.const 8)) {call}")
}

/// What becomes of a lie, and what the author is told.
fn ending(row: &HostFunction, param: &str) -> (Ends, &'static str) {
    match (row.name, param) {
        // Refused before the pointer is looked at.
        ("beacon", _) => (Ends::Metered(code::FORBIDDEN), "in a draw only"),
        // The proof is none, so there is no output to write.
        ("vrf_verify", "out_ptr") => (Ends::Metered(code::SUCCESS), ""),
        // Room is no promise to read: more than there is changes nothing.
        (_, "out_cap") => (Ends::Metered(code::SUCCESS), ""),
        // Texts are cut, so that why a guest failed is not hidden.
        ("log", "len") => (Ends::Metered(code::SUCCESS), ""),
        ("revert", "message_len") => (Ends::Metered(1042), ""),
        ("panic", "message_len" | "file_len") => (Ends::Metered(code::PANIC), ""),
        (_, name) if name.ends_with("len") => (Ends::AllGas(code::TRAP), "bytes"),
        _ => (Ends::AllGas(code::TRAP), "outside memory"),
    }
}

fn cases(wanted: impl Fn(&str) -> bool, values: &[u32]) -> Vec<Case> {
    let mut cases = Vec::new();
    for row in HOST_FUNCTIONS {
        for (index, (param, kind)) in row.params.iter().enumerate() {
            if *kind == ValType::I64 || !wanted(param) {
                continue;
            }
            for value in values {
                let (ends, says) = ending(row, param);
                let name = format!("{}: {param} = {value:#x}", row.name);
                cases.push(case(&name, "", &call(row, index, *value), ends).saying(says));
            }
        }
    }
    cases
}

#[test]
fn every_pointer_of_every_host_function_is_checked() {
    let cases = cases(|param| param.ends_with("ptr"), BAD_POINTERS);
    assert_eq!(check("1", &cases), 45 * BAD_POINTERS.len());
}

#[test]
fn every_length_of_every_host_function_is_checked() {
    let cases = cases(|param| param.ends_with("len") || param == "out_cap", BAD_LENGTHS);
    assert_eq!(check("1", &cases), 21 * BAD_LENGTHS.len());
}

#[test]
fn what_ends_where_memory_ends_is_inside_and_a_byte_more_is_not() {
    let cases = [
        returns("the last eight bytes", "(call $return_value (i32.const 65528) (i32.const 8))", &[0; 8]),
        traps("and one more", "(call $return_value (i32.const 65529) (i32.const 8))")
            .saying("outside memory"),
        returns("nothing at the very end", "(call $return_value (i32.const 65536) (i32.const 0))", b""),
        traps("nothing behind the end", "(call $return_value (i32.const 65537) (i32.const 0))"),
        returns("all of it", "(call $return_value (i32.const 0) (i32.const 65536))", &[0; 65536]),
        traps(
            "a pointer and a length that wrap to nothing",
            "(call $return_value (i32.const -8) (i32.const 8))",
        ),
        traps(
            "that wrap to the beginning",
            "(call $sha256 (i32.const -65536) (i32.const 65544) (i32.const 0))",
        ),
        traps(
            "room for a digest that is a byte short",
            "(call $sha256 (i32.const 0) (i32.const 0) (i32.const 65505))",
        ),
        returns(
            "room for a digest that is just enough",
            "(call $sha256 (i32.const 0) (i32.const 0) (i32.const 65504)) (call $return_value (i32.const 65504) (i32.const 32))",
            Hash::sha256(b"").as_bytes(),
        ),
        traps("an address that is a byte short", "(call $balance (i32.const 65517) (i32.const 0))"),
        traps("an amount that is a byte short", "(call $balance (i32.const 0) (i32.const 65521))"),
        traps(
            "a key of a signature that is a byte short",
            "(drop (call $ed25519_verify (i32.const 65505) (i32.const 0) (i32.const 0) (i32.const 0)))",
        ),
        traps(
            "a signature that is a byte short",
            "(drop (call $ed25519_verify (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65473)))",
        ),
        traps(
            "a proof that is a byte short",
            "(drop (call $vrf_verify (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65457) (i32.const 0)))",
        ),
    ];
    assert_eq!(check("1", &cases), 14);
}

/// Functions read all their inputs before they write, so that overlapping buffers mean what they say.
#[test]
fn buffers_that_overlap_are_read_before_they_are_written() {
    let digest = Hash::sha256(b"abcdefgh");
    let own = Address::of_name("c");
    let own: String = own.as_bytes().iter().map(|byte| format!("\\{byte:02x}")).collect();
    let data = format!(
        "(data (i32.const 2000) \"abcdefgh\") (data (i32.const 2100) \"abcdefgh\") (data (i32.const 2200) \"{own}\") \
         (data (i32.const 2300) \"kvkvkvkv\")"
    );
    let cases = [
        case(
            "a digest over its message",
            &data,
            "(call $sha256 (i32.const 2000) (i32.const 8) (i32.const 2000)) (call $return_value (i32.const 2000) (i32.const 32))",
            Ends::Value(digest.as_bytes().to_vec()),
        ),
        returns(
            "a digest that begins inside its message",
            "(call $sha256 (i32.const 2100) (i32.const 8) (i32.const 2104)) (call $return_value (i32.const 2104) (i32.const 32))",
            digest.as_bytes(),
        ),
        returns(
            "a balance over its address",
            "(call $balance (i32.const 2200) (i32.const 2200)) (call $return_value (i32.const 2200) (i32.const 16))",
            &3u128.to_le_bytes(),
        ),
        returns(
            "a value over its key",
            "(call $storage_set (i32.const 2300) (i32.const 2) (i32.const 2301) (i32.const 4))
            (drop (call $storage_get (i32.const 2300) (i32.const 2) (i32.const 2300) (i32.const 8)))
            (call $return_value (i32.const 2300) (i32.const 8))",
            b"vkvkkvkv",
        ),
        returns(
            "a range over its bounds",
            "(call $storage_set (i32.const 2300) (i32.const 1) (i32.const 2301) (i32.const 1))
            (call $return_value (i32.const 2300) (i32.wrap_i64 (call $storage_range
                (i32.const 2300) (i32.const 1) (i32.const 2301) (i32.const 1) (i32.const 1) (i32.const 2300) (i32.const 64))))",
            b"\x01\0\0\0\x01\0\0\0k\x01\0\0\0v",
        ),
        returns(
            "a context over everything",
            "(call $context_read (i32.const 2190)) (call $return_value (i32.const 0) (i32.const 1))",
            &[0],
        ),
    ];
    assert_eq!(check("1", &cases), 6);
}
