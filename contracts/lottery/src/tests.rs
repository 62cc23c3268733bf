use super::lottery::*;
use super::*;
use hydrogen_sdk::mock;

const ALICE: Address = Address::new([1; 20]);
const BOB: Address = Address::new([2; 20]);
const PRICE: Amount = Amount::new(1_000_000_000);

/// The mock keeps no money by itself: the value of a call is put where the chain would put it.
fn buy_as(caller: Address, paid: Amount) -> Result<u32, LotteryError> {
    mock::with(|world| {
        world.context.caller = caller;
        world.context.value = paid;
        let here = world.balances.entry(world.context.contract).or_default();
        *here = here.checked_add(paid).unwrap();
    });
    buy()
}

fn balance(of: Address) -> Amount {
    mock::with(|world| world.balances.get(&of).copied().unwrap_or_default())
}

#[test]
fn a_round_is_drawn_and_paid() {
    mock::reset();
    assert_eq!(init(PRICE, 5), Ok(()));
    assert_eq!(buy_as(ALICE, PRICE), Ok(0));
    assert_eq!(buy_as(BOB, PRICE), Ok(1));
    assert_eq!(tickets(1), (1, vec![BOB]));
    let request = mock::with(|world| world.scheduled.values().next().cloned()).expect("a draw waits");
    assert_eq!((request.kind, request.due), (CallKind::Draw, Due::Height(Height::new(6))));
    assert_eq!(mock::with(|world| world.scheduled.len()), 1);
    draw();
    let drawn = last().expect("it was drawn");
    let prize = Amount::new(2 * PRICE.get() - DRAW_GAS.cost(1).get());
    assert_eq!((drawn.round, drawn.tickets, drawn.prize), (1, 2, prize));
    assert_eq!(balance(drawn.winner), prize);
    assert_eq!(tickets(0), (2, vec![]));
    assert_eq!(buy_as(BOB, PRICE), Ok(0));
    assert_eq!(tickets(0), (2, vec![BOB]));
}

/// Each ticket of three wins for some beacon: about a third of 300 each.
#[test]
fn every_ticket_can_win() {
    let mut wins = [0u32; 3];
    for seed in 0..300u16 {
        let beacon = Hash::sha256(&seed.to_be_bytes());
        wins[pick(&beacon, 1, 3) as usize] += 1;
    }
    assert!(wins.iter().all(|count| (70..130).contains(count)), "{wins:?}");
}

#[test]
fn terms_and_prices_are_checked() {
    mock::reset();
    assert_eq!(init(DRAW_GAS.cost(1), 5), Err(LotteryError::BadTerms));
    assert_eq!(init(PRICE, 0), Err(LotteryError::BadTerms));
    assert_eq!(init(PRICE, 5), Ok(()));
    let paid = Amount::new(1);
    assert_eq!(buy_as(ALICE, paid), Err(LotteryError::WrongPrice { price: PRICE, paid }));
    for ticket in 0..TICKETS_MAX {
        assert_eq!(buy_as(ALICE, PRICE), Ok(ticket));
    }
    assert_eq!(buy_as(ALICE, PRICE), Err(LotteryError::SoldOut));
}
