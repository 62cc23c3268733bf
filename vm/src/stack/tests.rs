//! The transform keeps meaning, and its counter speaks before the native stack ends.

use super::instrument;
use crate::config::VmConfig;
use crate::findings::Findings;
use crate::limits::{self, CONTRACT_STACK_MAX};
use crate::survey::{STACK_EXPORT, survey};
use crate::{engine, gas, proposals};
use wasmtime::{Engine, Instance, Module, Store, Trap, Val};

fn contract_engine() -> Engine {
    engine::contracts(&VmConfig::default()).expect("an engine")
}

fn load(engine: &Engine, wat: &str, with_counter: bool) -> (Store<()>, Instance) {
    let code = wat::parse_str(wat).expect("good wat");
    let mut findings = Findings::first();
    let survey = survey(&code, &limits::CONTRACT, proposals::contract_features(), &mut findings);
    assert_eq!(findings.into_first(), None);
    let instrumented = instrument(&code, &survey, CONTRACT_STACK_MAX).expect("a surveyed module");
    let module = Module::new(engine, if with_counter { &instrumented } else { &code }).expect("compiles");
    let mut store = Store::new(engine, ());
    store.set_fuel(gas::FUEL_TO_INSTANTIATE).expect("fuel is on");
    let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
    (store, instance)
}

fn counter(store: &mut Store<()>, instance: &Instance) -> i32 {
    let global = instance.get_global(&mut *store, STACK_EXPORT).expect("the counter is exported");
    global.get(&mut *store).unwrap_i32()
}

/// Ways to leave a function: falling out, `return` at two depths, branches to the function's own label.
const LEAVING: &str = r#"(module
    (memory (export "memory") 1)
    (global $calls (mut i32) (i32.const 0))
    (func $inner (param i32) (result i32)
        (local i64)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (block $skip
            (loop $again
                (if (i32.eq (local.get 0) (i32.const 1)) (then (return (i32.const 101))))
                (br_if $skip (i32.or (i32.eq (local.get 0) (i32.const 2)) (i32.gt_s (local.get 0) (i32.const 90))))
                (if (i32.eq (local.get 0) (i32.const 3)) (then (br 3 (i32.const 103))))
                (br_table 2 2 (i32.const 104) (local.get 0))))
        (if (result i32) (i32.gt_s (local.get 0) (i32.const 90))
            (then (return (i32.const 190)))
            (else (i32.const 199))))
    (func $sum (param f64) (result f64) (f64.add (local.get 0) (f64.const 0.5)))
    (func (export "leave") (param i32) (result i32)
        (local.set 0 (call $inner (local.get 0)))
        (drop (call $sum (f64.const 1)))
        (i32.add (local.get 0) (i32.mul (global.get $calls) (i32.const 1000)))))"#;

#[test]
fn every_way_out_gives_the_same_answer_and_returns_the_counter() {
    let engine = contract_engine();
    for input in [0, 1, 2, 3, 4, 5, 6, 95] {
        let mut answers = Vec::new();
        for with_counter in [false, true] {
            let (mut store, instance) = load(&engine, LEAVING, with_counter);
            let leave = instance.get_typed_func::<i32, i32>(&mut store, "leave").expect("it is there");
            answers.push(leave.call(&mut store, input).expect("it returns"));
            if with_counter {
                assert_eq!(counter(&mut store, &instance), CONTRACT_STACK_MAX, "input {input}");
            }
        }
        assert_eq!(answers[0], answers[1], "input {input}");
    }
}

#[test]
fn a_module_without_globals_gets_the_counter_too() {
    let wat =
        r#"(module (memory (export "memory") 1) (func (export "f") (result i64) (return (i64.const 7))))"#;
    let (mut store, instance) = load(&contract_engine(), wat, true);
    let f = instance.get_typed_func::<(), i64>(&mut store, "f").expect("it is there");
    assert_eq!(f.call(&mut store, ()).expect("it returns"), 7);
    assert_eq!(counter(&mut store, &instance), CONTRACT_STACK_MAX);
}

/// How many calls deep `wat`'s export `down` comes before the counter ends it.
fn depth(wat: &str) -> i32 {
    let (mut store, instance) = load(&contract_engine(), wat, true);
    let down = instance.get_typed_func::<i32, ()>(&mut store, "down").expect("it is there");
    let thread = std::thread::Builder::new().stack_size(limits::LANE_STACK);
    let run = move || {
        let error = down.call(&mut store, 7).expect_err("it never returns");
        let trap = error.downcast_ref::<Trap>().copied();
        let depth = instance.get_global(&mut store, "depth").expect("it is exported").get(&mut store);
        (trap, counter(&mut store, &instance), depth)
    };
    let (trap, left, depth) = thread.spawn(run).expect("a thread").join().expect("it ends");
    assert_eq!(trap, Some(Trap::UnreachableCodeReached), "the native stack ended first");
    assert!(left < 0, "{left}");
    match depth {
        Val::I32(depth) => depth,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_small_function_recurses_to_a_fixed_depth() {
    let wat = r#"(module
        (memory (export "memory") 1)
        (global $depth (export "depth") (mut i32) (i32.const 0))
        (func $down (export "down") (param i32)
            (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
            (call $down (local.get 0))))"#;
    // 64 for the frame, 8 for the parameter, 16 for two operands, 1 for a body of 13 bytes.
    assert_eq!(depth(wat), CONTRACT_STACK_MAX / (64 + 8 + 16 + 1));
}

/// Many values that the compiler may keep alive across a loop although no local holds them.
#[test]
fn frames_full_of_hoisted_values_end_by_the_counter() {
    let mut body = String::new();
    for number in 0..900 {
        // Each product depends on the parameter alone, so it can be hoisted out of the loop and must live through it.
        body.push_str(&format!(
            "(i32.store (i32.and (i32.mul (local.get 1) (i32.const {stride})) (i32.const 0xfffc))
                (i32.mul (i32.add (local.get 0) (i32.const {number})) (i32.const {factor})))\n",
            stride = 4 * number + 4,
            factor = 2 * number + 3,
        ));
    }
    let wat = format!(
        r#"(module
            (memory (export "memory") 1)
            (global $depth (export "depth") (mut i32) (i32.const 0))
            (func $down (export "down") (param i32) (local i32)
                (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
                (loop $again
                    {body}
                    (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                    (br_if $again (i32.lt_u (local.get 1) (i32.const 2))))
                (call $down (i32.add (local.get 0) (i32.const 1)))
                (loop $again
                    {body}
                    (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                    (br_if $again (i32.lt_u (local.get 1) (i32.const 4))))))"#
    );
    assert!(depth(&wat) > 5);
}

/// Values that live on the operand stack across the call.
#[test]
fn frames_full_of_operands_end_by_the_counter() {
    let push: String =
        (0..1000).map(|number| format!("(i64.mul (local.get 1) (i64.const {number}))\n")).collect();
    let fold: String = std::iter::repeat_n("i64.xor\n", 999).collect();
    let wat = format!(
        r#"(module
            (memory (export "memory") 1)
            (global $depth (export "depth") (mut i32) (i32.const 0))
            (func $down (export "down") (param i32) (local i64)
                (local.set 1 (i64.load (local.get 0)))
                (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
                {push}
                (call $down (local.get 0))
                {fold}
                local.set 1))"#
    );
    assert!(depth(&wat) > 3);
}
