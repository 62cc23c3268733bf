//! Amounts, gas and heights: numbers that must not be mixed.

use alloc::format;
use alloc::string::{String, ToString};
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

/// An amount of CNX in base units; 1 CNX is 10^18 of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize)]
pub struct Amount(u128);

/// Decimals of CNX.
pub const CNX_DECIMALS: u32 = 18;
const CNX: u128 = 10u128.pow(CNX_DECIMALS);

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(0);

    /// From base units.
    #[must_use]
    pub const fn new(base_units: u128) -> Self {
        Self(base_units)
    }

    /// From whole CNX.
    ///
    /// # Panics
    /// Never: 2^64 CNX are below 2^128 base units.
    #[must_use]
    pub const fn cnx(whole: u64) -> Self {
        Self((whole as u128) * CNX)
    }

    /// Base units.
    #[must_use]
    pub const fn get(self) -> u128 {
        self.0
    }

    /// Whether this is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Sum, or `None` beyond `u128`.
    #[must_use]
    pub const fn checked_add(self, other: Amount) -> Option<Amount> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Amount(sum)),
            None => None,
        }
    }

    /// Difference, or `None` below zero.
    #[must_use]
    pub const fn checked_sub(self, other: Amount) -> Option<Amount> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Amount(rest)),
            None => None,
        }
    }

    /// Product, or `None` beyond `u128`.
    #[must_use]
    pub const fn checked_mul(self, factor: u128) -> Option<Amount> {
        match self.0.checked_mul(factor) {
            Some(product) => Some(Amount(product)),
            None => None,
        }
    }

    /// Difference, or nothing when `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Amount) -> Amount {
        Amount(self.0.saturating_sub(other.0))
    }

    /// Parses CNX with up to 18 decimals (`1.5`), or base units with the suffix `u` (`1500u`).
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not an amount: write CNX like 1.5, or base units like 1500u");
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(base) = text.strip_suffix('u') {
            return if digits(base) { base.parse().map(Self).map_err(|_| wrong()) } else { Err(wrong()) };
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if !digits(whole) || !digits(fraction) {
            return Err(wrong());
        }
        if fraction.len() > CNX_DECIMALS as usize {
            return Err(format!("`{text}` has more than {CNX_DECIMALS} decimals"));
        }
        let scale = 10u128.pow(CNX_DECIMALS - u32::try_from(fraction.len()).map_err(|_| wrong())?);
        let whole: u128 = whole.parse().map_err(|_| wrong())?;
        let fraction: u128 = fraction.parse().map_err(|_| wrong())?;
        whole
            .checked_mul(CNX)
            .and_then(|base| base.checked_add(fraction * scale))
            .map(Self)
            .ok_or_else(|| format!("`{text}` is more CNX than can exist"))
    }
}

impl fmt::Display for Amount {
    /// CNX with as many decimals as needed: `1.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = self.0 % CNX;
        if fraction == 0 {
            return f.pad(&(self.0 / CNX).to_string());
        }
        let decimals = format!("{fraction:018}");
        f.pad(&format!("{}.{}", self.0 / CNX, decimals.trim_end_matches('0')))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} CNX")
    }
}

/// Gas: one unit is one picosecond of the reference machine, so 10^12 (1 Tgas) is one second.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct Gas(u64);

impl Gas {
    /// None.
    pub const ZERO: Gas = Gas(0);

    /// From units.
    #[must_use]
    pub const fn new(units: u64) -> Self {
        Self(units)
    }

    /// Units.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Sum, capped at `u64::MAX` (which no limit allows, so a cap refuses as an error would).
    #[must_use]
    pub const fn saturating_add(self, other: Gas) -> Gas {
        Gas(self.0.saturating_add(other.0))
    }

    /// Difference, or none when `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Gas) -> Gas {
        Gas(self.0.saturating_sub(other.0))
    }

    /// Cost of this gas at `price` base units each: exact, since 2^64 times a price below 2^64 fits.
    #[must_use]
    pub const fn cost(self, price: u64) -> Amount {
        Amount((self.0 as u128) * (price as u128))
    }
}

impl fmt::Display for Gas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A block's place in the chain. Genesis is 0, the first block 1.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct Height(u64);

impl Height {
    /// The state that genesis describes.
    pub const GENESIS: Height = Height(0);

    /// From a number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The height `count` blocks later, capped at `u64::MAX`.
    #[must_use]
    pub const fn plus(self, count: u64) -> Height {
        Height(self.0.saturating_add(count))
    }

    /// The next height.
    #[must_use]
    pub const fn next(self) -> Height {
        self.plus(1)
    }

    /// The height before, or `None` for genesis.
    #[must_use]
    pub const fn previous(self) -> Option<Height> {
        match self.0.checked_sub(1) {
            Some(number) => Some(Height(number)),
            None => None,
        }
    }
}

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
