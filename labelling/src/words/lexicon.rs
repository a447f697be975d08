//! The words of the UCS list and of its translations, and which categories they belong to.

use std::collections::HashMap;
use std::sync::LazyLock;

use earmark_engine::ucs::{CatIndex, Catalogue};

use super::folding::{spelt_out, stem};
use super::tokens::tokens;

/// The official translations: CatID, language, Category, SubCategory, synonyms joined by `;`.
pub(super) static TRANSLATIONS: &str = include_str!("../../data/ucs_v8.2.1_translations.csv");
/// Words of a term at most.
pub(super) const MAX_WORDS: usize = 3;
/// Names of languages, the list's own first; a term names one by its place.
pub const LANGUAGES: [&str; 21] = [
    "en", "ar", "da", "de", "es", "fi", "fr", "it", "ja", "kr", "nl", "no", "pl", "pt", "pt-br", "ru", "sv",
    "tr", "tw", "ua", "zh",
];
/// Words that stand in names of every kind and tell nothing.
const EMPTY: [&str; 46] = [
    "misc",
    "miscellaneous",
    "sfx",
    "fx",
    "sound",
    "sounds",
    "effect",
    "effects",
    "wav",
    "aif",
    "aiff",
    "flac",
    "mp3",
    "ogg",
    "loop",
    "take",
    "stereo",
    "mono",
    "the",
    "a",
    "an",
    "of",
    "and",
    "in",
    "on",
    "at",
    "with",
    "to",
    "from",
    "for",
    "by",
    "audio",
    "data",
    "common",
    "default",
    "game",
    "mods",
    "src",
    "assets",
    "res",
    "file",
    "files",
    "library",
    "media",
    "various",
    "other",
];

/// What a word is in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A synonym.
    Synonym,
    /// The name of a SubCategory.
    SubCategory,
    /// The name of a Category.
    Category,
}

/// One category that a term belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the UCS list.
    pub cat: u16,
    /// What the term is there.
    pub role: Role,
}

/// A term of one language.
#[derive(Clone, Debug)]
pub struct Term {
    /// As the list spells it, lower case.
    pub text: String,
    /// Its language, by its place in [`LANGUAGES`].
    pub language: u8,
    /// Categories, each once with its strongest role.
    pub entries: Vec<Entry>,
    /// How much it tells, 0 to 1: the fewer categories, the more.
    pub weight: f32,
}

/// All terms, to be looked up by folded words or by stems.
#[derive(Debug)]
pub struct Lexicon {
    terms: Vec<Term>,
    /// By folded words, joined by blanks.
    exact: HashMap<String, Vec<u32>>,
    /// By stems of one language; single words.
    stems: Vec<HashMap<String, Vec<u32>>>,
    /// Longest term of a script without blanks, letters.
    pub(super) longest_unspaced: usize,
}

static BUILTIN: LazyLock<Lexicon> = LazyLock::new(Lexicon::build);

impl Lexicon {
    /// The words of UCS v8.2.1.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// A term by its number.
    pub fn term(&self, number: u32) -> &Term {
        &self.terms[number as usize]
    }

    /// Terms spelt so, folded.
    pub(super) fn exact(&self, folded: &str) -> &[u32] {
        self.exact.get(folded).map_or(&[], Vec::as_slice)
    }

    /// Terms of a language that have the same stem.
    pub(super) fn by_stem(&self, folded: &str, language: u8) -> &[u32] {
        let stems = &self.stems[usize::from(language)];
        if stems.is_empty() {
            return &[];
        }
        stems.get(&stem(folded, LANGUAGES[usize::from(language)])).map_or(&[], Vec::as_slice)
    }

    fn build() -> Self {
        let mut builder = Builder::default();
        for (cat, entry) in Catalogue::builtin().iter() {
            let words = entry.keywords.iter().map(|word| word.as_ref());
            builder.row(cat, 0, (&entry.category, &entry.subcategory), words);
        }
        let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(TRANSLATIONS.as_bytes());
        for row in rows.records().filter_map(Result::ok) {
            let field = |at: usize| row.get(at).unwrap_or_default();
            let language = LANGUAGES.iter().position(|language| *language == field(1));
            let cat = Catalogue::builtin().by_cat_id(field(0));
            if let (Some(cat), Some(language)) = (cat, language) {
                builder.row(cat, language as u8, (field(2), field(3)), field(4).split([';', '；']));
            }
        }
        builder.finish()
    }
}

#[derive(Default)]
struct Builder {
    terms: Vec<Term>,
    by_key: HashMap<(u8, String), u32>,
}

impl Builder {
    fn row<'w>(
        &mut self,
        cat: CatIndex,
        language: u8,
        (category, subcategory): (&str, &str),
        synonyms: impl Iterator<Item = &'w str>,
    ) {
        // A SubCategory "MISC" is that of every Category.
        let is_misc = Catalogue::builtin().get(cat).subcategory == "MISC";
        for name in category.split(['/', ',', '&', '、', '，']) {
            self.add(cat, language, name, Role::Category);
        }
        if is_misc {
            return;
        }
        for name in subcategory.split(['/', ',', '&', '、', '，']) {
            self.add(cat, language, name, Role::SubCategory);
        }
        synonyms.for_each(|word| self.add(cat, language, word, Role::Synonym));
    }

    fn add(&mut self, cat: CatIndex, language: u8, text: &str, role: Role) {
        let words = tokens(text);
        let folded: Vec<&str> = words.iter().map(|token| token.folded.as_str()).collect();
        let key = folded.join(" ");
        let short = folded.len() == 1 && key.chars().count() < 2 && key.is_ascii();
        if key.is_empty() || words.len() > MAX_WORDS || short || EMPTY.contains(&key.as_str()) {
            return;
        }
        let cat = cat.to_u16();
        let terms = &mut self.terms;
        let number = *self.by_key.entry((language, key)).or_insert_with(|| {
            let text = text.trim().to_lowercase();
            terms.push(Term { text, language, entries: Vec::new(), weight: 0.0 });
            terms.len() as u32 - 1
        });
        let entries = &mut self.terms[number as usize].entries;
        match entries.iter_mut().find(|entry| entry.cat == cat) {
            Some(entry) => entry.role = entry.role.max(role),
            None => entries.push(Entry { cat, role }),
        }
    }

    fn finish(self) -> Lexicon {
        let Self { mut terms, by_key } = self;
        let all = CatIndex::COUNT as f32;
        for term in &mut terms {
            term.weight = (1.0 + all / term.entries.len() as f32).ln() / (1.0 + all).ln();
            term.entries.sort_unstable_by_key(|entry| entry.cat);
        }
        let mut exact: HashMap<String, Vec<u32>> = HashMap::new();
        let mut stems = vec![HashMap::<String, Vec<u32>>::new(); LANGUAGES.len()];
        let mut longest_unspaced = 0;
        for ((language, key), number) in by_key {
            let term = &terms[number as usize];
            let name = LANGUAGES[usize::from(language)];
            let spelt = spelt_out(&term.text).filter(|_| matches!(name, "de" | "sv" | "da" | "no" | "fi"));
            if let Some(spelt) = spelt {
                stems[usize::from(language)].entry(stem(&spelt, name)).or_default().push(number);
                exact.entry(spelt).or_default().push(number);
            }
            if is_unspaced(&key) {
                longest_unspaced = longest_unspaced.max(key.chars().count());
            } else if !key.contains(' ') {
                let stem = stem(&key, name);
                stems[usize::from(language)].entry(stem).or_default().push(number);
            }
            exact.entry(key).or_default().push(number);
        }
        // Made from a hash map: without this, the order would differ from run to run.
        exact.values_mut().chain(stems.iter_mut().flat_map(HashMap::values_mut)).for_each(|numbers| {
            numbers.sort_unstable();
            numbers.dedup();
        });
        Lexicon { terms, exact, stems, longest_unspaced }
    }
}

/// Whether a word is of a script that has no blanks between words, or in which they are left out in names.
pub(super) fn is_unspaced(word: &str) -> bool {
    word.chars().any(|c| {
        matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
    })
}

/// Whether a word tells nothing.
pub(super) fn is_empty(folded: &str) -> bool {
    folded.chars().all(|c| c.is_ascii_digit()) || EMPTY.contains(&folded)
}
