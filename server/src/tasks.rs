//! The requests of the map and of the review.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::alike::typical_first;
use crate::api::{Answer, Shared, blocking};
use crate::app::App;
use crate::body::json;
use crate::error::ApiError;
use crate::library::Key;
use crate::map;
use crate::review::plan::Wanted;
use crate::review::{Deciding, queue};
use crate::rows::Row;

/// Sounds that are listed at once at most.
const MOST: usize = 2000;

/// The addresses, below the token.
pub(crate) fn routes(at: &dyn Fn(&str) -> String) -> Router<Arc<App>> {
    Router::new()
        .route(&at("/api/rows"), post(rows))
        .route(&at("/api/map"), get(map_state).post(map_begin))
        .route(&at("/api/map/stop"), post(map_stop))
        .route(&at("/api/map/points"), get(map_points))
        .route(&at("/api/review"), get(review_state).post(review_begin))
        .route(&at("/api/review/stop"), post(review_stop))
        .route(&at("/api/review/items"), get(review_items))
        .route(&at("/api/review/decide"), post(review_decide))
        .route(&at("/api/review/undo"), post(review_undo))
        .route(&at("/api/review/plan"), post(review_plan))
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::bad(format!("The request is not understood: {error}")))
}

/// Rows of sounds by their keys: in that order, or those first that are most like all of them.
async fn rows(State(app): Shared, body: Bytes) -> Answer {
    #[derive(Deserialize)]
    struct Wanted {
        keys: Vec<String>,
        #[serde(default)]
        typical_first: bool,
    }
    blocking(move || {
        let wanted: Wanted = read(&body)?;
        let keys = wanted.keys.iter().take(MOST).map(|key| key.parse());
        let keys = keys.collect::<Result<Vec<Key>, ApiError>>()?;
        let mut rows = Vec::with_capacity(keys.len());
        for keys in keys.chunk_by(|a, b| a.view == b.view) {
            let view = app.library.view(keys[0].view)?;
            let ids = keys.iter().map(|key| key.id);
            rows.extend(match wanted.typical_first {
                true => Row::all(&view, typical_first(&view, ids)),
                false => Row::all(&view, ids),
            });
            view.snapshot.still_there()?;
        }
        Ok(json(&rows))
    })
    .await
}

async fn map_state(State(app): Shared) -> Response {
    json(&map::report(&app.map))
}

async fn map_begin(State(app): Shared, body: Bytes) -> Answer {
    #[derive(Deserialize)]
    struct Wanted {
        #[serde(default)]
        anew: bool,
    }
    blocking(move || {
        let wanted: Wanted = read(&body)?;
        map::begin(&app, wanted.anew)?;
        Ok(json(&map::report(&app.map)))
    })
    .await
}

async fn map_stop(State(app): Shared) -> Response {
    app.map.stop();
    json(&map::report(&app.map))
}

async fn map_points(State(app): Shared) -> Answer {
    blocking(move || {
        let points = map::points(&app.map)?;
        Ok(([(header::CONTENT_TYPE, "application/octet-stream")], points).into_response())
    })
    .await
}

async fn review_state(State(app): Shared) -> Answer {
    blocking(move || Ok(json(&app.review.report(app.library.dir())?))).await
}

async fn review_begin(State(app): Shared) -> Answer {
    blocking(move || {
        queue::begin(&app)?;
        Ok(json(&app.review.report(app.library.dir())?))
    })
    .await
}

async fn review_stop(State(app): Shared) -> Answer {
    app.review.job.stop();
    review_state(State(app)).await
}

/// Which suggestions are wanted.
#[derive(Debug, Deserialize)]
struct Part {
    kind: String,
    #[serde(default)]
    offset: usize,
    count: Option<usize>,
}

async fn review_items(State(app): Shared, Query(part): Query<Part>) -> Answer {
    blocking(move || {
        let count = part.count.unwrap_or(200).min(MOST);
        Ok(json(&app.review.list(app.library.dir(), &part.kind, part.offset, count)?))
    })
    .await
}

async fn review_decide(State(app): Shared, body: Bytes) -> Answer {
    blocking(move || {
        let deciding: Deciding = read(&body)?;
        let sounds = app.review.decide(app.library.dir(), &deciding)?;
        Ok(json(&serde_json::json!({ "sounds": sounds })))
    })
    .await
}

async fn review_undo(State(app): Shared) -> Answer {
    blocking(move || {
        let items = app.review.undo(app.library.dir())?;
        Ok(json(&serde_json::json!({ "items": items })))
    })
    .await
}

async fn review_plan(State(app): Shared, body: Bytes) -> Answer {
    blocking(move || {
        let wanted: Wanted = read(&body)?;
        Ok(json(&app.review.plan(&app, &wanted)?))
    })
    .await
}
