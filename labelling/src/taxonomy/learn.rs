//! Learns which categories stand behind the labels of another taxonomy.
//!
//! Each sound of a label is judged as by `tag`; its own UCS label, where it has one, counts for certain. What the words
//! of the label itself say counts like a few sounds more, so that a folder of three sounds is not told by chance. The
//! confidence in a category is its part of all that.

use std::collections::{BTreeMap, HashMap};

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
    /// By category: the sum of shares, how many sounds bear it as their label, the likeliest sounds.
    cats: HashMap<CatIndex, (f32, usize, Vec<(f32, String)>)>,
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
        let (sum, labelled, examples) = self.cats.entry(cat).or_default();
        *sum += share;
        *labelled += usize::from(own);
        examples.push((share, name));
        examples.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        examples.truncate(EXAMPLES);
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
        let bearing: usize = self.cats.values().map(|gathered| gathered.1).sum();
        let unlabelled = 1.0 - bearing as f32 / self.sounds.max(1) as f32;
        let words = if said.is_empty() { 0.0 } else { LABEL_WORDS * unlabelled };
        for (cat, share) in &said {
            self.cats.entry(*cat).or_default().0 += words * share;
        }
        let total = self.sounds as f32 + words;
        let open = category_alone(&self.cats, total);
        let mut targets: Vec<Target> = self
            .cats
            .into_iter()
            .map(|(cat, (sum, labelled, examples))| {
                let mut reasons = Vec::new();
                if labelled > 0 {
                    reasons.push(format!("{labelled} of {} sounds labelled so", self.sounds));
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
                    examples: examples.into_iter().map(|(_, name)| name).collect(),
                }
            })
            .filter(|target| target.confidence >= LEAST_CONFIDENCE)
            .collect();
        targets.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.cat.cmp(&b.cat)));
        targets.truncate(TARGETS);
        targets.extend(open.filter(|_| targets.is_empty()));
        MapRow { label, targets, sounds: self.sounds }
    }
}

/// The MISC of a Category that is likely, for a label that leaves the SubCategory open.
fn category_alone(cats: &HashMap<CatIndex, (f32, usize, Vec<(f32, String)>)>, total: f32) -> Option<Target> {
    let catalogue = Catalogue::builtin();
    let mut sums: BTreeMap<&str, (f32, Vec<(f32, String)>)> = BTreeMap::new();
    for (cat, (sum, _, examples)) in cats {
        let (all, named) = sums.entry(&catalogue.get(*cat).category).or_default();
        *all += sum;
        named.extend(examples.iter().cloned());
    }
    let (category, (sum, mut examples)) = sums.into_iter().max_by(|a, b| a.1.0.total_cmp(&b.1.0))?;
    let cat = catalogue.by_names(category, "MISC").filter(|_| sum / total >= CATEGORY)?;
    examples.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut names: Vec<String> = examples.into_iter().map(|(_, name)| name).collect();
    names.dedup();
    names.truncate(EXAMPLES);
    let reasons = format!("Category {category} {:.0} %, its SubCategory is open", sum / total * 100.0);
    Some(Target { cat, confidence: LEAST_CONFIDENCE, reasons, examples: names })
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
