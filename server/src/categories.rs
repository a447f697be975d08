//! The UCS list with how many sounds of the library each CatID has; the page's type-ahead looks through it.

use earmark_engine::ucs::Catalogue;
use serde::Serialize;

use crate::library::View;

/// One CatID.
#[derive(Debug, Serialize)]
pub(crate) struct Category {
    cat_id: &'static str,
    category: &'static str,
    subcategory: &'static str,
    /// Other words for it, joined by blanks.
    keywords: String,
    sounds: usize,
}

/// All CatIDs, in the order of the list.
pub(crate) fn all(view: Option<&View>) -> Vec<Category> {
    let by_cat = view.map(View::by_cat);
    let count = |at: usize| by_cat.and_then(|by_cat| by_cat.get(at)).map_or(0, Vec::len);
    let entries = Catalogue::builtin().iter();
    entries
        .map(|(cat, entry)| Category {
            cat_id: cat.cat_id(),
            category: &entry.category,
            subcategory: &entry.subcategory,
            keywords: entry.keywords.join(" "),
            sounds: count(cat.to_usize()),
        })
        .collect()
}
