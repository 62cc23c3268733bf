//! The token.

use hydrogen_test::types::Address;
use hydrogen_test::{Account, Contract, Kit};
use token::{TokenError, TokenInfo};

const TOKEN: Contract = crate::example!(token);

fn issued(kit: &mut Kit, supply: u128) -> (Account, Address) {
    let alice = kit.account("alice");
    let token = kit.deploy(&alice, &TOKEN, &("Test token", "TST", 6u8, supply)).unwrap();
    (alice, token)
}

fn balance(kit: &mut Kit, token: &Address, of: &Account) -> u128 {
    kit.query(token, "balance", &(of.address(),)).unwrap()
}

fn tokens_move_and_empty_balances_are_forgotten(kit: &mut Kit) {
    let (alice, token) = issued(kit, 100);
    let bob = kit.account("bob");
    let moved = kit.call::<()>(&alice, &token, "transfer", &(bob.address(), 40u128)).unwrap();
    assert_eq!(moved.event("Transferred").address("to"), Some(bob.address()));
    let failure = kit.call::<()>(&bob, &token, "transfer", &(alice.address(), 41u128)).unwrap_err();
    assert_eq!(failure.code, TokenError::BalanceTooLow { balance: 40, amount: 41 }.code());
    assert_eq!((balance(kit, &token, &alice), balance(kit, &token, &bob)), (60, 40));
    kit.call::<()>(&bob, &token, "transfer", &(alice.address(), 40u128)).unwrap();
    let holders: Vec<(Address, u128)> = kit.query(&token, "holders", &(None::<Address>, 10u32)).unwrap();
    assert_eq!(holders, [(alice.address(), 100)]);
}

fn an_allowance_is_used_up(kit: &mut Kit) {
    let (alice, token) = issued(kit, 100);
    let (bob, carol) = (kit.account("bob"), kit.account("carol"));
    kit.call::<()>(&alice, &token, "approve", &(bob.address(), 30u128)).unwrap();
    let take = (alice.address(), carol.address(), 20u128);
    kit.call::<()>(&bob, &token, "transfer_from", &take).unwrap();
    let failure = kit.call::<()>(&bob, &token, "transfer_from", &take).unwrap_err();
    assert_eq!(failure.code, TokenError::AllowanceTooLow { allowance: 10, amount: 20 }.code());
    let left: u128 = kit.query(&token, "allowance", &(alice.address(), bob.address())).unwrap();
    assert_eq!((left, balance(kit, &token, &carol)), (10, 20));
}

fn only_the_owner_mints(kit: &mut Kit) {
    let (alice, token) = issued(kit, 100);
    let bob = kit.account("bob");
    kit.call::<()>(&alice, &token, "mint", &(bob.address(), 5u128)).unwrap();
    let failure = kit.call::<()>(&bob, &token, "mint", &(bob.address(), 5u128)).unwrap_err();
    assert_eq!(failure.code, TokenError::NotOwner.code());
    kit.call::<()>(&bob, &token, "burn", &(5u128,)).unwrap();
    assert_eq!(kit.query::<TokenInfo>(&token, "describe", &()).unwrap().supply, 100);
}

fn a_token_without_a_name_is_not_made(kit: &mut Kit) {
    let alice = kit.account("alice");
    let failure = kit.deploy(&alice, &TOKEN, &("", "TST", 6u8, 1u128)).unwrap_err();
    assert_eq!(failure.code, TokenError::BadName.code());
}

hydrogen_test::on_every_backend!(
    tokens_move_and_empty_balances_are_forgotten,
    an_allowance_is_used_up,
    only_the_owner_mints,
    a_token_without_a_name_is_not_made,
);

#[test]
fn each_call_uses_what_it_used() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/gas/token.txt");
    hydrogen_test::gas_snapshot(path, |kit| {
        tokens_move_and_empty_balances_are_forgotten(kit);
        an_allowance_is_used_up(kit);
        only_the_owner_mints(kit);
        a_token_without_a_name_is_not_made(kit);
    });
}
