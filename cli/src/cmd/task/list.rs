//! The list of tasks.

use crate::client::task;
use crate::cmd::task::ListArgs;
use crate::cmd::task::view::{json_of, row};
use crate::failure::{Failure, Outcome};
use crate::keys;
use crate::session::Session;
use hydrogen_types::Address;
use hydrogen_types::task::{TaskFilter, TaskView};
use serde_json::Value;

pub(super) async fn list(session: &Session, args: &ListArgs) -> Outcome {
    let client = session.client()?;
    let address = |who: &Option<String>| who.as_deref().map(|who| session.address(who)).transpose();
    let filter = TaskFilter {
        state: args.state,
        creator: address(&args.creator)?,
        node: address(&args.node)?,
        open: args.open.then_some(true),
    };
    let (tasks, next) = if args.mine {
        let mut mine: Vec<TaskView> = Vec::new();
        for creator in own(session)? {
            let filter = TaskFilter { creator: Some(creator), ..filter.clone() };
            mine.extend(task::tasks(&client, &filter, Some(args.start), args.limit).await?.0);
        }
        mine.sort_by_key(|view| view.id);
        let next = mine.get(args.limit).map(|view| view.id);
        mine.truncate(args.limit);
        (mine, next)
    } else {
        task::tasks(&client, &filter, Some(args.start), args.limit).await?
    };
    let text = match tasks.as_slice() {
        [] => String::from("no tasks"),
        some => some.iter().map(row).collect::<Vec<_>>().join("\n"),
    };
    if let Some(next) = next {
        session.output.say(format_args!("there may be more: go on with --start {next}"));
    }
    session.output.data(text, &Value::from(tasks.iter().map(json_of).collect::<Vec<_>>()));
    Ok(())
}

/// The accounts of this home.
fn own(session: &Session) -> Outcome<Vec<Address>> {
    let keys = keys::list(session)?;
    if keys.is_empty() {
        return Err(Failure::new(format!("there are no keys in {}", session.home.display()))
            .hint("name an account with --creator, or another home with --home"));
    }
    let mut addresses: Vec<Address> = keys.iter().map(|key| key.address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}
