//! Finds the terms in the words of a text, longest first; the rules are told in [`reading`](super::reading).

use super::lexicon::{LANGUAGES, Lexicon, MAX_WORDS, is_empty, is_unspaced};
use super::tokens::Token;

/// A form of the word counts a little less than the word itself.
const SAME_STEM: f32 = 0.95;
/// Parts of a compound.
const PART: f32 = 0.8;
/// Shortest word of another language, and shortest part of a compound, letters.
const SHORTEST_FOREIGN: usize = 4;
/// English is English; words of these languages are joined to new ones freely.
const COMPOUNDING: [(&str, usize); 7] =
    [("de", 3), ("sv", 3), ("da", 3), ("no", 3), ("nl", 3), ("fi", 4), ("en", 4)];
/// Longer words are no words and only cost time, bytes.
const LONGEST_WORD: usize = 64;

/// A stretch of words that is a term.
pub(super) struct Span {
    /// Its words.
    pub words: std::ops::Range<usize>,
    /// Terms and how certain each is meant.
    pub terms: Vec<(u32, f32)>,
}

/// The terms in a text, longest first.
pub(super) fn spans(lexicon: &Lexicon, tokens: &[Token]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let longest = MAX_WORDS.min(tokens.len() - at);
        let found = (1..=longest).rev().find_map(|count| {
            let terms =
                if count > 1 { phrase(lexicon, &tokens[at..at + count]) } else { word(lexicon, &tokens[at]) };
            (!terms.is_empty()).then_some((count, terms))
        });
        match found {
            Some((count, terms)) => {
                spans.push(Span { words: at..at + count, terms });
                at += count;
            }
            None => {
                spans.extend(
                    parts(lexicon, &tokens[at]).into_iter().map(|terms| Span { words: at..at + 1, terms }),
                );
                at += 1;
            }
        }
    }
    spans
}

/// Terms of several words, also written as one: `fire truck` is a firetruck.
fn phrase(lexicon: &Lexicon, tokens: &[Token]) -> Vec<(u32, f32)> {
    let words: Vec<&str> = tokens.iter().map(|token| token.folded.as_str()).collect();
    let exact =
        prefer_english(lexicon, lexicon.exact(&words.join(" ")).iter().map(|term| (*term, 1.0)).collect());
    if !exact.is_empty() || words.iter().any(|word| word.chars().count() < 3 || is_empty(word)) {
        return exact;
    }
    // Only English: joined at random, words of twenty languages are found by chance.
    let joined = words.concat();
    let terms = lexicon.exact(&joined).iter().filter(|term| lexicon.term(**term).language == 0);
    terms.map(|term| (*term, 1.0)).collect()
}

/// Terms that a word is, or is a form of.
fn word(lexicon: &Lexicon, token: &Token) -> Vec<(u32, f32)> {
    let folded = token.folded.as_str();
    if is_empty(folded) || is_unspaced(folded) || folded.len() > LONGEST_WORD {
        return Vec::new();
    }
    let mut english: Vec<(u32, f32)> = of_language(lexicon, folded, 0);
    if !english.is_empty() {
        english.sort_unstable_by_key(|term| term.0);
        // `portes` may be a form of `port`, but it is the French doors: both are possible.
        if !english.iter().any(|(_, sure)| *sure == 1.0) {
            let foreign = lexicon.exact(folded).iter().filter(|_| folded.chars().count() > SHORTEST_FOREIGN);
            english.extend(foreign.map(|term| (*term, 1.0)));
        }
        return english;
    }
    let letters = folded.chars().count();
    if letters < SHORTEST_FOREIGN && (token.text.is_ascii() || letters < 2) {
        return Vec::new();
    }
    (1..LANGUAGES.len() as u8).flat_map(|language| of_language(lexicon, folded, language)).collect()
}

fn of_language(lexicon: &Lexicon, folded: &str, language: u8) -> Vec<(u32, f32)> {
    let is_here = |term: &&u32| lexicon.term(**term).language == language;
    let mut terms: Vec<(u32, f32)> =
        lexicon.exact(folded).iter().filter(is_here).map(|term| (*term, 1.0)).collect();
    for term in lexicon.by_stem(folded, language) {
        if !terms.iter().any(|(known, _)| known == term) {
            terms.push((*term, SAME_STEM));
        }
    }
    terms
}

fn prefer_english(lexicon: &Lexicon, terms: Vec<(u32, f32)>) -> Vec<(u32, f32)> {
    if terms.iter().any(|(term, _)| lexicon.term(*term).language == 0) {
        return terms.into_iter().filter(|(term, _)| lexicon.term(*term).language == 0).collect();
    }
    terms
}

/// Terms within an unknown word: of a script without blanks the longest in turn, else the two halves of a compound.
fn parts(lexicon: &Lexicon, token: &Token) -> Vec<Vec<(u32, f32)>> {
    let folded = token.folded.as_str();
    if is_unspaced(folded) {
        return unspaced(lexicon, folded);
    }
    if is_empty(folded) || folded.len() > LONGEST_WORD || !folded.chars().all(char::is_alphabetic) {
        return Vec::new();
    }
    for (name, shortest) in COMPOUNDING {
        let Some(language) = LANGUAGES.iter().position(|language| *language == name) else { continue };
        let language = language as u8;
        let mut places: Vec<usize> = folded.char_indices().map(|(place, _)| place).collect();
        places.push(folded.len());
        if places.len() <= 2 * shortest {
            continue;
        }
        // The last part is what the compound is: the longer it is, the less is read into the word.
        for place in &places[shortest..places.len() - shortest] {
            let (first, last) = folded.split_at(*place);
            let lasts = of_language(lexicon, last, language);
            if lasts.is_empty() {
                continue;
            }
            let mut firsts = of_language(lexicon, first, language);
            let links: &[&str] = if language == 0 { &[] } else { &["s", "n", "en", "es"] };
            for link in links {
                let bare = first.strip_suffix(link).filter(|bare| bare.chars().count() >= shortest);
                if let Some(bare) = bare.filter(|_| firsts.is_empty()) {
                    firsts = of_language(lexicon, bare, language);
                }
            }
            if !firsts.is_empty() {
                let part = |terms: Vec<(u32, f32)>| {
                    terms.into_iter().map(|(term, sure)| (term, sure * PART)).collect()
                };
                return vec![part(firsts), part(lasts)];
            }
        }
    }
    Vec::new()
}

/// Longest terms in turn; single letters only where the word is not longer.
fn unspaced(lexicon: &Lexicon, folded: &str) -> Vec<Vec<(u32, f32)>> {
    let letters: Vec<char> = folded.chars().collect();
    let shortest = if letters.len() == 1 { 1 } else { 2 };
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let longest = lexicon.longest_unspaced.min(letters.len() - at);
        let term = (shortest..=longest).rev().find_map(|count| {
            let key: String = letters[at..at + count].iter().collect();
            let terms = lexicon.exact(&key);
            (!terms.is_empty()).then(|| (count, terms.iter().map(|term| (*term, 1.0)).collect()))
        });
        match term {
            Some((count, terms)) => {
                found.push(terms);
                at += count;
            }
            None => at += 1,
        }
    }
    found
}
