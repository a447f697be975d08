//! The page: sections, style and script in one file, under a content security policy that forbids every request but that
//! of a sound that is clicked on.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::Findings;
use super::maps::Maps;
use super::sections;
use super::sounds::Sounds;
use crate::error::Failure;
use crate::report::markup::{base64, escape, json};
use crate::report::{BEGINNING, utc_date};

const STYLE: &str = include_str!("assets/findings.css");
const SCRIPT: &str = include_str!("assets/findings.js");

/// The whole page, as it is to be written to `output`; `None` when stopped.
pub(super) fn page(
    findings: &Findings,
    output: &Path,
    embed_sounds: bool,
    stop: &AtomicBool,
) -> Result<Option<String>, Failure> {
    let mut sounds = Sounds::new(&findings.experiment.sets, output, embed_sounds);
    let maps = Maps::new(findings, &mut sounds);
    if !sounds.embed(stop) {
        return Ok(None);
    }
    // A checkout on Windows may have put carriage returns in, which a browser takes out before it hashes.
    let script = SCRIPT.replace('\r', "");
    // Sounds are reached as files where the page is one, and from the page's own server where it has one.
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self' file: data:; base-uri 'none'; \
         form-action 'none'; script-src 'sha256-{}'",
        base64(&Sha256::digest(&script))
    );
    let made = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let title = escape(&findings.experiment.plan.title);
    let mut page = String::new();
    page += BEGINNING;
    page += "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
    page += &format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n", escape(&policy));
    page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    page +=
        "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n";
    page += "<link rel=\"icon\" href=\"data:,\">\n";
    page +=
        &format!("<title>Earmark experiment: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n");
    page += &sections::all(findings, &title, &utc_date(made), &maps);
    page += &format!("<script type=\"application/json\" id=\"sounds\">{}</script>\n", json(&sounds.list())?);
    page += &format!("<script>{script}</script>\n</body>\n</html>\n");
    Ok(Some(page))
}
