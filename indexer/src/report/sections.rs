//! The sections of the page, as HTML that needs no script.

use std::collections::BTreeMap;

use earmark_engine::duplicates::Kind;
use earmark_engine::ucs::Catalogue;
use earmark_labelling::FindingKind;

use super::facts::{Counts, Facts, LENGTHS, readable, readable_text};
use super::markup::escape;
use super::pieces::{SHOWN, bar, chart, hours, list, more, named, percent, section, sentence};
use crate::commands::info::Category;
use crate::output::{counted, size, thousands};

/// Everything between the head and the data.
pub(super) fn all(library: &str, made: &str, facts: &Facts) -> String {
    let info = &facts.info;
    let mut html = format!(
        "<header>\n<div><h1>State of the library</h1>\n<p class=\"path\"><bdi>{}</bdi></p>\n\
         <p class=\"faint\">{} · model {} {}</p></div>\n",
        escape(library),
        made,
        escape(&info.model),
        escape(&info.model_version)
    );
    html += "<nav aria-label=\"Sections\"><a href=\"#map\">Map</a> <a href=\"#coverage\">Coverage</a> \
             <a href=\"#labels\">Labels</a> <a href=\"#duplicates\">Duplicates</a> <a href=\"#files\">Files</a> \
             <a href=\"#attention\">Attention</a></nav>\n</header>\n<main>\n";
    html += &tiles(facts);
    html += &map(facts);
    html += &coverage(facts);
    html += &labels(facts);
    html += &duplicates(facts);
    html += &files(facts);
    html += &attention(facts);
    html += "</main>\n<footer><p>Made by Earmark on this computer. This page asks nothing of the network.</p></footer>\n";
    html
}

fn tiles(facts: &Facts) -> String {
    let info = &facts.info;
    let used = info.categories.len();
    let wrong = facts.audit.findings.len();
    let attention = facts.offline().count() + facts.missing.len() + facts.odd.len();
    let tiles = [
        (thousands(info.sounds as u64), "sounds".to_owned()),
        (hours(info.hours), "of audio".to_owned()),
        (percent(info.labelled, info.sounds), format!("labelled: {}", thousands(info.labelled as u64))),
        (used.to_string(), format!("of {} CatIDs have sounds", Catalogue::builtin().len())),
        (thousands(wrong as u64), "labels to look at".to_owned()),
        (thousands(facts.duplicates.groups.len() as u64), "groups of duplicates".to_owned()),
        (thousands(attention as u64), "other things need attention".to_owned()),
    ];
    let tile = |(number, what): &(String, String)| {
        format!("<div class=\"tile\"><strong>{number}</strong><span>{}</span></div>\n", escape(what))
    };
    format!(
        "<section class=\"tiles\" aria-label=\"In short\">\n{}</section>\n",
        tiles.iter().map(tile).collect::<String>()
    )
}

fn map(facts: &Facts) -> String {
    let map = &facts.map;
    if map.points.is_empty() {
        return section(
            "map",
            "Map",
            "<p class=\"faint\">There is no map of this library in the report.</p>",
        );
    }
    let mut what =
        format!("{} by how they sound: what is alike lies together.", counted(map.points.len(), "sound"));
    if map.omitted > 0 {
        what += &format!(" {} more were not drawn by lot.", thousands(map.omitted as u64));
    }
    section(
        "map",
        "Map",
        &format!(
            "<p class=\"faint\">{what} <span class=\"moving\">Zoom with the wheel or + and −, move by dragging or with the arrow keys.</span></p>\n\
             <div class=\"map-tools\">\n\
             <label>Find <input id=\"map-find\" type=\"search\" placeholder=\"name, folder or CatID\"></label>\n\
             <label>Colour by <select id=\"map-colour\"><option value=\"cat\">Category</option>\
             <option value=\"folder\">Folder</option><option value=\"length\">Length</option></select></label>\n\
             <span class=\"spring\"></span>\n\
             <button id=\"map-in\" title=\"Zoom in\" aria-label=\"Zoom in\">+</button>\
             <button id=\"map-out\" title=\"Zoom out\" aria-label=\"Zoom out\">−</button>\
             <button id=\"map-all\">Show all</button>\n</div>\n\
             <div class=\"map-row\">\n<div class=\"map-box\">\
             <canvas id=\"map-canvas\" tabindex=\"0\" role=\"img\" aria-label=\"Map of the sounds\"></canvas>\
             <div id=\"map-tip\" hidden></div></div>\n\
             <div class=\"legend\" id=\"map-legend\" role=\"group\" aria-label=\"Colours\"></div>\n</div>\n\
             <p id=\"map-said\" class=\"faint\" aria-live=\"polite\"></p>\n\
             <noscript><p>The map is drawn by a script, which this browser does not run.</p></noscript>"
        ),
    )
}

fn coverage(facts: &Facts) -> String {
    let catalogue = Catalogue::builtin();
    let with_sounds: BTreeMap<&str, &Category> =
        facts.info.categories.iter().map(|category| (category.cat_id, category)).collect();
    // In the order of the list, each Category with its CatIDs.
    let mut groups: BTreeMap<&str, Vec<(&str, Option<&Category>)>> = BTreeMap::new();
    for (_, entry) in catalogue.iter() {
        let found = with_sounds.get(&*entry.cat_id).copied();
        groups.entry(&entry.category).or_default().push((&entry.cat_id, found));
    }
    let sounds = |cats: &[(&str, Option<&Category>)]| -> usize {
        cats.iter().filter_map(|(_, found)| *found).map(|category| category.sounds).sum()
    };
    let mut ordered: Vec<_> = groups.iter().map(|(name, cats)| (*name, sounds(cats), cats)).collect();
    ordered.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let most = ordered.first().map_or(0, |(_, sounds, _)| *sounds);
    let mut body = String::new();
    let filled: Vec<_> = ordered.iter().filter(|(_, sounds, _)| *sounds > 0).collect();
    body += &format!(
        "<p class=\"faint\">{} of {} Categories and {} of {} CatIDs of UCS {} have sounds. Open a Category to see its \
         CatIDs.</p>\n",
        filled.len(),
        groups.len(),
        with_sounds.len(),
        catalogue.len(),
        escape(catalogue.version())
    );
    if !filled.is_empty() {
        body += "<div class=\"cover head\" aria-hidden=\"true\"><span>Category</span><span></span><span>Sounds</span>\
                 <span>Hours</span><span>CatIDs</span></div>\n";
    }
    for (name, total, cats) in &filled {
        let used: Vec<&Category> = cats.iter().filter_map(|(_, found)| *found).collect();
        let length: f64 = used.iter().map(|category| category.hours).sum();
        body += &format!(
            "<details class=\"cat\"><summary class=\"cover\"><span>{}</span>{}<span>{}</span><span>{length:.2}</span>\
             <span>{} of {}</span></summary>\n<table>\n",
            escape(name),
            bar(*total, most),
            thousands(*total as u64),
            used.len(),
            cats.len()
        );
        let mut used = used;
        used.sort_by_key(|category| std::cmp::Reverse(category.sounds));
        body += &used.iter().map(|category| cat_row(category)).collect::<String>();
        body += "</table>\n";
        let empty = cats.iter().filter(|(_, found)| found.is_none());
        let empty: Vec<&str> = empty.map(|(cat_id, _)| *cat_id).collect();
        if !empty.is_empty() {
            body += &format!("<p class=\"empty\"><b>Without sounds:</b> {}</p>\n", escape(&empty.join(", ")));
        }
        body += "</details>\n";
    }
    let empty: Vec<String> =
        ordered.iter().filter(|(_, sounds, _)| *sounds == 0).map(|(name, ..)| sentence(name)).collect();
    if !empty.is_empty() {
        body += &format!(
            "<h3>Categories without sounds: {}</h3>\n<p class=\"names\">{}</p>\n",
            empty.len(),
            escape(&empty.join(" · "))
        );
    }
    section("coverage", "Coverage by category", &body)
}

fn cat_row(category: &Category) -> String {
    format!(
        "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{:.2} h</td></tr>\n",
        escape(category.cat_id),
        escape(&sentence(category.subcategory)),
        thousands(category.sounds as u64),
        category.hours
    )
}

fn labels(facts: &Facts) -> String {
    let info = &facts.info;
    let unlabelled = info.sounds - info.labelled;
    let mut sources = facts.label_sources.clone();
    sources.push(("no label".into(), unlabelled));
    let mut body = format!(
        "<div class=\"columns\">\n{}</div>\n",
        chart("Where labels come from", &sources, info.sounds)
    );
    let findings = &facts.audit.findings;
    body += "<h3>Labels and files to look at</h3>\n";
    if findings.is_empty() {
        body += "<p class=\"faint\">Nothing suspicious was found.</p>\n";
    } else {
        let mut kinds: BTreeMap<FindingKind, usize> = BTreeMap::new();
        findings.iter().for_each(|finding| *kinds.entry(finding.kind).or_default() += 1);
        let kinds: Vec<String> =
            kinds.iter().map(|(kind, count)| format!("{} {}", count, kind_name(*kind))).collect();
        body += &format!(
            "<p class=\"faint\">{}. Most rewarding first.</p>\n<table class=\"wide\">\n",
            escape(&kinds.join(", "))
        );
        body += "<thead><tr><th>Sound</th><th>Label</th><th>Rather</th><th>Why</th></tr></thead>\n<tbody>\n";
        for finding in findings.iter().take(SHOWN) {
            let rather = finding.suggested.first().map_or(String::new(), |best| {
                format!("{} <span class=\"faint\">{:.0} %</span>", best.cat.cat_id(), best.share * 100.0)
            });
            body += &format!(
                "<tr><td class=\"path\">{}</td><td>{}</td><td class=\"rather\">{rather}</td><td>{}</td></tr>\n",
                named(finding.path.as_path()),
                finding.current.map_or("", |cat| cat.cat_id()),
                escape(&readable_text(&finding.message))
            );
        }
        body += "</tbody></table>\n";
        body += &more(findings.len(), "earmark audit");
    }
    section("labels", "Label quality", &body)
}

fn duplicates(facts: &Facts) -> String {
    let groups = &facts.duplicates.groups;
    let of_kind = |kind: Kind| groups.iter().filter(|group| group.kind == kind).count();
    let mut body = if groups.is_empty() {
        "<p class=\"faint\">No sound is there more than once.".to_owned()
    } else {
        let mut text =
            format!("<p class=\"faint\">{} of identical files", counted(of_kind(Kind::Identical), "group"));
        if facts.listened {
            text += &format!(
                ", {} of the same audio in another form, {} with excerpts",
                of_kind(Kind::SameAudio),
                of_kind(Kind::Contained)
            );
        }
        text + &format!("; identical copies take {}.", size(facts.duplicates.wasted_bytes))
    };
    if !facts.listened {
        body += " The same audio in other formats is found with <code>--listen</code>.";
    }
    body += "</p>\n";
    for group in groups.iter().take(SHOWN) {
        let kind = match group.kind {
            Kind::Identical => "identical",
            Kind::SameAudio => "same audio",
            Kind::Contained => "excerpts",
        };
        let paths: String = group
            .paths
            .iter()
            .map(|path| format!("<li><bdi>{}</bdi></li>", escape(&readable(path))))
            .collect();
        body += &format!(
            "<div class=\"group\"><p><b>{}</b> {kind}, {} more than one takes</p><ul>{paths}</ul></div>\n",
            counted(group.paths.len(), "file"),
            size(group.wasted_bytes)
        );
    }
    body += &more(groups.len(), "earmark duplicates");
    section("duplicates", "Duplicates", &body)
}

fn files(facts: &Facts) -> String {
    let sounds = facts.info.sounds;
    let lengths: Counts =
        LENGTHS.iter().zip(facts.lengths).map(|((_, name), count)| ((*name).to_owned(), count)).collect();
    let mut body = format!("<div class=\"columns\">\n{}<div>\n", chart("Length", &lengths, sounds));
    for (title, counts) in [
        ("Format", &facts.formats),
        ("Sample rate", &facts.sample_rates),
        ("Channels", &facts.channels),
        ("Resolution", &facts.bits),
    ] {
        body += &chart(title, counts, sounds);
    }
    body += "</div>\n";
    body += "</div>\n<h3>Folders</h3>\n<table class=\"wide\">\n<thead><tr><th>Folder</th><th class=\"n\">Sounds</th>\
             <th>State</th></tr></thead>\n<tbody>\n";
    for (folder, away) in facts.info.folders.iter().zip(&facts.away) {
        body += &format!(
            "<tr><td class=\"path\"><bdi>{}</bdi></td><td class=\"n\">{}</td><td>{}</td></tr>\n",
            escape(&readable_text(folder.path.text())),
            thousands(folder.sounds as u64),
            if *away { "offline" } else { "there" }
        );
    }
    body += "</tbody></table>\n";
    body += &format!(
        "<p class=\"faint\">The index takes {} in {} for {} frames.</p>\n",
        size(facts.info.bytes_on_disk),
        counted(facts.info.segments, "segment"),
        thousands(facts.info.frames)
    );
    section("files", "Formats and folders", &body)
}

fn attention(facts: &Facts) -> String {
    let mut body = String::new();
    let offline: Vec<String> = facts
        .offline()
        .map(|(path, sounds)| format!("{} ({})", readable_text(path), counted(sounds, "sound")))
        .collect();
    body += &list(
        "Folders whose drive is not plugged in",
        "Their sounds are kept and found all the same.",
        &offline,
    );
    let missing: Vec<String> = facts.missing.iter().map(|path| readable(path)).collect();
    body += &list("Files that are gone", "Run earmark index to bring the library up to date.", &missing);
    let odd: Vec<String> =
        facts.odd.iter().map(|(path, what)| format!("{}: {}", readable(path), readable_text(what))).collect();
    body += &list("Files with something odd about them", "They were read as far as they can be.", &odd);
    let distant: Vec<String> = facts.not_looked_for.iter().map(|path| readable(path)).collect();
    body += &list(
        "Folders on network drives",
        "Whether their files are still there was not looked for.",
        &distant,
    );
    let damaged: Vec<String> = facts.damage.iter().map(|damage| readable_text(damage)).collect();
    body += &list("Damaged parts of the index", "Their sounds are not in this report.", &damaged);
    if body.is_empty() {
        body +=
            "<p class=\"faint\">All folders are there, every file is where it was, and none is odd.</p>\n";
    }
    section("attention", "What needs attention", &body)
}

fn kind_name(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Contradicted => "labels that the sound contradicts",
        FindingKind::Inconsistent => "inconsistent uses of a category",
        FindingKind::UnknownCatId => "unknown CatIDs",
        FindingKind::OldCatId => "CatIDs of an older version",
        FindingKind::TwinsDisagree => "duplicates with different labels",
        FindingKind::Silent => "silent files",
        FindingKind::Clipped => "clipped files",
        FindingKind::DcOffset => "files with a DC offset",
        FindingKind::DualMono => "files of equal channels",
        FindingKind::ChannelOrder => "files with channels in another order",
        FindingKind::Truncated => "truncated files",
        FindingKind::Unreadable => "unreadable files",
    }
}
