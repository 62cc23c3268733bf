//! Watches the RPC endpoints and relays beside the loop: which of them answer. Nothing is decided by it.

use crate::client::relay::RelayClient;
use crate::client::{Client, task};
use crate::compute::board::Board;
use crate::compute::status::Endpoint;
use std::sync::Arc;
use std::time::Duration;

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(15);
/// How long one endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Watches until dropped.
pub(crate) async fn watch(client: Client, board: Arc<Board>) {
    let urls = client.urls().to_vec();
    let alone: Vec<Option<Client>> =
        urls.iter().map(|url| Client::new(std::slice::from_ref(url)).ok()).collect();
    loop {
        let rpc = futures::future::join_all(urls.iter().zip(&alone).map(async |(url, client)| {
            let up = match client {
                Some(client) => answers(client.status_once()).await,
                None => false,
            };
            Endpoint { url: url.clone(), up }
        }));
        let relays = task::relays(&client).await.unwrap_or_default();
        let relays = futures::future::join_all(relays.iter().map(async |relay| {
            let up = match RelayClient::new(&relay.url) {
                Ok(client) => answers(client.info()).await,
                Err(_) => false,
            };
            Endpoint { url: relay.url.clone(), up }
        }));
        let (rpc, relays) = futures::future::join(rpc, relays).await;
        board.set_endpoints(rpc, relays);
        tokio::time::sleep(PAUSE).await;
    }
}

async fn answers<T, E>(asked: impl Future<Output = Result<T, E>>) -> bool {
    matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(_)))
}
