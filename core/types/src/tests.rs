use crate::codec::{decode, encode};
use crate::keys::AddressError;
use crate::task::{draw_picks, draw_seed};
use crate::{Address, Amount, Hash, PublicKey, Tag, Validator, ValidatorSet};
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

#[test]
fn tags_differ() {
    for (index, tag) in Tag::ALL.iter().enumerate() {
        assert!(Tag::ALL[..index].iter().all(|other| other != tag), "{} stands twice", tag.text());
    }
}

#[test]
fn an_address_survives_text_and_a_typo_does_not() {
    let address = Address::of_name("task");
    let text = address.to_string();
    assert!(text.starts_with("cnx1"), "{text}");
    assert_eq!(Address::parse(&text), Ok(address));
    let typo = text.replace(&text[10..11], if &text[10..11] == "q" { "p" } else { "q" });
    assert!(matches!(Address::parse(&typo), Err(AddressError::Malformed(_))), "{typo}");
    assert!(Address::parse("").is_err());
}

#[test]
fn amounts_are_written_as_people_write_them() {
    for (text, base) in
        [("1.5", 1_500_000_000_000_000_000), ("7u", 7), ("0", 0), ("400", 400 * 10u128.pow(18))]
    {
        assert_eq!(Amount::parse(text), Ok(Amount::new(base)), "{text}");
    }
    assert_eq!(Amount::new(1_500_000_000_000_000_000).to_string(), "1.5");
    assert_eq!(Amount::new(1).to_string(), "0.000000000000000001");
    for wrong in
        ["", "1.", ".5", "-1", "1.5u", "0.0000000000000000001", "999999999999999999999999", "1e3", "u"]
    {
        assert!(Amount::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn picks_are_in_range_and_uniform() {
    assert_eq!(draw_picks(&Hash::ZERO, 2), None);
    let mut counts = [0u32; 5];
    for number in 0u64..5_000 {
        let picks = draw_picks(&draw_seed(&Hash::ZERO, number), 5).unwrap();
        assert!(picks[0] < 5 && picks[1] < 4 && picks[2] < 3);
        let mut list = [0usize, 1, 2, 3, 4].to_vec();
        for pick in picks {
            counts[list.swap_remove(usize::try_from(pick).unwrap())] += 1;
        }
    }
    // 3,000 expected, standard deviation about 35.
    assert!(counts.iter().all(|count| (2_800..3_200).contains(count)), "{counts:?}");
}

#[test]
fn a_set_that_breaks_its_rules_does_not_decode() {
    let member = |key: u8, power: u64| Validator {
        consensus_key: PublicKey([key; 32]),
        vrf_key: PublicKey([key; 32]),
        power,
        account: Address::of_name("fees"),
    };
    let read = |members: &Vec<Validator>| decode::<ValidatorSet>(&encode(members), 1 << 20);
    let set = ValidatorSet::new((1..5).map(|key| member(key, 1)).collect()).unwrap();
    let mut members = set.members().to_vec();
    assert_eq!(read(&members), Ok(set));
    members.swap(0, 1);
    let many: Vec<Validator> = (0..=128).map(|key| member(key, 1)).collect();
    for wrong in [members, vec![], vec![member(1, 0)], vec![member(1, u64::MAX)], vec![member(1, 1); 2], many]
    {
        assert!(read(&wrong).is_err(), "{} members", wrong.len());
    }
}
