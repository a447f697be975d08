//! How much of a space a map of it shows.

use std::num::NonZero;
use std::ops::ControlFlow;

use crate::Matrix;
use crate::neighbours::nearest;

/// Trustworthiness of a map: 1 where the `count` nearest of each point in the plane are among its nearest in the space,
/// about 0.5 for points thrown at random (Venna and Kaski, Neural Networks 19, 2006).
///
/// Looks at every pair of rows: for thousands of them, not more.
///
/// # Panics
/// When there are not as many positions as rows, or `count` is not below two thirds of them.
pub fn trustworthiness(rows: &Matrix, positions: &[[f32; 2]], count: usize) -> f64 {
    let total = rows.len();
    assert_eq!(total, positions.len(), "a position for each row");
    assert!(count > 0 && 3 * count + 1 < 2 * total, "too few rows for so many neighbours");
    let in_plane = all_nearest(&plane(positions), count);
    let ranked = all_nearest(rows, total - 1);
    let mut penalty = 0.0;
    for (near, ranked) in in_plane.iter().zip(&ranked) {
        let mut rank = vec![0usize; total];
        ranked.iter().enumerate().for_each(|(at, row)| rank[*row as usize] = at + 1);
        penalty += near.iter().map(|row| rank[*row as usize].saturating_sub(count) as f64).sum::<f64>();
    }
    let (n, k) = (total as f64, count as f64);
    1.0 - penalty * 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0))
}

/// Share of rows whose label is that of most of their `count` nearest others; of equally many, the nearest decides.
///
/// # Panics
/// When there are not as many labels as rows.
pub fn label_agreement<L: PartialEq>(rows: &Matrix, labels: &[L], count: usize) -> f64 {
    assert_eq!(rows.len(), labels.len(), "a label for each row");
    let right = all_nearest(rows, count).into_iter().zip(labels).filter(|(near, label)| {
        let votes = |candidate: &L| near.iter().filter(|row| labels[**row as usize] == *candidate).count();
        let mut best: Option<(usize, &L)> = None;
        for row in near {
            let candidate = &labels[*row as usize];
            let votes = votes(candidate);
            if best.is_none_or(|(most, _)| votes > most) {
                best = Some((votes, candidate));
            }
        }
        best.is_some_and(|(_, found)| found == *label)
    });
    right.count() as f64 / rows.len().max(1) as f64
}

/// Positions as rows, to compare what holds in the plane with what holds in the space.
impl From<&[[f32; 2]]> for Matrix {
    fn from(positions: &[[f32; 2]]) -> Self {
        Self::new(positions.iter().flatten().copied().collect(), 2)
    }
}

fn plane(positions: &[[f32; 2]]) -> Matrix {
    positions.into()
}

fn all_nearest(rows: &Matrix, count: usize) -> Vec<Vec<u32>> {
    let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    // Nobody stops it.
    let found = nearest(rows, rows, count, true, threads, &mut |_| ControlFlow::Continue(()));
    found
        .unwrap_or_default()
        .into_iter()
        .map(|near| near.into_iter().map(|near| near.row).collect())
        .collect()
}
