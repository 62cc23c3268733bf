use super::token::*;
use super::*;
use hydrogen_sdk::mock;

const ALICE: Address = Address::new([1; 20]);
const BOB: Address = Address::new([2; 20]);
const CAROL: Address = Address::new([3; 20]);

fn calls_as(caller: Address) {
    mock::with(|world| world.context.caller = caller);
}

fn token(supply: u128) {
    mock::reset();
    calls_as(ALICE);
    assert_eq!(init("Test token".into(), "TST".into(), 6, supply), Ok(()));
}

fn balances() -> Vec<(Address, u128)> {
    holders(None, 10)
}

#[test]
fn tokens_move_and_empty_balances_are_forgotten() {
    token(100);
    assert_eq!(transfer(BOB, 40), Ok(()));
    assert_eq!(balances(), [(ALICE, 60), (BOB, 40)]);
    calls_as(BOB);
    assert_eq!(transfer(ALICE, 41), Err(TokenError::BalanceTooLow { balance: 40, amount: 41 }));
    assert_eq!(transfer(ALICE, 40), Ok(()));
    assert_eq!(transfer(BOB, 0), Ok(()));
    assert_eq!(balances(), [(ALICE, 100)]);
    assert_eq!(holders(Some(ALICE), 10), []);
}

/// A transfer to oneself neither makes nor loses tokens.
#[test]
fn a_transfer_to_oneself_changes_nothing() {
    token(100);
    assert_eq!(transfer(ALICE, 100), Ok(()));
    assert_eq!(balances(), [(ALICE, 100)]);
    assert_eq!(transfer(ALICE, 101), Err(TokenError::BalanceTooLow { balance: 100, amount: 101 }));
}

#[test]
fn an_allowance_is_used_up() {
    token(100);
    approve(BOB, 30);
    calls_as(BOB);
    assert_eq!(transfer_from(ALICE, CAROL, 20), Ok(()));
    assert_eq!(allowance(ALICE, BOB), 10);
    assert_eq!(
        transfer_from(ALICE, CAROL, 11),
        Err(TokenError::AllowanceTooLow { allowance: 10, amount: 11 })
    );
    assert_eq!(transfer_from(ALICE, BOB, 10), Ok(()));
    assert_eq!(balances(), [(ALICE, 70), (BOB, 10), (CAROL, 20)]);
    assert_eq!(transfer_from(ALICE, BOB, 1), Err(TokenError::AllowanceTooLow { allowance: 0, amount: 1 }));
    calls_as(ALICE);
    approve(BOB, 5);
    approve(BOB, 0);
    assert_eq!(allowance(ALICE, BOB), 0);
}

#[test]
fn only_the_owner_mints_and_anybody_burns() {
    token(100);
    assert_eq!(mint(BOB, 5), Ok(()));
    assert_eq!(mint(BOB, u128::MAX - 104), Err(TokenError::SupplyTooLarge));
    calls_as(BOB);
    assert_eq!(mint(BOB, 5), Err(TokenError::NotOwner));
    assert_eq!(burn(6), Err(TokenError::BalanceTooLow { balance: 5, amount: 6 }));
    assert_eq!(burn(5), Ok(()));
    assert_eq!(describe().supply, 100);
    assert_eq!(balances(), [(ALICE, 100)]);
    let names: Vec<String> = mock::with(|world| world.events.iter().map(|(name, _)| name.clone()).collect());
    assert_eq!(names, ["Transferred"; 3]);
}

#[test]
fn names_have_limits() {
    mock::reset();
    for (name, symbol) in [("", "T"), ("T", ""), (&*"n".repeat(65), "T"), ("T", &*"s".repeat(17))] {
        assert_eq!(init(name.into(), symbol.into(), 6, 1), Err(TokenError::BadName));
    }
}
