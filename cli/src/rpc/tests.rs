use crate::rpc::params::Args;
use crate::rpc::text::Text;
use crate::rpc::types::ReceiptJson;
use hydrogen_types::event::Value;
use hydrogen_types::{Address, Amount, Attribute, Event, Gas, Hash, Height, Receipt, SideData, Status};
use jsonrpsee::types::Params;

fn every_kind_of_value() -> Vec<Attribute> {
    let values = [
        Value::Bool(true),
        Value::U64(u64::MAX),
        Value::Amount(Amount::new(u128::MAX)),
        Value::Hash(Hash::new([7; 32])),
        Value::Address(Address::new([8; 20])),
        Value::Text("a \"quoted\" text".into()),
        Value::Bytes(vec![0, 255]),
    ];
    let named = |(index, value)| Attribute { name: format!("a{index}"), value };
    values.into_iter().enumerate().map(named).collect()
}

#[test]
fn a_receipt_survives_json() {
    let receipt = Receipt {
        hash: Hash::new([1; 32]),
        height: Height::new(u64::MAX),
        index: 3,
        status: Status::Success,
        code: 0,
        gas_used: Gas::new(u64::MAX),
        fee: Amount::new(u128::MAX),
        value: vec![1, 2],
        events: vec![Event {
            contract: Address::new([2; 20]),
            name: "E".into(),
            attributes: every_kind_of_value(),
        }],
        scheduled: vec![u64::MAX],
    };
    let side = SideData {
        message: "m".into(),
        location: "l".into(),
        backtrace: vec!["f".into()],
        log: vec!["x".into()],
    };
    let text = serde_json::to_string(&ReceiptJson::new(&receipt, &side)).expect("writes");
    assert!(text.contains("\"18446744073709551615\""), "64-bit numbers are strings: {text}");
    let read: ReceiptJson = serde_json::from_str(&text).expect("reads");
    assert_eq!(read.into_parts(), (receipt, side));
}

fn parse(text: &str) -> Result<(u64, Option<Height>), String> {
    let params = Params::new(Some(text));
    let mut args = Args::parse(&params, &["count", "height"]).map_err(|error| error.message().to_owned())?;
    let count = args.required(0).map_err(|error| error.message().to_owned())?;
    Ok((count, args.optional(1).map_err(|error| error.message().to_owned())?))
}

#[test]
fn parameters_come_by_place_or_by_name() {
    assert_eq!(parse("[\"1\", \"2\"]"), Ok((1, Some(Height::new(2)))));
    assert_eq!(parse("[1]"), Ok((1, None)));
    assert_eq!(parse("{\"count\": 1, \"height\": null}"), Ok((1, None)));
    assert_eq!(parse("[]"), Err("parameter `count`: is missing".into()));
    assert_eq!(
        parse("{\"count\": 1, \"depth\": 2}"),
        Err("unknown parameter `depth`, expected count, height".into())
    );
    assert_eq!(parse("[1, 2, 3]"), Err("3 parameters, expected count, height".into()));
    assert_eq!(parse("[-1]"), Err("parameter `count`: `-1` is not a whole number below 2^64".into()));
    assert_eq!(parse("7"), Err("parameters must be a list or an object, not 7".into()));
}

#[test]
fn texts_that_are_no_values_say_what_would_be_right() {
    let reason = serde_json::from_str::<Text<Hash>>("\"0x12\"").expect_err("too short").to_string();
    assert!(reason.contains("0x and 64 hex digits"), "{reason}");
    let reason = serde_json::from_str::<Text<Vec<u8>>>("\"12\"").expect_err("no prefix").to_string();
    assert!(reason.contains("0x and hex digits"), "{reason}");
}

#[test]
fn every_refusal_of_the_pool_has_its_name() {
    use hydrogen_core::TxError as Error;
    let (gas, height, amount) = (Gas::ZERO, Height::GENESIS, Amount::ZERO);
    let errors = [
        Error::WrongChain { got: String::new(), expected: String::new() },
        Error::BadSignature { sender: Address::default() },
        Error::FieldTooLarge { what: "field", size: 2, size_max: 1 },
        Error::Expired { valid_until: height, height },
        Error::NonceTooLow { nonce: 0, expected: 1 },
        Error::NonceTooHigh { nonce: 1, expected: 0 },
        Error::GasPriceTooLow { price: 0, price_min: 1 },
        Error::GasLimitTooLow { limit: gas, needed: gas },
        Error::GasLimitTooHigh { limit: gas, left: gas },
        Error::BalanceTooLow { balance: amount, needed: amount },
        Error::AlreadyKnown,
        Error::ReplacementUnderpriced { price: 0, price_min: 1 },
        Error::SenderFull { waiting: 1, waiting_max: 1 },
        Error::PoolFull,
    ];
    for error in errors {
        let name = crate::rpc::error::tx_error_name(error.code()).unwrap_or_default();
        assert!(!name.is_empty() && format!("{error:?}").starts_with(name), "{error:?} is not {name}");
    }
}
