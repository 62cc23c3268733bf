//! Every balance of the chain, and what changed between two looks.

use crate::application::ApplicationError;
use crate::client::Client;
use crate::rpc::text::Text;
use hydrogen_types::{Address, Amount, Height};
use serde_json::json;
use std::collections::BTreeMap;

/// Looks at a page that began anew because a block came between: enough for any chain that is not flooded.
const ATTEMPTS_MAX: usize = 20;

/// All balances at one height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceSheet {
    /// The height.
    pub height: Height,
    /// Every account and contract.
    pub balances: BTreeMap<Address, Amount>,
}

/// What became of one balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub address: Address,
    /// Before.
    pub before: Amount,
    /// After.
    pub after: Amount,
}

impl Change {
    /// The difference in base units.
    #[must_use]
    pub fn difference(&self) -> i128 {
        signed(self.after) - signed(self.before)
    }
}

impl BalanceSheet {
    /// What changed from `self` to `later`, by address.
    #[must_use]
    pub fn changes(&self, later: &BalanceSheet) -> Vec<Change> {
        let of = |sheet: &BalanceSheet, address: &Address| {
            sheet.balances.get(address).copied().unwrap_or_default()
        };
        let mut addresses: Vec<&Address> = self.balances.keys().chain(later.balances.keys()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let change = |address: &Address| Change {
            address: *address,
            before: of(self, address),
            after: of(later, address),
        };
        addresses.into_iter().map(change).filter(|change| change.before != change.after).collect()
    }

    /// The sum of all balances, in base units.
    #[must_use]
    pub fn total(&self) -> i128 {
        self.balances.values().copied().map(signed).sum()
    }
}

/// All CNX that can exist fits: genesis is far below 2^127 base units.
fn signed(amount: Amount) -> i128 {
    i128::try_from(amount.get()).unwrap_or(i128::MAX)
}

/// Reads every balance at one height, page by page; a block in between starts it over.
///
/// # Errors
/// When the node does not answer, or blocks come faster than pages.
pub async fn balances(client: &Client) -> Result<BalanceSheet, ApplicationError> {
    for _ in 0..ATTEMPTS_MAX {
        if let Some(sheet) = try_balances(client).await? {
            return Ok(sheet);
        }
    }
    Err(ApplicationError::Flooded)
}

async fn try_balances(client: &Client) -> Result<Option<BalanceSheet>, ApplicationError> {
    #[derive(serde::Deserialize)]
    struct Page {
        height: Text<Height>,
        accounts: Vec<Row>,
        next: Option<Text<Address>>,
    }
    #[derive(serde::Deserialize)]
    struct Row {
        address: Text<Address>,
        balance: Text<Amount>,
    }
    let mut sheet: Option<BalanceSheet> = None;
    let mut after: Option<Address> = None;
    loop {
        let params = json!([after.map(|address| address.to_string())]);
        let answer = client.request("account_all", params).await?;
        let page: Page = serde_json::from_value(answer)
            .map_err(|error| ApplicationError::BadAnswer { reason: error.to_string() })?;
        let height = page.height.0;
        let sheet_so_far = sheet.get_or_insert_with(|| BalanceSheet { height, balances: BTreeMap::new() });
        if sheet_so_far.height != height {
            return Ok(None);
        }
        sheet_so_far.balances.extend(page.accounts.into_iter().map(|row| (row.address.0, row.balance.0)));
        match page.next {
            Some(next) => after = Some(next.0),
            None => return Ok(sheet),
        }
    }
}
