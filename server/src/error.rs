//! What can go wrong: at the start ([`ServeError`]), and in a request ([`ApiError`]).

use std::io;
use std::net::SocketAddr;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use earmark_engine::index::IndexError;

/// Why the page cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken or not allowed.
    #[error(
        "cannot listen on {address}: {source}; choose another port with --port, or 0 for any that is free"
    )]
    Bind {
        /// Where it was to listen.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// No threads, no random numbers, or the listener is lost.
    #[error("cannot serve the page: {0}")]
    System(io::Error),
}

/// What a request is answered with when it fails: a status, and a sentence for the page to show.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub status: StatusCode,
    /// A word for the page to tell kinds apart: `no-library`, `stale`, `filter` …
    pub kind: &'static str,
    pub message: String,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "request", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", message)
    }

    /// The sound's place is of a library that has changed since.
    pub(crate) fn stale() -> Self {
        Self::new(StatusCode::GONE, "stale", "The library has changed since; search again.")
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }
}

impl From<IndexError> for ApiError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::NoLibrary { .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "no-library", error.to_string())
            }
            other => Self::new(StatusCode::SERVICE_UNAVAILABLE, "library", other.to_string()),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": { "kind": self.kind, "message": self.message } });
        (self.status, crate::body::json(&body)).into_response()
    }
}
