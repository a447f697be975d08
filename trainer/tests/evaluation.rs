//! Figures against values worked out by hand or by scikit-learn 1.7.2.
#![allow(clippy::unwrap_used)]

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use earmark_trainer::dataset::{Clip, DataSet, Layout, Work};
use earmark_trainer::evaluate::bootstrap::{Draws, interval};
use earmark_trainer::evaluate::metrics::{Confusion, davies_bouldin};
use earmark_trainer::evaluate::vote::{Ties, frame_label, sound_label};
use earmark_trainer::evaluate::{
    Embeddings, KChoice, Metric, Near, Options, differences, evaluate, mean_average_precision_at_10, means,
    nearest, plots, results_csv,
};

fn with_work<T>(does: impl FnOnce(&Work<'_>) -> T) -> T {
    let stop = AtomicBool::new(false);
    does(&Work { jobs: NonZero::new(2).unwrap(), stop: &stop, progress: &|_| () })
}

/// Points of a linear congruential generator, as the reference was computed from: numbers of 23 bits below 1, exact in
/// `f32`.
fn points(count: usize, size: usize) -> Vec<f32> {
    let mut state = 12_345_u64;
    let mut next = || {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        (state >> 8) as f32 / (1 << 23) as f32
    };
    (0..count * size).map(|_| next()).collect()
}

/// Sixty points in three classes, each class half a step further along the first axis.
fn cloud() -> (Embeddings, Vec<usize>, Vec<usize>) {
    let mut values = points(60, 4);
    let classes: Vec<usize> = (0..60).map(|at| at % 3).collect();
    for (row, class) in values.chunks_exact_mut(4).zip(&classes) {
        row[0] += *class as f32 * 0.5;
    }
    let embeddings = Embeddings { values, size: 4, clip_of: (0..60).collect() };
    (embeddings, classes, (0..60).map(|at| at / 2).collect())
}

fn set_of(classes: &[usize], groups: &[usize]) -> DataSet {
    let clip = |(at, (&class, &group)): (usize, (&usize, &usize))| Clip {
        path: PathBuf::from(format!("/set/{at}.wav")),
        class,
        group,
        cat_id: None,
    };
    DataSet {
        name: "set".into(),
        root: "/set".into(),
        layout: Layout::Table,
        classes: (0..=*classes.iter().max().unwrap()).map(|class| format!("class {class}")).collect(),
        groups: (0..=*groups.iter().max().unwrap()).map(|group| format!("group {group}")).collect(),
        clips: classes.iter().zip(groups).enumerate().map(clip).collect(),
        given_split: None,
        unlabelled: 0,
        problems: Vec::new(),
    }
}

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found}, expected {expected}");
}

#[test]
fn f1_precision_and_recall_are_those_of_scikit_learn() {
    // sklearn.metrics.f1_score(truth, predicted, average="macro") and precision_recall_fscore_support
    let truth = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3];
    let predicted = [0, 0, 1, 2, 1, 1, 0, 2, 0, 2];
    let confusion = Confusion::of(4, truth.into_iter().zip(predicted.map(Some)));
    close(confusion.macro_f1(), 0.391_666_666_666_666_6);
    for (class, (precision, recall)) in
        [(0.5, 0.5), (2.0 / 3.0, 2.0 / 3.0), (1.0 / 3.0, 0.5), (0.0, 0.0)].into_iter().enumerate()
    {
        close(confusion.precision(class), precision);
        close(confusion.recall(class), recall);
    }
    close(confusion.accuracy(), 0.5);
    // What gets no prediction is missed by its class and charged to no other.
    let missed = Confusion::of(2, [(0, Some(0)), (0, None), (1, Some(1))].into_iter());
    close(missed.f1(0), 2.0 / 3.0);
    close(missed.f1(1), 1.0);
}

#[test]
fn the_davies_bouldin_index_is_that_of_scikit_learn() {
    let (embeddings, classes, _) = cloud();
    // sklearn.metrics.davies_bouldin_score
    close(davies_bouldin(&embeddings, &classes).unwrap(), 2.376_578_359_709_738_3);
    assert_eq!(davies_bouldin(&embeddings, &[0; 60]), None);
    // By hand: two classes, spreads 1 and 1, centres 4 apart.
    let pairs = Embeddings { values: vec![-1.0, 1.0, 3.0, 5.0], size: 1, clip_of: vec![0, 1, 2, 3] };
    close(davies_bouldin(&pairs, &[0, 0, 1, 1]).unwrap(), 0.5);
}

#[test]
fn one_neighbour_classifies_as_scikit_learn_does() {
    // KNeighborsClassifier(1), metric "euclidean" and "cosine", fitted on all other groups for each point; macro F1.
    let (embeddings, classes, groups) = cloud();
    let set = set_of(&classes, &groups);
    for (metric, expected) in
        [(Metric::Euclidean, 0.566_822_542_342_738_1), (Metric::Cosine, 0.497_607_655_502_392_3)]
    {
        let options = Options { ks: vec![KChoice::Fixed(1)], metric, replicates: 0, ..Options::default() };
        let it = with_work(|work| evaluate("model", &set, &embeddings, &options, work)).unwrap();
        close(it.knn[0].frame_f1.value, expected);
        close(it.knn[0].sound_f1.value, expected);
        assert_eq!(it.knn[0].frame_f1.low, None, "no samples, no interval");
    }
}

#[test]
fn neighbours_are_those_of_a_plain_search_over_many_blocks() {
    let (frames, size, count) = (700, 7, 9);
    let mut values = points(frames, size);
    // Copies of a vector far apart in the list: of equals the lower number is first.
    let copied = values[..size].to_vec();
    for at in [300, 301, 650] {
        values[at * size..][..size].copy_from_slice(&copied);
    }
    let groups: Vec<usize> = (0..frames).map(|at| at % 90).collect();
    let embeddings = Embeddings { values, size, clip_of: (0..frames).collect() };
    let found = with_work(|work| nearest(&embeddings, &groups, count, work)).unwrap();
    for (at, near) in found.iter().enumerate() {
        let mut all: Vec<(f64, usize)> = (0..frames)
            .filter(|&other| groups[other] != groups[at])
            .map(|other| {
                let pairs = embeddings.frame(at).iter().zip(embeddings.frame(other));
                let square: f64 = pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
                (square.sqrt(), other)
            })
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let expected: Vec<Near> =
            all[..count].iter().map(|&(distance, frame)| Near { frame, distance }).collect();
        assert_eq!(near, &expected, "frame {at}");
    }
    let one_group = with_work(|work| nearest(&embeddings, &vec![0; frames], count, work)).unwrap();
    assert!(one_group.iter().all(Vec::is_empty), "nobody is judged by its own group");
}

#[test]
fn votes_go_to_the_majority_and_ties_to_the_nearest() {
    let near = |frames: &[usize]| -> Vec<Near> {
        frames.iter().enumerate().map(|(at, &frame)| Near { frame, distance: at as f64 }).collect()
    };
    // Frame numbers are their classes.
    let classes = [0, 1, 2, 3];
    assert_eq!(frame_label(&near(&[2, 1, 1]), 3, &classes), Some(1));
    assert_eq!(frame_label(&near(&[2, 1, 1, 2]), 4, &classes), Some(2), "of two the nearest");
    assert_eq!(frame_label(&near(&[2, 1, 1]), 1, &classes), Some(2), "only k vote");
    assert_eq!(frame_label(&[], 5, &classes), None);
    let sound = |frames: &[(Option<usize>, f64)], ties| sound_label(frames.iter().copied(), ties);
    let tied = [(Some(2), 0.3), (Some(1), 0.5), (Some(1), 0.4), (Some(2), 0.9), (None, 0.0)];
    assert_eq!(sound(&tied, Ties::Nearest), Some(2));
    assert_eq!(sound(&tied, Ties::ClassOrder), Some(1));
    let clear = [(Some(3), 0.9), (Some(3), 0.8), (Some(1), 0.1)];
    assert_eq!(sound(&clear, Ties::Nearest), Some(3));
    assert_eq!(sound(&[], Ties::Nearest), None);
}

#[test]
fn average_precision_is_as_worked_out_by_hand() {
    // On a line: clip 0 at 0; others at 1 (wrong), 2 (right), 3 (right), 4 (its own group), 5 (wrong).
    let embeddings =
        Embeddings { values: vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], size: 1, clip_of: (0..6).collect() };
    let classes = [0, 1, 0, 0, 0, 2];
    let found =
        with_work(|work| mean_average_precision_at_10(&embeddings, &classes, &[0, 1, 2, 3, 0, 4], work));
    let found = found.unwrap();
    // Places 2 and 3 of two relevant: (1/2 + 2/3) / 2.
    close(found[0].unwrap(), (0.5 + 2.0 / 3.0) / 2.0);
    assert_eq!((found[1], found[5]), (None, None), "nothing else is of their class");
    // Several frames: each takes the nearest of the other sound. Clip 0 has frames at 0 and 10; clip 1 one at 4
    // (mean 5), clip 2 frames at 1 and 12 (mean 1.5).
    let framed =
        Embeddings { values: vec![0.0, 10.0, 4.0, 1.0, 12.0], size: 1, clip_of: vec![0, 0, 1, 2, 2] };
    let found =
        with_work(|work| mean_average_precision_at_10(&framed, &[0, 1, 0], &[0, 1, 2], work)).unwrap();
    close(found[0].unwrap(), 1.0);
}

#[test]
fn intervals_cover_and_are_the_same_for_the_same_seed() {
    let draws = Draws::new(40, 500, 3);
    let count = draws.replicates(|counts| counts.iter().map(|&count| f64::from(count)).sum());
    assert!(count.iter().all(|&count| count == 40.0), "as many groups as there are");
    let mean = |draws: &Draws| {
        draws.replicates(|counts| {
            counts.iter().enumerate().map(|(at, &count)| at as f64 * f64::from(count)).sum::<f64>() / 40.0
        })
    };
    let means = mean(&draws);
    assert_eq!(means, mean(&Draws::new(40, 500, 3)));
    assert_ne!(means, mean(&Draws::new(40, 500, 4)));
    let (low, high) = interval(&means, 0.05).unwrap();
    // The mean of 0..40 is 19.5, its standard error 11.54/√40 = 1.83.
    assert!(
        (low - (19.5 - 1.96 * 1.83)).abs() < 0.6 && (high - (19.5 + 1.96 * 1.83)).abs() < 0.6,
        "{low} {high}"
    );
    assert_eq!(interval(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.5), Some((2.0, 4.0)));
    assert_eq!(interval(&[], 0.05), None);
}

#[test]
fn a_better_model_is_better_beyond_doubt_and_the_results_can_be_shown() {
    let (embeddings, classes, groups) = cloud();
    let set = set_of(&classes, &groups);
    // A model that knows the class, and one that knows nothing.
    let knowing = Embeddings {
        values: classes.iter().enumerate().flat_map(|(at, &it)| [it as f32, at as f32 * 1e-3]).collect(),
        size: 2,
        clip_of: (0..60).collect(),
    };
    let options = Options { replicates: 200, ..Options::default() };
    let both: Vec<_> = [("plain", &embeddings), ("knowing", &knowing)]
        .into_iter()
        .map(|(name, it)| with_work(|work| evaluate(name, &set, it, &options, work)).unwrap())
        .collect();
    assert!(both[1].scores().iter().all(|(what, score)| score.value == 1.0 || what == "map@10"));
    assert!(both[1].map_at_10.value > 0.99, "{:?}", both[1].map_at_10.value);
    let found = differences(&both);
    assert_eq!(found.len(), 7, "frame and sound for three k, and retrieval");
    for it in &found {
        assert!(it.difference.low.unwrap() > 0.0, "{it:?}");
        assert_eq!((it.model.as_str(), it.beside.as_str()), ("knowing", "plain"));
    }
    let mean = means(&both);
    assert!(mean.iter().all(|it| it.sets == 1) && mean.len() == 14);
    let chosen = &both[0].knn[2];
    assert_eq!((chosen.k, chosen.used.len()), (KChoice::Validated, 5));
    let rows: u64 = chosen.confusion.iter().flatten().sum();
    assert_eq!(rows, 60, "each sound is counted once");
    let table = results_csv(&both);
    assert_eq!(table.lines().count(), 7);
    assert!(table.starts_with("model,set,k,") && table.contains("\nknowing,set,chosen,"));
    let picture = plots::bars("F1", "macro F1", &plots::f1_bars(&both, 1, false)).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("knowing") && !picture.contains("NaN"));
    let picture = plots::confusions("who is who", &set.classes, chosen).unwrap();
    assert!(picture.contains("class 2") && picture.trim_end().ends_with("</svg>"));
}
