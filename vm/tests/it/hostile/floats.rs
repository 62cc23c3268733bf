//! NaNs with messages in them: what arithmetic makes has one bit pattern, what moves bits keeps them.

use super::{Case, check, returns};

const NANS32: &[u32] = &[0x7fc0_0000, 0x7fe1_2345, 0x7f80_0001, 0xffc0_0000, 0xffff_ffff];
const NANS64: &[u64] =
    &[0x7ff8_0000_0000_0000, 0x7ff8_dead_beef_cafe, 0x7ff0_0000_0000_0001, 0xfff8_0000_0000_0000, u64::MAX];

fn of32(name: &str, nan: u32, expression: &str) -> Case {
    let value = expression.replace('$', &format!("(f32.reinterpret_i32 (i32.const {nan:#x}))"));
    let body = format!("(f32.store (i32.const 0) {value}) (call $return_value (i32.const 0) (i32.const 4))");
    returns(&format!("{name} of {nan:#x}"), &body, &0x7fc0_0000u32.to_le_bytes())
}

fn of64(name: &str, nan: u64, expression: &str) -> Case {
    let value = expression.replace('$', &format!("(f64.reinterpret_i64 (i64.const {nan:#x}))"));
    let body = format!("(f64.store (i32.const 0) {value}) (call $return_value (i32.const 0) (i32.const 8))");
    returns(&format!("{name} of {nan:#x}"), &body, &0x7ff8_0000_0000_0000u64.to_le_bytes())
}

#[test]
fn arithmetic_makes_one_nan() {
    let mut cases = Vec::new();
    for operator in ["add", "sub", "mul", "div", "min", "max"] {
        for nan in NANS32 {
            cases.push(of32(operator, *nan, &format!("(f32.{operator} $ (f32.const 1))")));
            cases.push(of32(operator, *nan, &format!("(f32.{operator} (f32.const 1) $)")));
        }
        for nan in NANS64 {
            cases.push(of64(operator, *nan, &format!("(f64.{operator} $ $)")));
        }
    }
    for operator in ["sqrt", "ceil", "floor", "trunc", "nearest"] {
        for nan in NANS32 {
            cases.push(of32(operator, *nan, &format!("(f32.{operator} $)")));
        }
        for nan in NANS64 {
            cases.push(of64(operator, *nan, &format!("(f64.{operator} $)")));
        }
    }
    for nan in NANS32 {
        cases.push(of64(
            "promote",
            u64::from(*nan),
            &format!("(f64.promote_f32 (f32.reinterpret_i32 (i32.const {nan:#x})))"),
        ));
    }
    for nan in NANS64 {
        cases.push(of32(
            "demote",
            0,
            &format!("(f32.demote_f64 (f64.reinterpret_i64 (i64.const {nan:#x})))"),
        ));
    }
    for (name, expression) in [
        ("0/0", "(f64.div (f64.const 0) (f64.const 0))"),
        ("inf-inf", "(f64.sub (f64.const inf) (f64.const inf))"),
        ("0*inf", "(f64.mul (f64.const 0) (f64.const inf))"),
        ("root of -1", "(f64.sqrt (f64.const -1))"),
    ] {
        cases.push(of64(name, 0, expression));
    }
    assert_eq!(check("1", &cases), 154);
}

#[test]
fn what_moves_bits_keeps_them() {
    let mut cases = Vec::new();
    for nan in NANS32 {
        for (name, expression, bits) in [
            ("neg", "(f32.neg $)", nan ^ 0x8000_0000),
            ("abs", "(f32.abs $)", nan & 0x7fff_ffff),
            ("copysign", "(f32.copysign $ (f32.const -0))", nan | 0x8000_0000),
            ("select", "(select $ (f32.const 1) (i32.const 1))", *nan),
            (
                "store and load",
                "(block (result f32) (f32.store (i32.const 64) $) (f32.load (i32.const 64)))",
                *nan,
            ),
        ] {
            let case = of32(name, *nan, expression);
            cases.push(Case { ends: super::Ends::Value(bits.to_le_bytes().to_vec()), ..case });
        }
    }
    assert_eq!(check("1", &cases), 25);
}
