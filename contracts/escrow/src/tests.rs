use super::escrow::*;
use super::*;
use hydrogen_sdk::mock;

const TOKEN: Address = Address::new([9; 20]);
const BUYER: Address = Address::new([1; 20]);
const SELLER: Address = Address::new([2; 20]);
const ARBITER: Address = Address::new([3; 20]);
const STRANGER: Address = Address::new([4; 20]);

fn calls_as(caller: Address) {
    mock::with(|world| world.context.caller = caller);
}

/// A trade that runs out at 1000 ms, as `open` would have left it: the mock has no token to take from.
fn trade_under_way() -> Trade {
    mock::reset();
    init();
    let trade =
        Trade { token: TOKEN, buyer: BUYER, seller: SELLER, arbiter: ARBITER, amount: 5, expires_ms: 1000 };
    TRADES.save(&1, &trade);
    trade
}

#[test]
fn others_may_neither_release_nor_refund() {
    let open = trade_under_way();
    for (caller, releases) in [(SELLER, true), (STRANGER, true), (BUYER, false), (STRANGER, false)] {
        calls_as(caller);
        let refused = if releases { release(1) } else { refund(1) };
        assert_eq!(refused, Err(EscrowError::NotAllowed { caller }));
    }
    assert_eq!(trade(1), Some(open));
    assert_eq!(release(2), Err(EscrowError::NoTrade { trade: 2 }));
}

/// Whose right it is gets as far as the token, which the mock does not have; the buyer only after the end.
#[test]
fn the_parties_reach_the_token() {
    type Settle = fn(u64) -> Result<(), EscrowError>;
    let attempts: [(Address, Settle, u64); 5] = [
        (BUYER, release, 1),
        (ARBITER, release, 1),
        (SELLER, refund, 1),
        (ARBITER, refund, 1),
        (BUYER, refund, 1000),
    ];
    for (caller, attempt, uptime_ms) in attempts {
        trade_under_way();
        calls_as(caller);
        mock::with(|world| world.context.uptime_ms = uptime_ms);
        assert!(matches!(attempt(1), Err(EscrowError::Token { .. })), "{caller}");
    }
}

#[test]
fn a_trade_without_tokens_is_not_opened() {
    mock::reset();
    init();
    let refused = open(TOKEN, SELLER, ARBITER, 5, 1000).expect_err("there is no token");
    assert!(matches!(refused, EscrowError::Token { .. }), "{refused}");
    assert_eq!(trade(1), None);
}
