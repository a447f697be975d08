//! Figures of a classification and of an embedding.

use super::embeddings::Embeddings;

/// True classes by predicted ones; predictions may be missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Confusion {
    /// `[true class, predicted class]`; the last column counts what got no prediction.
    counts: Vec<f64>,
    classes: usize,
}

impl Confusion {
    /// No observations of so many classes.
    pub fn new(classes: usize) -> Self {
        Self { counts: vec![0.0; classes * (classes + 1)], classes }
    }

    /// Counts observations of true and predicted class.
    pub fn of(classes: usize, observations: impl Iterator<Item = (usize, Option<usize>)>) -> Self {
        let mut confusion = Self::new(classes);
        observations.for_each(|(truth, predicted)| confusion.add(truth, predicted, 1.0));
        confusion
    }

    /// Adds an observation of some weight.
    pub fn add(&mut self, truth: usize, predicted: Option<usize>, weight: f64) {
        self.counts[truth * (self.classes + 1) + predicted.unwrap_or(self.classes)] += weight;
    }

    /// Observations of a true class predicted as another.
    pub fn count(&self, truth: usize, predicted: usize) -> f64 {
        self.counts[truth * (self.classes + 1) + predicted]
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Observations of a class.
    pub fn support(&self, class: usize) -> f64 {
        self.counts[class * (self.classes + 1)..][..=self.classes].iter().sum()
    }

    /// Observations predicted as a class.
    pub fn predicted(&self, class: usize) -> f64 {
        (0..self.classes).map(|truth| self.count(truth, class)).sum()
    }

    /// Right ones of those predicted as a class; 0 where there are none.
    pub fn precision(&self, class: usize) -> f64 {
        ratio(self.count(class, class), self.predicted(class))
    }

    /// Right ones of those of a class; 0 where there are none.
    pub fn recall(&self, class: usize) -> f64 {
        ratio(self.count(class, class), self.support(class))
    }

    /// Harmonic mean of precision and recall, 2·TP / (2·TP + FP + FN).
    pub fn f1(&self, class: usize) -> f64 {
        ratio(2.0 * self.count(class, class), self.support(class) + self.predicted(class))
    }

    /// Mean F1 of the classes that occur, as truth or as prediction; 0 where none does.
    pub fn macro_f1(&self) -> f64 {
        let occurring: Vec<usize> =
            (0..self.classes).filter(|&class| self.support(class) + self.predicted(class) > 0.0).collect();
        let sum: f64 = occurring.iter().map(|&class| self.f1(class)).sum();
        ratio(sum, occurring.len() as f64)
    }

    /// Part of the observations that are right.
    pub fn accuracy(&self) -> f64 {
        let right: f64 = (0..self.classes).map(|class| self.count(class, class)).sum();
        ratio(right, self.counts.iter().sum())
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Davies-Bouldin index of classes of vectors (Davies and Bouldin, IEEE Trans. PAMI 1(2), 1979): for each class the
/// worst ratio of two classes' mean distances from their centres to the distance of the centres, averaged; small where
/// classes are apart. Classes that share a centre count 0 with each other, as in scikit-learn. `None` for fewer than two
/// classes.
pub fn davies_bouldin(embeddings: &Embeddings, class_of: &[usize]) -> Option<f64> {
    let (size, classes) = (embeddings.size, class_of.iter().max()? + 1);
    let mut centres = vec![vec![0.0_f64; size]; classes];
    let mut counts = vec![0_usize; classes];
    for (at, &class) in class_of.iter().enumerate() {
        counts[class] += 1;
        centres[class].iter_mut().zip(embeddings.frame(at)).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    for (centre, &count) in centres.iter_mut().zip(&counts) {
        centre.iter_mut().for_each(|sum| *sum /= count.max(1) as f64);
    }
    let mut spread = vec![0.0_f64; classes];
    for (at, &class) in class_of.iter().enumerate() {
        let pairs = embeddings.frame(at).iter().zip(&centres[class]);
        spread[class] += pairs.map(|(&x, c)| (f64::from(x) - c).powi(2)).sum::<f64>().sqrt();
    }
    spread.iter_mut().zip(&counts).for_each(|(sum, &count)| *sum /= count.max(1) as f64);
    let present: Vec<usize> = (0..classes).filter(|&class| counts[class] > 0).collect();
    if present.len() < 2 {
        return None;
    }
    let worst = |&a: &usize| {
        let others = present.iter().filter(|&&b| b != a).map(|&b| {
            let pairs = centres[a].iter().zip(&centres[b]);
            let apart = pairs.map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
            ratio(spread[a] + spread[b], apart)
        });
        others.fold(0.0, f64::max)
    };
    Some(present.iter().map(worst).sum::<f64>() / present.len() as f64)
}
