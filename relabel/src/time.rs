//! Moments as people read them: UTC, as in `2026-11-22T19:40:03Z`.

use std::time::{SystemTime, UNIX_EPOCH};

/// The present moment, whole seconds.
pub(crate) fn now_text() -> String {
    let unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    text_of(unix_s)
}

/// A moment given in seconds since 1970.
pub(crate) fn text_of(unix_s: u64) -> String {
    let (days, second) = (unix_s / 86_400, unix_s % 86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Year, month and day so many days after 1970-01-01 (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        assert_eq!(text_of(0), "1970-01-01T00:00:00Z");
        assert_eq!(text_of(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(text_of(1_795_376_403), "2026-11-22T19:40:03Z");
        assert_eq!(text_of(4_107_542_399), "2100-02-28T23:59:59Z");
    }
}
