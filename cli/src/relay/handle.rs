//! A relay that runs beside its owner, in the same process.

use crate::relay::config::RelayConfig;
use crate::relay::error::RelayError;
use crate::relay::server::Relay;
use crate::shutdown::{self, Stopper};
use hydrogen_types::Address;
use std::net::SocketAddr;
use tokio::task::{JoinError, JoinHandle};

/// A running relay. Dropped, it is asked to stop and ends by itself; [`RelayHandle::shutdown`] also waits for that.
///
/// ```no_run
/// use hydrogen::relay::{Relay, RelayConfig, RelayLimits};
/// use hydrogen_core::SecretKey;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let relay = Relay::start(RelayConfig {
///     listen: "127.0.0.1:0".parse()?,
///     public_url: None,
///     rpc: vec![String::from("http://127.0.0.1:8545")],
///     home: "relay".into(),
///     key: SecretKey::from_seed([7; 32]),
///     limits: RelayLimits { body_bytes_max: 1 << 20, ..RelayLimits::default() },
/// })
/// .await?;
/// println!("relay {} listens on http://{}", relay.id(), relay.address());
/// relay.shutdown().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RelayHandle {
    address: SocketAddr,
    id: Address,
    stopper: Stopper,
    serving: JoinHandle<Result<(), RelayError>>,
}

impl Relay {
    /// Binds and serves in the background, on the runtime that this is called on.
    ///
    /// # Errors
    /// As [`Relay::bind`].
    pub async fn start(config: RelayConfig) -> Result<RelayHandle, RelayError> {
        let relay = Self::bind(config).await?;
        let (address, id) = (relay.address(), relay.id());
        let (stopper, shutdown) = shutdown::channel();
        let serving = tokio::spawn(relay.serve(shutdown.wait()));
        Ok(RelayHandle { address, id, stopper, serving })
    }
}

impl RelayHandle {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its id: the address of the key that signs receipts.
    #[must_use]
    pub fn id(&self) -> Address {
        self.id
    }

    /// Waits until it ends by itself, which it does only for a failure. Once it has, there is nothing to shut down.
    ///
    /// # Errors
    /// What ended it.
    pub async fn ended(&mut self) -> Result<(), RelayError> {
        flat((&mut self.serving).await)
    }

    /// Asks it to stop and waits until it has: running transfers get ten seconds to end, no new ones begin, and the
    /// home may be opened again afterwards.
    ///
    /// # Errors
    /// What ended it earlier, or that the clean stop could not be noted.
    pub async fn shutdown(self) -> Result<(), RelayError> {
        self.stopper.stop();
        flat(self.serving.await)
    }
}

fn flat(served: Result<Result<(), RelayError>, JoinError>) -> Result<(), RelayError> {
    served.unwrap_or_else(|error| Err(RelayError::Serve(std::io::Error::other(error))))
}
