//! Learns which categories stand behind the labels of another taxonomy.
//!
//! Each sound of a label is judged as by `tag`; its own UCS label, where it has one, counts for certain. What the words
//! of the label itself say counts like a few sounds more, so that a folder of three sounds is not told by chance. The
//! confidence in a category is its part of all that.

use std::collections::BTreeMap;

use earmark_engine::index::{Segment, Snapshot, SoundRef};
use earmark_engine::ucs::{CatIndex, Catalogue};

use super::table::FileLabels;
use super::{MapRow, Target, Taxonomy, folder_of};
use crate::evidence::Place;
use crate::observer::Observer;
use crate::tag::{TagRequest, weigh};
use crate::words::{Lexicon, Reading, Source};

/// So many sounds weigh as much as the words of a label.
const LABEL_WORDS: f32 = 2.0;
/// Categories with a smaller part are not proposed …
const LEAST_CONFIDENCE: f32 = 0.15;
/// … and no more than so many.
const TARGETS: usize = 3;
/// Part from which a Category is proposed though none of its SubCategories is.
const CATEGORY: f32 = 0.35;
/// So many times the part of the likeliest CatID must its part be.
const FAR: f32 = 1.5;
/// Sounds named for each.
const EXAMPLES: usize = 3;

/// What to learn from.
pub struct LearnRequest<'a> {
    /// Which sounds take part.
    pub accepts: &'a (dyn Fn(&SoundRef<'_>) -> bool + Sync),
    /// The labels of the files; `None`: the folders are the labels.
    pub files: Option<&'a FileLabels>,
    /// The model's starter bank.
    pub bank: Option<&'a Segment>,
    /// Threads to work on.
    pub jobs: usize,
    /// Whether to stop early.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// What was learnt.
#[derive(Clone, Debug, Default)]
pub struct Learnt {
    /// The map, in the order of labels.
    pub taxonomy: Taxonomy,
    /// Sounds without a label of the other taxonomy.
    pub unlabelled: usize,
    /// Whether it was stopped early; then the map is empty.
    pub stopped: bool,
}

#[derive(Default)]
struct Gathered {
    sounds: usize,
    cats: BTreeMap<CatIndex, Part>,
}

/// A category's part in a label.
#[derive(Default)]
struct Part {
    /// Sum of the sounds' shares.
    sum: f32,
    /// Sounds that bear it.
    bearing: usize,
    /// The likeliest sounds with their shares.
    examples: Examples,
}

/// File names with shares, likeliest first.
#[derive(Clone, Default)]
struct Examples(Vec<(f32, String)>);

impl Examples {
    fn add(&mut self, examples: impl IntoIterator<Item = (f32, String)>) {
        self.0.extend(examples);
        self.0.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        self.0.dedup_by(|a, b| a.1 == b.1);
        self.0.truncate(EXAMPLES);
    }

    fn into_names(self) -> Vec<String> {
        self.0.into_iter().map(|(_, name)| name).collect()
    }
}

/// Learns a map from the sounds of a library.
pub fn learn(snapshot: &Snapshot, request: &LearnRequest<'_>, observer: &mut dyn Observer) -> Learnt {
    let tagging = TagRequest {
        accepts: request.accepts,
        bank: request.bank,
        jobs: request.jobs,
        stop: request.stop,
        ..TagRequest::default()
    };
    let mut labels: BTreeMap<String, Gathered> = BTreeMap::new();
    let mut unlabelled = 0;
    let complete = weigh(snapshot, &tagging, observer, &mut |_, weighed| {
        let label = match request.files {
            Some(files) => {
                let path = snapshot.full_path(&weighed.sound).unwrap_or_default();
                files.label_of(&path).map(str::to_owned)
            }
            None => folder_of(&weighed.sound),
        };
        let Some(label) = label else {
            unlabelled += 1;
            return;
        };
        let path = weighed.sound.path().unwrap_or_default();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        labels.entry(label).or_default().take(&weighed.judgement, weighed.sound.cat(), name);
    });
    if !complete {
        return Learnt { stopped: true, ..Learnt::default() };
    }
    let rows = labels.into_iter().map(|(label, gathered)| gathered.into_row(label)).collect();
    Learnt { taxonomy: Taxonomy::new(rows), unlabelled, stopped: false }
}

impl Gathered {
    fn take(&mut self, judgement: &crate::judgement::Judgement, own: Option<u16>, name: String) {
        self.sounds += 1;
        if let Some(cat) = own.and_then(CatIndex::new) {
            self.add(cat, 1.0, true, name);
            return;
        }
        for (cat, share) in &judgement.shares {
            self.add(*cat, *share, false, name.clone());
        }
    }

    fn add(&mut self, cat: CatIndex, share: f32, own: bool, name: String) {
        let part = self.cats.entry(cat).or_default();
        part.sum += share;
        part.bearing += usize::from(own);
        part.examples.add([(share, name)]);
    }

    fn into_row(mut self, label: String) -> MapRow {
        let lexicon = Lexicon::builtin();
        let parts: Vec<&str> = label.rsplit('/').collect();
        let sources: Vec<Source> = parts
            .iter()
            .enumerate()
            .map(|(at, part)| Source {
                place: Place::Folder,
                weight: 0.6f32.powi(at as i32),
                text: (*part).to_owned(),
            })
            .collect();
        let reading = Reading::new(lexicon, &sources);
        let said = words_shares(&reading);
        // Where sounds bear CatIDs, words have nothing to add.
        let bearing: usize = self.cats.values().map(|part| part.bearing).sum();
        let unlabelled = 1.0 - bearing as f32 / self.sounds.max(1) as f32;
        let words = if said.is_empty() { 0.0 } else { LABEL_WORDS * unlabelled };
        for (cat, share) in &said {
            self.cats.entry(*cat).or_default().sum += words * share;
        }
        let total = self.sounds as f32 + words;
        let open = category_alone(&self.cats, total);
        let mut targets: Vec<Target> = self
            .cats
            .into_iter()
            .map(|(cat, Part { sum, bearing, examples })| {
                let mut reasons = Vec::new();
                if bearing > 0 {
                    reasons.push(format!("{bearing} of {} sounds labelled so", self.sounds));
                }
                let words: Vec<String> = reading
                    .evidence(lexicon, cat)
                    .into_iter()
                    .filter_map(|evidence| match evidence {
                        crate::Evidence::Word { word, term, .. } if word.to_lowercase() != term => {
                            Some(format!("{word} = {term}"))
                        }
                        crate::Evidence::Word { word, .. } => Some(word),
                        _ => None,
                    })
                    .collect();
                if !words.is_empty() {
                    reasons.push(format!("words: {}", words.join(", ")));
                }
                if reasons.is_empty() {
                    reasons.push("sounds alike".to_owned());
                }
                Target {
                    cat,
                    confidence: sum / total,
                    reasons: reasons.join("; "),
                    examples: examples.into_names(),
                }
            })
            .filter(|target| target.confidence >= LEAST_CONFIDENCE)
            .collect();
        targets.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.cat.cmp(&b.cat)));
        targets.truncate(TARGETS);
        // A Category that is far likelier than what sounds like it here and there, but none of its SubCategories is.
        let best = targets.first().map_or(0.0, |best| best.confidence);
        let category = |cat: CatIndex| &Catalogue::builtin().get(cat).category;
        let is_told = |open: &Target| targets.iter().any(|target| category(target.cat) == category(open.cat));
        let open = open.filter(|(open, part)| *part > FAR * best && !is_told(open));
        targets.extend(open.map(|(open, _)| open));
        MapRow { label, targets, sounds: self.sounds }
    }
}

/// The MISC of a Category that is likely, with the Category's part, for a label that leaves the SubCategory open.
fn category_alone(cats: &BTreeMap<CatIndex, Part>, total: f32) -> Option<(Target, f32)> {
    let catalogue = Catalogue::builtin();
    let mut categories: BTreeMap<&str, Part> = BTreeMap::new();
    for (cat, part) in cats {
        let category = categories.entry(&catalogue.get(*cat).category).or_default();
        category.sum += part.sum;
        category.examples.add(part.examples.0.iter().cloned());
    }
    let (category, part) = categories.into_iter().max_by(|a, b| a.1.sum.total_cmp(&b.1.sum))?;
    let share = part.sum / total;
    let cat = catalogue.by_names(category, "MISC").filter(|_| share >= CATEGORY)?;
    let reasons = format!("Category {category} {:.0} %, its SubCategory is open", share * 100.0);
    let examples = part.examples.into_names();
    Some((Target { cat, confidence: LEAST_CONFIDENCE, reasons, examples }, share))
}

/// What words say, as parts of one: the strongest few, sharpened.
fn words_shares(reading: &Reading) -> Vec<(CatIndex, f32)> {
    let strongest = reading.best().map_or(0.0, |best| best.1);
    if strongest <= 0.0 {
        return Vec::new();
    }
    let mut shares: Vec<(CatIndex, f32)> = reading
        .scores
        .iter()
        .filter_map(|(cat, score)| Some((CatIndex::new(*cat)?, (score / strongest).powi(4))))
        .filter(|(_, share)| *share > 0.3)
        .collect();
    let total: f32 = shares.iter().map(|share| share.1).sum();
    shares.iter_mut().for_each(|share| share.1 /= total);
    shares
}
