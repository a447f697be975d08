//! The page: sections, style and script in one file.
//!
//! Its content security policy forbids every request and every script but the one whose hash it names, so that nothing
//! a file is called can do anything here, even if it were not escaped.

use std::time::{SystemTime, UNIX_EPOCH};

use earmark_engine::index::Snapshot;
use sha2::{Digest, Sha256};

use super::facts::{Facts, readable};
use super::map::MapData;
use super::markup::{base64, escape, json};
use super::{BEGINNING, sections};
use crate::error::Failure;

const STYLE: &str = include_str!("assets/report.css");
const SCRIPT: &str = include_str!("assets/report.js");

/// The whole page.
pub(crate) fn page(snapshot: &Snapshot, facts: &Facts) -> Result<String, Failure> {
    // A checkout on Windows may have put carriage returns in, which a browser takes out before it hashes.
    let script = SCRIPT.replace('\r', "");
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
         script-src 'sha256-{}'",
        base64(&Sha256::digest(&script))
    );
    let library = readable(snapshot.dir());
    let made = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let map = json(&MapData::new(snapshot, &facts.map)?)?;
    let mut page = String::with_capacity(map.len() + (1 << 18));
    page += BEGINNING;
    page += "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
    page += &format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n", escape(&policy));
    page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    page +=
        "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n";
    page += "<link rel=\"icon\" href=\"data:,\">\n";
    page += &format!(
        "<title>Earmark report: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        escape(&library)
    );
    page += &sections::all(&library, &utc_date(made), facts);
    page += &format!("<script type=\"application/json\" id=\"info\">{}</script>\n", json(&facts.info)?);
    page += &format!("<script type=\"application/json\" id=\"map-data\">{map}</script>\n");
    page += &format!("<script>{script}</script>\n</body>\n</html>\n");
    Ok(page)
}

/// The day and minute of a moment, UTC (the civil calendar from days, after H. Hinnant).
pub(crate) fn utc_date(unix_s: u64) -> String {
    let days = unix_s / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + 400 * era + u64::from(month <= 2);
    let minute = unix_s / 60 % 1440;
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::utc_date;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (unix_s, date) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(utc_date(unix_s), date);
        }
    }
}
