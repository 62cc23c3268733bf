//! How a process is asked to stop: SIGINT or SIGTERM, or its owner in the same process.

use tokio::sync::watch;

/// Told once; every clone hears of it.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

/// Tells.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// A pair; dropping the stopper counts as asking to stop.
#[must_use]
pub fn channel() -> (Stopper, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Shutdown(receiver))
}

impl Stopper {
    /// Asks every holder of a [`Shutdown`] to end.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Waits until every holder of a [`Shutdown`] has ended, so that "dropped" and "told" stay one thing.
    pub async fn told(&self) {
        self.0.closed().await;
    }
}

impl Shutdown {
    /// Ends when the process is asked to stop. Safe to cancel and to call again.
    pub async fn wait(mut self) {
        let told = self.0.wait_for(|stop| *stop).await;
        drop(told);
    }

    /// Whether it has been asked.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

/// A shutdown that follows SIGINT and SIGTERM of this process.
///
/// # Errors
/// When the process may not listen to signals.
pub fn on_signals() -> std::io::Result<Shutdown> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (stopper, shutdown) = channel();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stopper.stop();
        stopper.told().await;
    });
    Ok(shutdown)
}
