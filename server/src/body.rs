//! Bodies of answers: JSON, bytes, and streams that a blocking thread feeds.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use http_body::Frame;
use serde::Serialize;
use tokio::sync::mpsc;

/// Pieces that wait for a slow reader.
const WAITING: usize = 4;

/// A value as JSON.
pub(crate) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => {
            tracing::warn!("an answer is no JSON: {error}");
            axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Where a blocking thread puts the pieces of a body.
pub(crate) struct Feed(mpsc::Sender<io::Result<Bytes>>);

impl Feed {
    /// Hands on a piece, waiting for a slow reader; false when nobody reads any more.
    pub(crate) fn send(&self, piece: impl Into<Bytes>) -> bool {
        self.0.blocking_send(Ok(piece.into())).is_ok()
    }

    /// Ends the body as broken, so that the reader does not take it for complete.
    pub(crate) fn fail(&self, error: io::Error) {
        let _ = self.0.blocking_send(Err(error));
    }
}

/// A body of pieces, and where to put them.
pub(crate) fn fed() -> (Feed, Body) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Feed(sender), Body::new(Fed(receiver)))
}

struct Fed(mpsc::Receiver<io::Result<Bytes>>);

impl HttpBody for Fed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
