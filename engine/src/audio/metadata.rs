//! What a file says about itself in words, gathered from every place where tools put it.

/// The most text that is kept of one field, in bytes.
const MAX_FIELD_BYTES: usize = 64 << 10;

/// Descriptive metadata. Empty fields are `None`; where several places give a field, the most specific wins:
/// iXML, then bext, then RIFF INFO, then ID3 and the like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Track or sound title.
    pub title: Option<String>,
    /// Free description: iXML, bext, INFO comment, comment tags.
    pub description: Option<String>,
    /// UCS Category or what a tool calls category.
    pub category: Option<String>,
    /// UCS SubCategory.
    pub subcategory: Option<String>,
    /// UCS CatID.
    pub cat_id: Option<String>,
    /// UCS FXName.
    pub fx_name: Option<String>,
    /// UCS CreatorID.
    pub creator_id: Option<String>,
    /// UCS SourceID.
    pub source_id: Option<String>,
    /// UCS UserCategory.
    pub user_category: Option<String>,
    /// UCS VendorCategory.
    pub vendor_category: Option<String>,
    /// Keywords, as the tool separated them.
    pub keywords: Option<String>,
    /// Notes.
    pub notes: Option<String>,
    /// Name of the commercial or own library.
    pub library: Option<String>,
    /// Artist, designer, recordist or originator.
    pub artist: Option<String>,
    /// Genre tag.
    pub genre: Option<String>,
}

impl Metadata {
    /// Fills the field of this name, in any spelling (`CATID`, `catId`, `TXXX:Cat ID`), if it is still empty.
    pub(super) fn offer(&mut self, name: &str, value: &str) {
        let name: String = name
            .rsplit(':')
            .next()
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_lowercase())
            .take(32)
            .collect();
        let field = match name.as_str() {
            "title" | "tracktitle" | "songtitle" | "inam" | "name" => &mut self.title,
            "description" | "bwfdescription" | "comment" | "icmt" | "isbj" | "anno" => &mut self.description,
            "category" => &mut self.category,
            "subcategory" => &mut self.subcategory,
            "catid" => &mut self.cat_id,
            "fxname" => &mut self.fx_name,
            "creatorid" => &mut self.creator_id,
            "sourceid" => &mut self.source_id,
            "usercategory" | "usercat" => &mut self.user_category,
            "vendorcategory" | "vendorcat" => &mut self.vendor_category,
            "keywords" | "keyword" | "ikey" => &mut self.keywords,
            "notes" | "note" => &mut self.notes,
            "library" | "iprd" => &mut self.library,
            "artist" | "designer" | "recordist" | "originator" | "iart" | "auth" => &mut self.artist,
            "genre" | "ignr" => &mut self.genre,
            _ => return,
        };
        let value = value.trim_matches(|letter: char| letter.is_whitespace() || letter == '\0');
        if field.is_none() && !value.is_empty() {
            let end = value.floor_char_boundary(MAX_FIELD_BYTES);
            *field = Some(value[..end].to_owned());
        }
    }

    /// Takes over what is still missing here.
    pub(super) fn fill_from(&mut self, other: Self) {
        let Self {
            title, description, category, subcategory, cat_id, fx_name, creator_id, source_id, ..
        } = other;
        let Self { user_category, vendor_category, keywords, notes, library, artist, genre, .. } = other;
        let pairs = [
            (&mut self.title, title),
            (&mut self.description, description),
            (&mut self.category, category),
            (&mut self.subcategory, subcategory),
            (&mut self.cat_id, cat_id),
            (&mut self.fx_name, fx_name),
            (&mut self.creator_id, creator_id),
            (&mut self.source_id, source_id),
            (&mut self.user_category, user_category),
            (&mut self.vendor_category, vendor_category),
            (&mut self.keywords, keywords),
            (&mut self.notes, notes),
            (&mut self.library, library),
            (&mut self.artist, artist),
            (&mut self.genre, genre),
        ];
        for (field, value) in pairs {
            if field.is_none() {
                *field = value;
            }
        }
    }
}

/// Text of unknown encoding: what is UTF-8 stays, every other byte is taken as Windows-1252 (which agrees with
/// Latin-1 where Latin-1 has letters). Some tools write Latin-1 although they declare UTF-8, some mix both.
pub(super) fn lenient_text(bytes: &[u8]) -> String {
    if let [0xFF, 0xFE, rest @ ..] = bytes {
        return utf16_text(rest, u16::from_le_bytes);
    }
    if let [0xFE, 0xFF, rest @ ..] = bytes {
        return utf16_text(rest, u16::from_be_bytes);
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|&byte| windows_1252(byte)));
    }
    text
}

fn utf16_text(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    char::decode_utf16(pairs.iter().map(|&pair| unit(pair)))
        .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn windows_1252(byte: u8) -> char {
    const C1: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => C1[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}
