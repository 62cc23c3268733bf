//! `/status`, `/health` and `/metrics` of a compute node.

use crate::compute::board::Board;
use crate::compute::error::ComputeError;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Takes the address.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, ComputeError> {
    let failed = |source| ComputeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    tracing::info!(address = %listener.local_addr().map_err(failed)?, "status, health and metrics");
    Ok(listener)
}

/// Answers until dropped.
pub(crate) async fn serve(listener: TcpListener, board: Arc<Board>) {
    let app = Router::new()
        .route("/status", get(async |State(board): State<Arc<Board>>| Json(board.status())))
        .route("/health", get(async |State(board): State<Arc<Board>>| health(&board)))
        .route("/metrics", get(async |State(board): State<Arc<Board>>| board.metrics.encode()))
        .with_state(board);
    if let Err(error) = axum::serve(listener, app).await {
        tracing::error!(%error, "status, health and metrics are not served any more");
    }
}

fn health(board: &Board) -> (StatusCode, String) {
    match board.health() {
        Ok(()) => (StatusCode::OK, String::from("ok\n")),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}
