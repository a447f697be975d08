//! What the sections of the page are put together from.

use std::path::Path;

use super::facts::{Counts, readable};
use super::markup::escape;
use crate::output::thousands;

/// Rows of a list that is shown in part.
pub(super) const SHOWN: usize = 50;

pub(super) fn list(title: &str, what_to_do: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let items: String =
        lines.iter().take(SHOWN).map(|line| format!("<li><bdi>{}</bdi></li>\n", escape(line))).collect();
    let rest = lines.len().saturating_sub(SHOWN);
    let rest = if rest > 0 {
        format!("<p class=\"faint\">and {} more</p>\n", thousands(rest as u64))
    } else {
        String::new()
    };
    format!(
        "<h3>{title}: {}</h3>\n<p class=\"faint\">{what_to_do}</p>\n<ul class=\"path\">{items}</ul>\n{rest}",
        thousands(lines.len() as u64)
    )
}

/// A file's name with its folder below it.
pub(super) fn named(path: &Path) -> String {
    let name = path.file_name().map(Path::new).unwrap_or(path);
    let folder = path.parent().unwrap_or(Path::new(""));
    format!(
        "<bdi>{}</bdi><br><bdi class=\"faint\">{}</bdi>",
        escape(&readable(name)),
        escape(&readable(folder))
    )
}

/// Says how the rest of a list is had.
pub(super) fn more(total: usize, command: &str) -> String {
    if total <= SHOWN {
        return String::new();
    }
    let rest = thousands((total - SHOWN) as u64);
    format!("<p class=\"faint\">and {rest} more: <code>{command}</code> lists them all</p>\n")
}

/// Bars with their names and numbers.
pub(super) fn chart(title: &str, counts: &Counts, total: usize) -> String {
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let row = |(name, count): &(String, usize)| {
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{}</td><td class=\"n faint\">{}</td></tr>\n",
            escape(name),
            bar(*count, most),
            thousands(*count as u64),
            percent(*count, total)
        )
    };
    format!(
        "<table class=\"chart\"><caption>{title}</caption>\n{}</table>\n",
        counts.iter().map(row).collect::<String>()
    )
}

/// A bar as long as its share of the longest.
pub(super) fn bar(count: usize, most: usize) -> String {
    let share = if most == 0 { 0.0 } else { count as f64 / most as f64 * 100.0 };
    format!("<span class=\"bar\"><i style=\"width:{share:.1}%\"></i></span>")
}

pub(super) fn section(id: &str, title: &str, body: &str) -> String {
    format!("<section id=\"{id}\">\n<h2>{title}</h2>\n{body}\n</section>\n")
}

pub(super) fn percent(count: usize, total: usize) -> String {
    if total == 0 { "–".into() } else { format!("{:.1} %", count as f64 / total as f64 * 100.0) }
}

pub(super) fn hours(hours: f64) -> String {
    match hours {
        100.0.. => format!("{} h", thousands(hours.round() as u64)),
        1.0.. => format!("{hours:.1} h"),
        _ => format!("{:.1} min", hours * 60.0),
    }
}

/// `AMBIENCE` as it stands in a sentence.
pub(super) fn sentence(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_string() + &letters.as_str().to_lowercase())
}
