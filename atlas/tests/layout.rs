//! Any vectors laid out in the plane: what was together stays together, and the same comes out every time.
#![allow(clippy::unwrap_used)]

mod support;

use std::num::NonZero;
use std::ops::ControlFlow;

use earmark_atlas::{AtlasError, Matrix, Options, Stage, label_agreement, lay_out, trustworthiness};
use proptest::prelude::*;
use support::{SIZE, cluster, go_on, options, vector};

const SOUNDS: u64 = 900;

fn clusters(sounds: u64) -> (Matrix, Vec<u64>) {
    (Matrix::new((0..sounds).flat_map(vector).collect(), SIZE), (0..sounds).map(cluster).collect())
}

#[test]
fn clusters_of_the_space_are_clusters_of_the_plane() {
    let (rows, labels) = clusters(SOUNDS);
    let positions = lay_out(&rows, &options(), &mut go_on).unwrap();
    let plane = Matrix::from(&positions[..]);
    let (space, found) = (label_agreement(&rows, &labels, 5), label_agreement(&plane, &labels, 5));
    let trust = trustworthiness(&rows, &positions, 10);
    println!("5-NN: {space:.3} in the space, {found:.3} in the plane; trustworthiness {trust:.3}");
    assert!(found > 0.98 * space && space > 0.95, "{found} of {space}");
    assert!(trust > 0.85, "{trust}");
    // Any two numbers of each do not do, so the above is not for nothing.
    let shadow: Vec<[f32; 2]> = rows.rows().map(|row| [row[0], row[1]]).collect();
    assert!(label_agreement(&Matrix::from(&shadow[..]), &labels, 5) < 0.7);
    assert!(trustworthiness(&rows, &shadow, 10) < 0.75);
    let few_steps = lay_out(&rows, &Options { steps: 1, ..options() }, &mut go_on).unwrap();
    assert!(label_agreement(&Matrix::from(&few_steps[..]), &labels, 5) < 0.9 * found);
}

#[test]
fn the_map_depends_on_the_seed_and_not_on_the_threads() {
    let (rows, _) = clusters(300);
    let with = |threads, seed| {
        let options = Options { threads: NonZero::new(threads).unwrap(), seed, steps: 300, ..options() };
        lay_out(&rows, &options, &mut go_on).unwrap()
    };
    let one = with(1, 1);
    assert_eq!(one, with(3, 1));
    assert_eq!(one, with(2, 1));
    assert_ne!(one, with(2, 2));
}

#[test]
fn it_stops_at_every_stage() {
    let (rows, _) = clusters(200);
    for (stage, after) in [(Stage::Comparing, 0.0), (Stage::Arranging, 0.0), (Stage::Arranging, 0.5)] {
        let mut told = 0;
        let mut watch = |progress: earmark_atlas::Progress| {
            assert!((0.0..=1.0).contains(&progress.done));
            if progress.stage == stage && progress.done >= after {
                told += 1;
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        assert!(matches!(lay_out(&rows, &options(), &mut watch), Err(AtlasError::Stopped)), "{stage:?}");
        assert_eq!(told, 1, "told on after {stage:?} was stopped");
    }
}

#[test]
fn copies_of_a_vector_do_not_push_each_other_out_of_the_map() {
    // A library has many silent files.
    let rows = (0..400u64).flat_map(|sound| if sound < 150 { vec![0.0; SIZE] } else { vector(sound) });
    let positions = lay_out(&Matrix::new(rows.collect(), SIZE), &options(), &mut go_on).unwrap();
    assert!(positions.iter().flatten().all(|x| x.abs() <= 1.0));
    let others = &positions[150..];
    let spread = |axis: usize| {
        others.iter().fold((1f32, -1f32), |(low, high), at| (low.min(at[axis]), high.max(at[axis])))
    };
    assert!(spread(0).1 - spread(0).0 > 0.5 || spread(1).1 - spread(1).0 > 0.5, "the rest was crushed");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_laid_out_lies_in_the_square(
        size in 1usize..6,
        rows in 0usize..60,
        perplexity in 0.0f32..100.0,
        steps in 0usize..40,
        values in prop::collection::vec(
            prop_oneof![
                4 => -1.0f32..1.0,
                1 => Just(0.0f32),
                1 => prop::sample::select(vec![1e30f32, -1e30, f32::NAN, f32::INFINITY, 1e-30]),
            ],
            360,
        ),
    ) {
        let matrix = Matrix::new(values[..rows * size].to_vec(), size);
        let options = Options { perplexity, steps, ..options() };
        let positions = lay_out(&matrix, &options, &mut go_on).unwrap();
        prop_assert_eq!(positions.len(), rows);
        prop_assert!(positions.iter().flatten().all(|x| x.abs() <= 1.0), "{:?}", positions);
    }
}
