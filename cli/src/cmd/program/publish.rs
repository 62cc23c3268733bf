//! `hydrogen program publish`: to a relay, where everybody can name it by its hash.

use crate::application::{Desk, Program};
use crate::cmd::program::check;
use crate::cmd::task::Teller;
use crate::failure::Outcome;
use crate::session::Session;
use serde_json::json;
use std::path::Path;

pub(super) async fn run(session: &Session, file: &Path, from: &str, relay: Option<&str>) -> Outcome {
    // What no node can run is refused here, before anybody is asked.
    let module = check::read(file)?;
    check::passes(session, file, &module)?;
    let program = Program::from_file(file).await?;
    let teller = Teller::new(session);
    let desk = Desk::open_with_meter(session.wallet(from)?, relay, teller.meter()).await?;
    teller.wait_for("looking for a relay");
    desk.probe().await?;
    teller.wait_for("publishing the program");
    let published = desk.publish(&program).await;
    teller.wait_for("");
    let fresh = published?;
    let url = desk.relay().map_or("", |relay| &relay.url);
    session.output.say(if fresh { format!("published at {url}") } else { format!("{url} has it already") });
    let (hash, bytes) = (program.hash.to_string(), module.len().to_string());
    let json = json!({"program": hash, "bytes": bytes, "relay": url, "published": fresh});
    session.output.data(&hash, &json);
    Ok(())
}
