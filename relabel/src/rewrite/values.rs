//! The fields to write, under the names that each container has for them.

use earmark_engine::ucs::{CatIndex, Catalogue};

use crate::fields::Fields;

/// Whether a block of metadata is made where a file has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Written, and made where there is none.
    Always,
    /// Brought up to date where there is one.
    WherePresent,
    /// Left as it is.
    Never,
}

/// Which blocks of WAV and AIFF files are written to; the other formats have but one.
///
/// An AIFF file always gets ID3 unless it is `Never`, since nothing else in it takes UCS fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Targets {
    /// iXML, blocks USER and ASWG.
    pub ixml: Place,
    /// The Broadcast Wave extension.
    pub bext: Place,
    /// RIFF INFO.
    pub info: Place,
    /// An ID3 tag in a chunk.
    pub id3: Place,
}

impl Default for Targets {
    fn default() -> Self {
        Self { ixml: Place::Always, bext: Place::Always, info: Place::Always, id3: Place::WherePresent }
    }
}

/// What is written into a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    pub fields: Fields,
    pub cat: Option<CatIndex>,
    pub targets: Targets,
}

/// What a field is called in the several places.
pub(super) struct Named<'v> {
    /// Tags (ID3, Vorbis comments, MP4) and the USER block of iXML.
    pub user: &'static str,
    /// The ASWG block of iXML (ASWG-G006 v1.1).
    pub aswg: Option<&'static str>,
    pub value: &'v str,
}

impl Values {
    pub(crate) fn new(fields: &Fields, targets: Targets) -> Self {
        Self { cat: fields.cat(), fields: fields.clone(), targets }
    }

    /// Category and SubCategory of the CatID.
    pub(crate) fn categories(&self) -> Option<(&'static str, &'static str)> {
        let entry = Catalogue::builtin().get(self.cat?);
        Some((&*entry.category, &*entry.subcategory))
    }

    /// Every field that replaces what is there, in writing order.
    pub(super) fn named(&self) -> Vec<Named<'_>> {
        let fields = &self.fields;
        let categories = self.categories();
        let cat_id = self.cat.map(CatIndex::cat_id);
        let rows: [(&'static str, &'static str, Option<&str>); 10] = [
            ("CATEGORY", "category", categories.map(|(category, _)| category)),
            ("SUBCATEGORY", "subCategory", categories.map(|(_, subcategory)| subcategory)),
            ("CATID", "catId", cat_id),
            ("FXNAME", "fxName", fields.fx_name.as_deref()),
            ("CREATORID", "creatorId", fields.creator_id.as_deref()),
            ("SOURCEID", "sourceId", fields.source_id.as_deref()),
            ("USERCATEGORY", "userCategory", fields.user_category.as_deref()),
            ("VENDORCATEGORY", "vendorCategory", fields.vendor_category.as_deref()),
            ("USERDATA", "userData", fields.user_data.as_deref()),
            // ASWG knows no keywords.
            ("KEYWORDS", "", fields.keywords.as_deref()),
        ];
        let named = rows.into_iter().filter_map(|(user, aswg, value)| {
            Some(Named { user, aswg: (!aswg.is_empty()).then_some(aswg), value: value?.trim() })
        });
        named.collect()
    }

    /// The title that players show: the FXName.
    pub(super) fn title(&self) -> Option<&str> {
        self.fields.fx_name.as_deref().map(str::trim)
    }

    /// A description for files that have none.
    pub(super) fn description(&self) -> Option<&str> {
        self.fields.description.as_deref().map(str::trim)
    }
}

/// A name as tools compare it: letters and digits in capitals, so that `Cat ID` is `CATID`.
pub(super) fn folded(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}
