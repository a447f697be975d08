//! The requests of the page, each a few lines: what blocks runs on threads for it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use earmark_engine::ucs::Catalogue;
use http_body_util::BodyExt;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;

use crate::app::App;
use crate::assets;
use crate::body::json;
use crate::error::ApiError;
use crate::model::Readiness;
use crate::peaks::{self, Peaks};
use crate::rows::Facts;
use crate::{categories, examples, media, names, search, tasks};

pub(crate) type Answer = Result<Response, ApiError>;
pub(crate) type Shared = State<Arc<App>>;

/// All addresses, below the token.
pub(crate) fn routes(token: &str, app: Arc<App>) -> Router {
    let at = |path: &str| format!("/{token}{path}");
    let to_slash = format!("/{token}/");
    Router::new()
        .route(&at(""), get(async move || Redirect::permanent(&to_slash)))
        .route(&at("/"), get(assets::index))
        .route(&at("/assets/{name}"), get(assets::asset))
        .route(&at("/api/state"), get(state))
        .route(&at("/api/categories"), get(all_categories))
        .route(&at("/api/categories/{cat_id}"), get(category))
        .route(&at("/api/search"), get(find))
        .route(&at("/api/sounds/{key}"), get(sound))
        .route(&at("/api/sounds/{key}/peaks"), get(sound_peaks))
        .route(&at("/api/sounds/{key}/audio"), get(sound_audio))
        .route(&at("/api/questions"), post(ask))
        .route(&at("/api/questions/{number}"), get(question))
        .route(&at("/api/questions/{number}/peaks"), get(question_peaks))
        .route(&at("/api/questions/{number}/audio"), get(question_audio))
        .merge(tasks::routes(&at))
        .with_state(app)
}

/// Runs what blocks on a thread for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!("a request failed: {error}");
            Err(ApiError::internal(
                "This failed inside Earmark; the terminal that serves the page tells more.",
            ))
        }
    }
}

/// What the page needs to know first.
async fn state(State(app): Shared) -> Answer {
    blocking(move || {
        let model = match app.model.readiness() {
            Readiness::Loading => serde_json::json!({ "state": "loading" }),
            Readiness::Ready => serde_json::json!({ "state": "ready" }),
            Readiness::Failed(message) => serde_json::json!({ "state": "failed", "message": message }),
        };
        let library = match app.library.current() {
            Ok(view) => {
                let roots = view.snapshot.manifest().roots.iter();
                serde_json::json!({
                    "sounds": view.count(),
                    "view": view.number(),
                    "folders": roots
                        .map(|root| serde_json::json!({
                            "path": names::shown_bytes(&root.path),
                            "offline": root.offline,
                        }))
                        .collect::<Vec<_>>(),
                    "damage": view.snapshot.damage().iter().map(|damage| damage.error.to_string()).collect::<Vec<_>>(),
                })
            }
            Err(error) => {
                let error = ApiError::from(error);
                serde_json::json!({ "error": { "kind": error.kind, "message": error.message } })
            }
        };
        Ok(json(&serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "ucs": Catalogue::builtin().version(),
            "dir": names::shown(app.library.dir()),
            "model": model,
            "library": library,
            "max_upload_bytes": app.max_upload_bytes,
        })))
    })
    .await
}

async fn all_categories(State(app): Shared) -> Answer {
    blocking(move || Ok(json(&categories::all(app.library.current().ok().as_deref())))).await
}

async fn category(State(app): Shared, Path(cat_id): Path<String>) -> Answer {
    blocking(move || {
        let cat = Catalogue::builtin().by_cat_id(&cat_id);
        let cat = cat.ok_or_else(|| ApiError::not_found("UCS has no such CatID."))?;
        Ok(json(&examples::of(&*app.library.current()?, cat)?))
    })
    .await
}

async fn find(State(app): Shared, Query(asked): Query<search::Asked>) -> Answer {
    blocking(move || Ok(json(&search::answer(&app, &asked)?))).await
}

async fn sound(State(app): Shared, Path(key): Path<String>) -> Answer {
    blocking(move || {
        let (view, id) = app.library.sound(&key)?;
        Ok(json(&Facts::new(&view, id)?))
    })
    .await
}

async fn sound_peaks(State(app): Shared, Path(key): Path<String>) -> Answer {
    let (view, id) = app.library.sound(&key)?;
    let content = view.get(id)?.row.hash();
    if let Some(peaks) = app.peaks.get(content) {
        return Ok(send_peaks(&peaks));
    }
    let turn = app.peaks.turns.acquire().await;
    let shared = Arc::clone(&app);
    let drawn = blocking(move || {
        let peaks = peaks::draw(&view.path(id)?, view.get(id)?.row.duration_s).map_err(unreadable)?;
        shared.peaks.keep(content, &peaks);
        Ok(send_peaks(&peaks))
    });
    let drawn = drawn.await;
    drop(turn);
    drawn
}

fn unreadable(error: earmark_engine::audio::AudioError) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "unplayable", error.to_string())
}

fn send_peaks(peaks: &Peaks) -> Response {
    let bytes: Vec<u8> = peaks.iter().map(|peak| peak.cast_unsigned()).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "private, max-age=3600"),
    ];
    (headers, bytes).into_response()
}

/// How a sound is wanted.
#[derive(Debug, Deserialize)]
struct Wanted {
    /// The browser could not play the file itself.
    #[serde(default)]
    wav: bool,
}

async fn sound_audio(
    State(app): Shared,
    Path(key): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Answer {
    blocking(move || {
        let (view, id) = app.library.sound(&key)?;
        media::play(&view.path(id)?, view.get(id)?.row.duration_s, wanted.wav, &headers)
    })
    .await
}

/// What is dropped.
#[derive(Debug, Deserialize)]
struct Dropped {
    #[serde(default)]
    name: String,
}

/// Takes a file, refusing what is too large as soon as that is known.
async fn ask(State(app): Shared, Query(dropped): Query<Dropped>, headers: HeaderMap, body: Body) -> Answer {
    let most = app.max_upload_bytes;
    let too_large = || {
        let megabytes = most >> 20;
        let message = format!("This file is larger than {megabytes} MB; cut out the part that matters.");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", message)
    };
    let claimed =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if claimed.is_some_and(|claimed| claimed > most) {
        return Err(too_large());
    }
    let not_kept = |error: std::io::Error| ApiError::internal(format!("The file cannot be kept: {error}"));
    let (file, path) = tempfile::NamedTempFile::with_prefix("earmark-").map_err(not_kept)?.into_parts();
    let mut file = tokio::fs::File::from_std(file);
    let (mut body, mut taken) = (body, 0u64);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::bad("The file did not arrive completely; drop it again."))?;
        let Ok(bytes) = frame.into_data() else { continue };
        taken += bytes.len() as u64;
        if taken > most {
            return Err(too_large());
        }
        file.write_all(&bytes).await.map_err(not_kept)?;
    }
    file.flush().await.map_err(not_kept)?;
    if taken == 0 {
        return Err(ApiError::bad("This file is empty."));
    }
    let name = names::shown_bytes(dropped.name.as_bytes());
    Ok(json(&serde_json::json!({ "question": app.questions.ask(name, path) })))
}

async fn question(State(app): Shared, Path(number): Path<u64>) -> Answer {
    let question = app.questions.get(number)?;
    let progress = question.progress(app.model.readiness() == Readiness::Ready);
    Ok(json(&serde_json::json!({ "name": question.name(), "progress": progress })))
}

async fn question_peaks(State(app): Shared, Path(number): Path<u64>) -> Answer {
    let question = app.questions.get(number)?;
    blocking(move || {
        let duration_s = app.questions.heard(number).map_or(60.0, |heard| heard.duration_s);
        Ok(send_peaks(&peaks::draw(question.path(), duration_s).map_err(unreadable)?))
    })
    .await
}

async fn question_audio(
    State(app): Shared,
    Path(number): Path<u64>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Answer {
    let question = app.questions.get(number)?;
    blocking(move || {
        let duration_s = app.questions.heard(number).map_or(60.0, |heard| heard.duration_s);
        media::play(question.path(), duration_s, wanted.wav, &headers)
    })
    .await
}
