//! Who is answered: this computer's own page, and nobody else.
//!
//! Any web page that is open in the user's browser can send requests to 127.0.0.1. So:
//!
//! - The first part of every address is a token of 128 random bits, which no other page knows.
//! - `Host` must be this address: a name that an attacker's DNS points to 127.0.0.1 (DNS rebinding) is refused.
//! - `Origin`, where the browser sends it, must be this page, and `Sec-Fetch-Site` must not say otherwise.
//! - What changes something must carry a header that a form or a simple request of another page cannot have.
//! - The answers forbid the page to load, run or send anything that is not ours, and to be framed.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The header that marks requests of our own page.
pub(crate) const OWN: &str = "x-earmark";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// What requests are measured by.
pub(crate) struct Guard {
    token: String,
    port: u16,
}

impl Guard {
    /// With a new token, for a port of 127.0.0.1.
    pub(crate) fn new(port: u16) -> std::io::Result<Self> {
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
        Ok(Self { token: bytes.iter().map(|byte| format!("{byte:02x}")).collect(), port })
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    fn refuses(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Option<(StatusCode, &'static str)> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        if hosts.next().is_some() || !host.is_some_and(|host| self.is_here(host)) {
            return Some((StatusCode::MISDIRECTED_REQUEST, "This server answers to 127.0.0.1 alone."));
        }
        let token = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        if !same(token.as_bytes(), self.token.as_bytes()) {
            return Some((
                StatusCode::FORBIDDEN,
                "The token is missing or wrong: open the whole address that `earmark serve` printed.",
            ));
        }
        let foreign = Some((StatusCode::FORBIDDEN, "Only the page itself may ask this."));
        for origin in headers.get_all(header::ORIGIN) {
            let ours = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
            if !ours.is_some_and(|host| self.is_here(host)) {
                return foreign;
            }
        }
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        if !matches!(site, None | Some(b"same-origin" | b"none")) {
            return foreign;
        }
        let changes = !matches!(*method, Method::GET | Method::HEAD);
        if changes && !headers.contains_key(OWN) {
            return foreign;
        }
        None
    }

    fn is_here(&self, host: &str) -> bool {
        let Some((name, port)) = host.rsplit_once(':') else { return false };
        port.parse() == Ok(self.port) && (name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost"))
    }
}

/// Compares in a time that does not tell how much is right.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// Lets through what the guard does not refuse, and says in every answer what the page may do.
pub(crate) async fn stand(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.refuses(request.method(), request.uri().path(), request.headers()) {
        Some((status, why)) => (status, why).into_response(),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
