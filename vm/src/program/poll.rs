//! `poll_oneoff`: waiting that takes no time.

use super::call::{Answer, Call, EBADF, EFAULT, EINVAL, done, too_many};

/// A subscription of `poll_oneoff`, as far as it matters here.
#[derive(Clone, Copy)]
struct Subscription {
    userdata: [u8; 8],
    kind: u8,
    /// For a clock, when it is due; for a descriptor, its number.
    subject: u64,
}

const SUBSCRIPTION_BYTES: u32 = 48;
const EVENT_BYTES: u32 = 32;
const KIND_CLOCK: u8 = 0;
const KIND_READ: u8 = 1;

fn subscription(call: &mut Call<'_>, at: u32) -> Option<Subscription> {
    let bytes: [u8; 48] = call.load(at)?;
    let number = |from: usize| bytes[from..from + 8].try_into().map(u64::from_le_bytes).ok();
    let kind = bytes[8];
    let subject = if kind == KIND_CLOCK {
        let absolute = bytes[40] & 1 == 1;
        let timeout = number(24)?;
        if absolute { timeout } else { call.host().peek_ns().saturating_add(timeout) }
    } else {
        u64::from(u32::from_le_bytes(bytes[16..20].try_into().ok()?))
    };
    Some(Subscription { userdata: bytes[..8].try_into().ok()?, kind, subject })
}

/// Descriptors are always ready; with clocks alone, the earliest moves the time and is due.
pub(super) fn poll_oneoff(call: &mut Call<'_>, input: i32, output: i32, count: i32, out: i32) -> Answer {
    if count == 0 || too_many(count) {
        return Ok(EINVAL);
    }
    call.charge_bytes(count.cast_unsigned().saturating_mul(SUBSCRIPTION_BYTES))?;
    let mut subscriptions = Vec::new();
    for index in 0..count.cast_unsigned() {
        let at = input.cast_unsigned().saturating_add(index * SUBSCRIPTION_BYTES);
        let Some(subscription) = subscription(call, at) else { return Ok(EFAULT) };
        subscriptions.push(subscription);
    }
    if subscriptions.iter().all(|subscription| subscription.kind == KIND_CLOCK) {
        let earliest = subscriptions.iter().map(|subscription| subscription.subject).min();
        call.host().sleep_until(earliest.unwrap_or(0));
    }
    let now = call.host().now_ns();
    let mut events = 0u32;
    for subscription in subscriptions {
        if subscription.kind == KIND_CLOCK && subscription.subject > now {
            continue;
        }
        let event = event(call, subscription);
        let at = output.cast_unsigned().saturating_add(events * EVENT_BYTES);
        if call.store(at.cast_signed(), &event).is_none() {
            return Ok(EFAULT);
        }
        events += 1;
    }
    done(call.store(out, &events.to_le_bytes()))
}

fn event(call: &mut Call<'_>, subscription: Subscription) -> [u8; 32] {
    let mut event = [0u8; 32];
    event[..8].copy_from_slice(&subscription.userdata);
    event[10] = subscription.kind;
    if subscription.kind == KIND_CLOCK {
        return event;
    }
    let open = i32::try_from(subscription.subject).is_ok_and(|fd| call.host().is_open(fd));
    if !open {
        event[8] = EBADF.to_le_bytes()[0];
    }
    let ready = if subscription.kind == KIND_READ { call.host().input_left() } else { usize::from(u16::MAX) };
    let ready = u64::try_from(ready).unwrap_or(u64::MAX);
    event[16..24].copy_from_slice(&ready.to_le_bytes());
    event
}
