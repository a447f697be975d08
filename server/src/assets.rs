//! The page's files, embedded in the program.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../page/", $name)) as &[u8])),*]
    };
}

const FILES: &[(&str, &[u8])] = embedded![
    "index.html",
    "icon.svg",
    "style.css",
    "theme.css",
    "app.js",
    "api.js",
    "dom.js",
    "format.js",
    "keys.js",
    "list.js",
    "player.js",
    "waveform.js",
    "typeahead.js",
    "search.js",
    "categories.js",
    "review.js",
    "map.js",
    "points.js",
    "plane.js",
    "raster.js",
    "webgl.js",
    "scatter.js",
];

/// The page itself.
pub(crate) async fn index() -> Response {
    send("index.html")
}

/// One of its files, by name.
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    send(&name)
}

fn send(name: &str) -> Response {
    let Some((_, bytes)) = FILES.iter().find(|(known, _)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    ([(header::CONTENT_TYPE, kind)], *bytes).into_response()
}
