//! The language of `find --filter` and of the plugin's filter field: `DOOR* -creak dur<5`.
//!
//! A filter is a list of terms separated by blanks, all of which must hold for a sound.
//!
//! | term | holds for sounds |
//! |---|---|
//! | `creak` | whose text, CatID, Category or SubCategory holds `creak`, whatever the case |
//! | `"wood door"` | the same for a phrase with blanks; wildcards and signs mean themselves in it |
//! | `DOOR*`, `*wood`, `UI?lick` | whose CatID the wildcards match as a whole, whatever the case; where no CatID of the list does, in whose text they match a word |
//! | `dur<5`, `dur>=2.5`, `dur>1m30s`, `dur<500ms` | of that duration; a bare number is seconds, units are `h`, `m`, `s`, `ms` |
//! | `dur=1..3`, `dur=10..`, `dur=..0.5` | whose duration is in the range, ends included |
//! | `dur=2`, `dur=2.50` | whose duration rounds to what is written: 1.5 to 2.5 s, 2.495 to 2.505 s |
//! | `ch=2`, `ch>1`, `rate>=96000`, `rate=44.1k` | with so many channels, at such a sample rate |
//! | `wood\|metal` | for which one of the alternatives holds |
//! | `-creak`, `-"room tone"`, `-dur>60`, `-WIND*\|RAIN*` | for which the term does not hold, alternatives and all |
//!
//! A wildcard that happens to match CatIDs is about CatIDs alone: `crea*` means the creatures (`CREABeast` …), not
//! every creak, for which the plain word `crea` is there.
//!
//! Terms that need no text are tried first, and [`Filter::decide_without_text`] often spares fetching it at all.

use memchr::memmem::Finder;

use self::quantity::{Condition, Quantity};
use crate::index::{SoundRef, composed_text};
use crate::ucs::{CatIndex, Catalogue, glob};

mod quantity;

/// An expression longer than this is refused; people type some dozens of characters.
const MAX_BYTES: usize = 4096;

/// What a filter asks of a sound.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Everything searchable (path, description, FX name …), made lower case by [`str::to_lowercase`].
    pub text: &'a str,
    /// The sound's label.
    pub cat: Option<CatIndex>,
    /// Duration in seconds.
    pub duration_s: f64,
    /// Number of channels.
    pub channels: u16,
    /// Sample rate in Hz.
    pub sample_rate_hz: u32,
}

/// A filter, ready to be applied to many sounds.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Ordered by cost: those that need no text first.
    terms: Vec<Term>,
}

/// Why an expression is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("filter, character {column}: {problem}")]
pub struct FilterError {
    /// Where in the expression, in bytes from 0.
    pub position: usize,
    /// Where in the expression, in characters from 1.
    pub column: usize,
    /// What is wrong there and what is expected.
    pub problem: String,
}

#[derive(Clone, Debug)]
struct Term {
    excluded: bool,
    alternatives: Vec<Test>,
}

#[derive(Clone, Debug)]
enum Test {
    /// A word or phrase in the text or in the names of the category.
    Text {
        finder: Finder<'static>,
        cats: CatSet,
    },
    /// Wildcards that match CatIDs.
    Cat(CatSet),
    /// Wildcards that match no CatID, but perhaps a word of the text.
    Word(WordGlob),
    Quantity(Condition),
}

/// A set of CatIDs, one bit each.
#[derive(Clone, Debug)]
struct CatSet([u64; CatIndex::COUNT.div_ceil(64)]);

#[derive(Clone, Debug)]
struct WordGlob {
    pattern: String,
    /// The longest stretch without wildcards, by which most texts are ruled out.
    rarest: Finder<'static>,
    /// The pattern has signs such as `-` or `.`, so words must be allowed to have them.
    with_signs: bool,
}

impl Filter {
    /// Reads an expression (see the module for the language); an empty one holds for every sound.
    ///
    /// # Errors
    /// [`FilterError`] tells where the expression is wrong and what is expected there.
    pub fn parse(expression: &str) -> Result<Self, FilterError> {
        let mut parser = Parser { expression, position: 0 };
        if expression.len() > MAX_BYTES {
            return Err(parser.error(MAX_BYTES, "the filter is too long; 4096 bytes are allowed"));
        }
        let mut terms = Vec::new();
        while parser.skip_blanks() {
            terms.push(parser.term()?);
        }
        terms.sort_by_key(Term::needs_text);
        Ok(Self { terms })
    }

    /// Whether the filter holds for every sound because it has no terms.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether any term asks for the text; if not, [`Facts::text`] may be empty.
    pub fn needs_text(&self) -> bool {
        self.terms.iter().any(Term::needs_text)
    }

    /// Whether the filter holds for a sound.
    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        self.terms.iter().all(|term| term.holds(facts, Some(facts.text)).unwrap_or(false))
    }

    /// Whether a sound passes; its text is fetched only where it decides.
    pub fn passes(&self, sound: &SoundRef<'_>) -> bool {
        let facts = |text| Facts {
            text,
            cat: sound.cat().and_then(CatIndex::new),
            duration_s: sound.row.duration_s,
            channels: sound.row.channels,
            sample_rate_hz: sound.row.sample_rate_hz,
        };
        match self.decide_without_text(&facts("")) {
            Some(decided) => decided,
            None => self.matches(&facts(sound.text().unwrap_or_default())),
        }
    }

    /// Whether the filter holds, as far as this can be told from everything but [`Facts::text`], which is ignored;
    /// `None` where the text has to be fetched and [`Filter::matches`] asked.
    pub fn decide_without_text(&self, facts: &Facts<'_>) -> Option<bool> {
        let mut decided = Some(true);
        for term in &self.terms {
            match term.holds(facts, None) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => decided = None,
            }
        }
        decided
    }
}

impl Term {
    fn needs_text(&self) -> bool {
        self.alternatives.iter().any(|test| matches!(test, Test::Text { .. } | Test::Word(_)))
    }

    /// Whether the term holds; `None` where that depends on a text not given.
    fn holds(&self, facts: &Facts<'_>, text: Option<&str>) -> Option<bool> {
        let mut found = Some(false);
        for test in &self.alternatives {
            match test.holds(facts, text) {
                Some(true) => return Some(!self.excluded),
                Some(false) => {}
                None => found = None,
            }
        }
        found.map(|found| found != self.excluded)
    }
}

impl Test {
    fn holds(&self, facts: &Facts<'_>, text: Option<&str>) -> Option<bool> {
        match self {
            Self::Quantity(condition) => Some(condition.holds(facts)),
            Self::Cat(cats) => Some(cats.contains(facts.cat)),
            Self::Text { cats, .. } if cats.contains(facts.cat) => Some(true),
            Self::Text { finder, .. } => text.map(|text| finder.find(text.as_bytes()).is_some()),
            Self::Word(word) => text.map(|text| word.is_in(text)),
        }
    }

    /// A word or phrase.
    fn text(text: &str) -> Self {
        let wanted = composed_text(text).to_lowercase();
        let cats = CatSet::of(|_, names| names.contains(&wanted));
        Self::Text { finder: Finder::new(wanted.as_bytes()).into_owned(), cats }
    }

    /// A token with wildcards.
    fn wildcards(token: &str) -> Self {
        let matching = Catalogue::builtin().matching(token);
        if matching.is_empty() {
            return Self::Word(WordGlob::new(token));
        }
        Self::Cat(CatSet::of(|cat, _| matching.binary_search(&cat).is_ok()))
    }
}

impl CatSet {
    /// The CatIDs for which `is_in` holds, given their lower-case names: `category subcategory\ncatid`.
    fn of(is_in: impl Fn(CatIndex, &str) -> bool) -> Self {
        let mut bits = [0u64; CatIndex::COUNT.div_ceil(64)];
        for (cat, entry) in Catalogue::builtin().iter() {
            let names = format!("{} {}\n{}", entry.category, entry.subcategory, entry.cat_id).to_lowercase();
            bits[cat.to_usize() / 64] |= u64::from(is_in(cat, &names)) << (cat.to_usize() % 64);
        }
        Self(bits)
    }

    fn contains(&self, cat: Option<CatIndex>) -> bool {
        cat.is_some_and(|cat| self.0[cat.to_usize() / 64] >> (cat.to_usize() % 64) & 1 == 1)
    }
}

impl WordGlob {
    fn new(token: &str) -> Self {
        let pattern = token.to_lowercase();
        let rarest = pattern.split(['*', '?']).max_by_key(|part| part.len()).unwrap_or_default();
        Self {
            rarest: Finder::new(rarest.as_bytes()).into_owned(),
            with_signs: pattern.contains(|c: char| !c.is_alphanumeric() && !matches!(c, '*' | '?')),
            pattern,
        }
    }

    fn is_in(&self, text: &str) -> bool {
        if self.rarest.find(text.as_bytes()).is_none() {
            return false;
        }
        let with_signs = self.with_signs;
        text.split(|c: char| {
            if with_signs { c.is_whitespace() || matches!(c, '/' | '\\' | '_') } else { !c.is_alphanumeric() }
        })
        .any(|word| glob::matches(&self.pattern, word))
    }
}

struct Parser<'e> {
    expression: &'e str,
    position: usize,
}

impl<'e> Parser<'e> {
    fn rest(&self) -> &'e str {
        &self.expression[self.position..]
    }

    /// Skips blanks; false at the end of the expression.
    fn skip_blanks(&mut self) -> bool {
        self.position = self.expression.len() - self.rest().trim_start().len();
        !self.rest().is_empty()
    }

    fn error(&self, position: usize, problem: impl Into<String>) -> FilterError {
        // The limit on length may fall inside a character.
        let before = self.expression.char_indices().take_while(|(at, _)| *at < position);
        FilterError { position, column: before.count() + 1, problem: problem.into() }
    }

    /// `[-]alternative{|alternative}`
    fn term(&mut self) -> Result<Term, FilterError> {
        let excluded = self.rest().starts_with('-');
        self.position += usize::from(excluded);
        let mut alternatives = vec![self.alternative(excluded)?];
        while self.rest().starts_with('|') {
            self.position += 1;
            alternatives.push(self.alternative(true)?);
        }
        Ok(Term { excluded, alternatives })
    }

    /// One alternative; `after_sign` says that a `-` or `|` stands before it.
    fn alternative(&mut self, after_sign: bool) -> Result<Test, FilterError> {
        let start = self.position;
        if let Some(quoted) = self.rest().strip_prefix('"') {
            return self.phrase(quoted);
        }
        let token = self.rest().split(|c: char| c.is_whitespace() || c == '|').next().unwrap_or_default();
        self.position += token.len();
        if token.is_empty() {
            let problem = if after_sign {
                "expected a word, a CatID or a condition such as dur<5 directly after the sign; \
                 put signs to be searched for in quotes"
            } else {
                "expected a word, a CatID or a condition such as dur<5 before '|'"
            };
            return Err(self.error(start, problem));
        }
        if token.starts_with('-') {
            let problem =
                "expected a term; '-' stands once, in front of all the alternatives that it excludes";
            return Err(self.error(start, problem));
        }
        if let Some(operator) = token.find(['<', '>', '=']) {
            return self.condition(start, token, operator).map(Test::Quantity);
        }
        Ok(if glob::has_wildcard(token) { Test::wildcards(token) } else { Test::text(token) })
    }

    /// A phrase whose opening quotation mark was just seen.
    fn phrase(&mut self, quoted: &str) -> Result<Test, FilterError> {
        let start = self.position;
        let Some(length) = quoted.find('"') else {
            return Err(self.error(start, "this quotation mark is not closed; expected another '\"'"));
        };
        let phrase = &quoted[..length];
        if phrase.trim().is_empty() {
            return Err(self.error(start, "expected a phrase between the quotation marks"));
        }
        self.position += length + 2;
        if self.rest().starts_with(|c: char| !c.is_whitespace() && c != '|') {
            return Err(self.error(self.position, "expected a blank or '|' after the quotation mark"));
        }
        Ok(Test::text(phrase))
    }

    fn condition(&self, start: usize, token: &str, operator: usize) -> Result<Condition, FilterError> {
        let Some(quantity) = Quantity::by_name(&token[..operator]) else {
            let problem = if operator == 0 {
                "expected dur, ch or rate directly before the sign, as in dur<5, without blanks".to_owned()
            } else {
                format!(
                    "\"{}\" is no quantity; expected dur, ch or rate, or quotation marks around text to be searched for",
                    &token[..operator]
                )
            };
            return Err(self.error(start, problem));
        };
        Condition::parse(quantity, &token[operator..])
            .map_err(|(offset, problem)| self.error(start + operator + offset, problem))
    }
}
