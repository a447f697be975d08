//! Finds the words of the UCS list in the words of a sound and weighs what they say.
//!
//! The longest terms are taken first, so that `room tone` is neither a room nor a tone, and `bathroom` is no bath. Of
//! two Categories side by side the last is what the sound is and the first only tells it apart (`fire alarm`, `water
//! bottle`). Unknown words are tried as compounds (`Holztür`). English comes first; a word that only another language
//! knows counts in full where it can hardly be an English one, or where that language has other words there.

use std::collections::HashMap;

use earmark_engine::index::{Snapshot, SoundRef};
use earmark_engine::ucs::{CatIndex, Catalogue, file_name, label_from_file_name};

use super::lexicon::{LANGUAGES, Lexicon, Role};
use super::spans::{Span, spans};
use super::tokens::{Token, tokens};
use crate::evidence::{Evidence, Place};

/// What the name of a Category weighs beside a synonym.
const CATEGORY: f32 = 2.0;
/// What the name of a SubCategory weighs.
const SUBCATEGORY: f32 = 1.6;
/// A Category that only tells the next word apart.
const MODIFIER: f32 = 0.5;
/// A word that only another language knows.
const FOREIGN: f32 = 0.9;
/// The same where it might as well be none.
const FOREIGN_ALONE: f32 = 0.45;
/// What a Category's MISC gains over SubCategories of which nothing is said.
const MISC_BONUS: f32 = 0.15;
/// Another form of a word that is a Category's very name as it stands.
const OTHER_FORM: f32 = 0.8;

/// A text about a sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Where it stands.
    pub place: Place,
    /// What its words weigh.
    pub weight: f32,
    /// The text.
    pub text: String,
}

/// A word found in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchedWord {
    /// As it stands in the text.
    pub word: String,
    /// The term of the list.
    pub term: u32,
    /// Where it stands.
    pub place: Place,
    /// How certain it is that the term is meant.
    pub factor: f32,
}

/// What the words of a sound say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// What was found.
    pub matches: Vec<MatchedWord>,
    /// By place in the UCS list, ascending: how strongly words point there, from 0 up.
    pub scores: Vec<(u16, f32)>,
}

/// The texts about a sound in the index. What stands for its label (a CatID at the head of its name) is not among them:
/// words are to judge labels, too.
pub fn sources_of(snapshot: &Snapshot, sound: &SoundRef<'_>) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut add = |place, weight, text: &str| {
        if !text.is_empty() {
            sources.push(Source { place, weight, text: text.to_owned() });
        }
    };
    let path = sound.path().unwrap_or_default();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    add(Place::FileName, 1.0, &without_label(&stem));
    if let Ok(details) = sound.details() {
        for (place, weight, text) in [
            (Place::FxName, 1.0, &details.fx_name),
            (Place::Title, 0.9, &details.title),
            (Place::Description, 0.6, &details.description),
            (Place::Keywords, 0.5, &details.keywords),
        ] {
            add(place, weight, text.as_deref().unwrap_or_default());
        }
    }
    let folders: Vec<String> = path
        .parent()
        .map(|folders| folders.iter().map(|folder| folder.to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    let root = snapshot.manifest().root(sound.row.root);
    let root = root.map(|root| String::from_utf8_lossy(&root.path).into_owned()).unwrap_or_default();
    let root = root.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let mut weight = 0.7;
    for folder in folders.iter().rev().chain([&root]) {
        add(Place::Folder, weight, folder);
        weight *= 0.6;
    }
    sources
}

/// A file name without what stands for its label and its makers.
fn without_label(stem: &str) -> String {
    if label_from_file_name(stem).is_none() {
        return stem.to_owned();
    }
    match file_name::parse_tolerant(stem) {
        Ok(file_name::TolerantName { name, .. }) => {
            let parts =
                [name.user_category.as_deref(), name.vendor_category.as_deref(), Some(name.fx_name.as_str())];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        Err(_) => stem.split_once(['_', '-']).map_or(String::new(), |(_, rest)| rest.to_owned()),
    }
}

impl Reading {
    /// Reads texts.
    pub fn new(lexicon: &Lexicon, sources: &[Source]) -> Self {
        let mut languages = [0u32; LANGUAGES.len()];
        let found: Vec<(&Source, Vec<Token>, Vec<Span>)> = sources
            .iter()
            .map(|source| {
                let tokens = tokens(&source.text);
                let spans = spans(lexicon, &tokens);
                for span in &spans {
                    let mut seen = [false; LANGUAGES.len()];
                    for (term, _) in &span.terms {
                        seen[usize::from(lexicon.term(*term).language)] = true;
                    }
                    languages.iter_mut().zip(seen).for_each(|(count, seen)| *count += u32::from(seen));
                }
                (source, tokens, spans)
            })
            .collect();
        let mut reading = Self::default();
        let mut scores: HashMap<u16, f32> = HashMap::new();
        let mut said: Vec<u32> = Vec::new();
        let mut order: Vec<usize> = (0..found.len()).collect();
        order.sort_by(|a, b| found[*b].0.weight.total_cmp(&found[*a].0.weight));
        for at in order {
            let (source, tokens, spans) = &found[at];
            for (number, span) in spans.iter().enumerate() {
                let next = spans.get(number + 1).filter(|next| next.words.start == span.words.end);
                reading.weigh(lexicon, (source, tokens, span, next), &languages, &mut said, &mut scores);
            }
        }
        for (cat, score) in &mut scores {
            let entry = CatIndex::new(*cat).map(|cat| Catalogue::builtin().get(cat));
            *score += if entry.is_some_and(|entry| entry.subcategory == "MISC") { MISC_BONUS } else { 0.0 };
        }
        reading.scores = scores.into_iter().collect();
        reading.scores.sort_unstable_by_key(|score| score.0);
        reading
    }

    fn weigh(
        &mut self,
        lexicon: &Lexicon,
        (source, tokens, span, next): (&Source, &[Token], &Span, Option<&Span>),
        languages: &[u32; LANGUAGES.len()],
        said: &mut Vec<u32>,
        scores: &mut HashMap<u16, f32>,
    ) {
        let word: String = {
            let words: Vec<&str> =
                tokens[span.words.clone()].iter().map(|token| token.text.as_str()).collect();
            words.join(" ")
        };
        // What was said in a better place is not said again.
        let key = span.terms.iter().map(|(term, _)| *term).min().unwrap_or_default();
        if said.contains(&key) {
            return;
        }
        said.push(key);
        let mut best: HashMap<u16, f32> = HashMap::new();
        let is_category = |term: u32| {
            let mut entries = lexicon.term(term).entries.iter();
            entries.any(|entry| entry.role == Role::Category)
        };
        let named = span.terms.iter().any(|(term, certain)| *certain == 1.0 && is_category(*term));
        for (term, certain) in &span.terms {
            let listed = lexicon.term(*term);
            let mut factor = *certain;
            if named && *certain < 1.0 {
                factor *= OTHER_FORM;
            }
            if listed.language != 0 {
                // The very name of a Category is hardly there by chance.
                let named = *certain == 1.0 && is_category(*term);
                let sure = named || !word.is_ascii() || languages[usize::from(listed.language)] > 1;
                factor *= if sure { FOREIGN } else { FOREIGN_ALONE };
            }
            let is_modifier = next.is_some_and(|next| tells_apart(lexicon, *term, next));
            for entry in &listed.entries {
                let role = match entry.role {
                    Role::Category if is_modifier => CATEGORY * MODIFIER,
                    Role::Category => CATEGORY,
                    Role::SubCategory => SUBCATEGORY,
                    Role::Synonym => 1.0,
                };
                let value = role * factor * source.weight * listed.weight;
                let best = best.entry(entry.cat).or_default();
                *best = best.max(value);
            }
            self.matches.push(MatchedWord { word: word.clone(), term: *term, place: source.place, factor });
        }
        best.into_iter().for_each(|(cat, value)| *scores.entry(cat).or_default() += value);
    }

    /// How strongly words point to a category.
    pub fn of(&self, cat: CatIndex) -> f32 {
        let at = self.scores.binary_search_by_key(&cat.to_u16(), |score| score.0);
        at.map_or(0.0, |at| self.scores[at].1)
    }

    /// The category that words point to most strongly.
    pub fn best(&self) -> Option<(CatIndex, f32)> {
        let best = self.scores.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
        Some((CatIndex::new(best.0)?, best.1))
    }

    /// The words that speak for a category, each once.
    pub fn evidence(&self, lexicon: &Lexicon, cat: CatIndex) -> Vec<Evidence> {
        let mut evidence: Vec<Evidence> = Vec::new();
        let mut words: Vec<(&str, Place)> = Vec::new();
        for found in &self.matches {
            let term = lexicon.term(found.term);
            let speaks = term.entries.iter().any(|entry| entry.cat == cat.to_u16());
            if speaks && !words.contains(&(&found.word, found.place)) {
                words.push((&found.word, found.place));
                evidence.push(Evidence::Word {
                    word: found.word.clone(),
                    term: term.text.clone(),
                    language: LANGUAGES[usize::from(term.language)],
                    place: found.place,
                });
            }
        }
        evidence
    }
}

/// Whether a term only tells apart what the next word names: both are Categories, and not the same.
fn tells_apart(lexicon: &Lexicon, term: u32, next: &Span) -> bool {
    let term = lexicon.term(term);
    if !matches!(LANGUAGES[usize::from(term.language)], "en" | "de" | "nl" | "sv" | "da" | "no" | "fi") {
        return false;
    }
    let categories = |entries: &[super::lexicon::Entry]| -> Vec<&'static str> {
        let of = |cat| CatIndex::new(cat).map(|cat| Catalogue::builtin().get(cat).category.as_ref());
        let named = entries.iter().filter(|entry| entry.role == Role::Category);
        named.filter_map(|entry| of(entry.cat)).collect()
    };
    let own = categories(&term.entries);
    let others: Vec<&str> =
        next.terms.iter().flat_map(|(term, _)| categories(&lexicon.term(*term).entries)).collect();
    !own.is_empty() && !others.is_empty() && !own.iter().any(|category| others.contains(category))
}

#[cfg(test)]
mod tests {
    use super::super::lexicon::TRANSLATIONS;
    use super::*;

    fn best(name: &str) -> &'static str {
        let source = Source { place: Place::FileName, weight: 1.0, text: name.to_owned() };
        let reading = Reading::new(Lexicon::builtin(), &[source]);
        reading.best().map_or("", |best| best.0.cat_id())
    }

    fn category(name: &str) -> String {
        let cat = Catalogue::builtin().by_cat_id(best(name));
        cat.map(|cat| Catalogue::builtin().get(cat).category.to_string()).unwrap_or_default()
    }

    #[test]
    fn compounds_are_what_their_last_word_says() {
        assert_eq!(category("fire alarm"), "ALARMS");
        assert_eq!(category("FireAlarm_03"), "ALARMS");
        assert_eq!(category("fire"), "FIRE");
        assert_eq!(best("wood door"), "DOORWood");
        assert_eq!(category("WoodenDoors_02"), "DOORS");
        assert_eq!(best("bathroom"), "AMBRoom");
        assert_ne!(category("bathroom tone"), "WATER");
    }

    #[test]
    fn plurals_cases_and_other_languages_are_the_same_words() {
        for name in
            ["Tür", "Türen", "Tuer", "Tueren", "Holztür", "puertas", "portes", "deuren", "двери", "門"]
        {
            assert_eq!(category(name), "DOORS", "{name}");
        }
        assert_eq!(best("Glastueren"), "DOORGlas");
        assert_eq!(category("Schiffsglocke"), "BELLS");
        assert_eq!(category("dog barking"), "ANIMALS");
        assert_eq!(best("dogs"), "ANMLDog");
    }

    #[test]
    fn forms_of_words_in_many_languages_name_their_category() {
        for (category_wanted, names) in [
            ("DOORS", &["døren", "dører", "dørene", "dörrar", "doerren", "porta", "portas", "porte"][..]),
            ("DOORS", &["ドア", "문", "门", "門", "drzwi", "двері", "kapı", "kapılar"]),
            ("ANIMALS", &["собаки", "köpek", "köpekler", "koira", "koirat", "cachorros", "perros", "chiens"]),
            ("ANIMALS", &["cane", "cani", "pies"]),
            ("BELLS", &["dzwon", "dzwony", "колокол", "колокола", "klokker"]),
        ] {
            names.iter().for_each(|name| assert_eq!(category(name), category_wanted, "{name}"));
        }
    }

    /// A library that is named in the words of the list's own translation.
    #[test]
    fn every_language_has_its_say() {
        let mut rows = csv::Reader::from_reader(TRANSLATIONS.as_bytes());
        let mut right = [(0, 0); LANGUAGES.len()];
        for row in rows.records().map(|row| row.unwrap()) {
            let language = LANGUAGES.iter().position(|language| *language == &row[1]).unwrap();
            let wanted = Catalogue::builtin().by_cat_id(&row[0]).unwrap();
            let said = category(&format!("{}_{}", &row[2], &row[3]));
            right[language].0 += usize::from(said == *Catalogue::builtin().get(wanted).category);
            right[language].1 += 1;
        }
        for (language, (right, all)) in LANGUAGES.iter().zip(right).skip(1) {
            assert!(all > 700 && right * 5 >= all * 4, "{language}: {right} of {all}");
        }
    }

    #[test]
    fn names_without_words_say_nothing() {
        for name in ["", "0001", "sfx_fx_loop", "x_y_z", "ÿÿ\u{0}", "misc"] {
            assert_eq!(best(name), "", "{name}");
        }
    }
}
