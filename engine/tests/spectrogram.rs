//! Streaming, framing and validation of the spectrogram.
#![allow(clippy::unwrap_used)]

use earmark_engine::spectrogram::{
    FilterNormalisation, FilterShape, FrameAssembler, FrameRule, FrontEnd, LogScale, MelExtractor,
    MelFilterbank, MelScale, ShortRule, TailRule, WindowKind,
};
use proptest::prelude::*;

fn front_end() -> FrontEnd {
    FrontEnd {
        sample_rate_hz: 8_000,
        clip_amplitude: 1.0,
        window_samples: 64,
        window: WindowKind::HannSymmetric,
        hop_samples: 24,
        first_column_samples: -32,
        mel_bands: 5,
        mel_scale: MelScale::Htk,
        min_hz: 0.0,
        max_hz: 4_000.0,
        filter_shape: FilterShape::TriangleInMel,
        filter_normalisation: FilterNormalisation::UnitSum,
        log: LogScale { factor: 10_000.0, offset: 1.0, divisor: 2.0 },
    }
}

fn noise(samples: usize) -> Vec<f32> {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..samples).map(|_| next()).collect()
}

/// Columns of a sound that arrives in pieces.
fn columns(mel: &mut MelExtractor, pieces: &[&[f32]]) -> Vec<Vec<f32>> {
    let mut columns = Vec::new();
    for piece in pieces {
        let mut piece = *piece;
        while let Some(column) = mel.push(&mut piece) {
            columns.push(column.to_vec());
        }
    }
    while let Some(column) = mel.finish() {
        columns.push(column.to_vec());
    }
    columns
}

/// Frames of a sound of `count` columns of one band, column `i` holding `i + 1`, as (start, values).
fn frames(rule: FrameRule, count: u32) -> Vec<(u32, Vec<f32>)> {
    let mut assembler = FrameAssembler::new(rule, 1);
    let mut frames = Vec::new();
    for index in 0..count {
        frames.extend(
            assembler.push(&[(index + 1) as f32]).map(|frame| (frame.start_column, frame.mel.to_vec())),
        );
    }
    frames.extend(assembler.finish().map(|frame| (frame.start_column, frame.mel.to_vec())));
    frames
}

fn rule(tail: TailRule) -> FrameRule {
    FrameRule { columns: 4, hop_columns: 2, short: ShortRule::ZeroPad, tail }
}

#[test]
fn a_tone_is_loudest_in_the_band_that_holds_it() {
    let front_end = front_end();
    let mut mel = MelExtractor::new(&front_end);
    let tone: Vec<f32> = (0..800)
        .map(|index| (std::f32::consts::TAU * 2_000.0 * index as f32 / 8_000.0).sin() * 0.5)
        .collect();
    let dense = MelFilterbank::new(&front_end).to_dense();
    let bin = 2_000 * 64 / 8_000;
    let weight = |band: usize| dense[band * 33 + bin];
    let expected = (0..5).max_by(|&left, &right| weight(left).total_cmp(&weight(right)));
    let columns = columns(&mut mel, &[&tone]);
    let middle = &columns[columns.len() / 2];
    let found = (0..5).max_by(|&left, &right| middle[left].total_cmp(&middle[right]));
    assert_eq!(found, expected);
}

#[test]
fn silence_is_zero_and_a_sound_without_samples_has_the_columns_before_its_end() {
    let front_end = front_end();
    let mut mel = MelExtractor::new(&front_end);
    let silent = columns(&mut mel, &[&[0.0; 300]]);
    assert_eq!(silent.len() as u64, front_end.column_count(300));
    assert!(silent.iter().flatten().all(|&value| value == 0.0));
    assert_eq!(columns(&mut mel, &[]).len() as u64, front_end.column_count(0));
}

#[test]
fn samples_are_clipped_and_those_that_are_not_numbers_stay_visible() {
    let mut mel = MelExtractor::new(&front_end());
    let loud: Vec<f32> = noise(200).iter().map(|sample| sample.signum() * 3.0).collect();
    let clipped: Vec<f32> = loud.iter().map(|sample| sample.clamp(-1.0, 1.0)).collect();
    assert_eq!(columns(&mut mel, &[&loud]), columns(&mut mel, &[&clipped]));
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut samples = noise(200);
        samples[100] = broken;
        assert!(columns(&mut mel, &[&samples]).iter().flatten().any(|value| value.is_nan()));
    }
}

#[test]
fn a_tail_far_below_hearing_gives_the_column_of_silence() {
    let mut mel = MelExtractor::new(&front_end());
    let faint = [1e-38_f32; 300];
    assert_eq!(columns(&mut mel, &[&faint]), columns(&mut mel, &[&[0.0; 300]]));
}

#[test]
fn a_sound_shorter_than_a_frame_is_filled_up_with_zeros() {
    assert_eq!(frames(rule(TailRule::Drop), 0), []);
    assert_eq!(frames(rule(TailRule::Drop), 3), [(0, vec![1.0, 2.0, 3.0, 0.0])]);
    assert_eq!(frames(rule(TailRule::AlignToEnd), 1), [(0, vec![1.0, 0.0, 0.0, 0.0])]);
}

#[test]
fn a_tail_is_dropped_or_gets_a_frame_that_ends_with_the_sound() {
    let regular = [(0, vec![1.0, 2.0, 3.0, 4.0]), (2, vec![3.0, 4.0, 5.0, 6.0])];
    assert_eq!(frames(rule(TailRule::Drop), 6), regular);
    assert_eq!(frames(rule(TailRule::Drop), 7), regular);
    assert_eq!(frames(rule(TailRule::AlignToEnd), 6), regular);
    let aligned = frames(rule(TailRule::AlignToEnd), 7);
    assert_eq!(aligned[..2], regular);
    assert_eq!(aligned[2..], [(3, vec![4.0, 5.0, 6.0, 7.0])]);
}

#[test]
fn a_sound_leaves_nothing_behind_for_the_next() {
    let mut assembler = FrameAssembler::new(rule(TailRule::AlignToEnd), 1);
    for _ in 0..7 {
        assembler.push(&[9.0]);
    }
    assembler.finish();
    assembler.push(&[1.0]);
    let frame = assembler.finish().map(|frame| (frame.start_column, frame.mel.to_vec()));
    assert_eq!(frame, Some((0, vec![1.0, 0.0, 0.0, 0.0])));
}

/// Makes one constant impossible.
type Spoil = fn(&mut FrontEnd);

#[test]
fn constants_that_cannot_be_are_named() {
    let invalid: [(&str, Spoil); 9] = [
        ("sample_rate_hz", |front_end| front_end.sample_rate_hz = 0),
        ("window_samples", |front_end| front_end.window_samples = u32::MAX),
        ("hop_samples", |front_end| front_end.hop_samples = 0),
        ("first_column_samples", |front_end| front_end.first_column_samples = i32::MIN),
        ("mel_bands", |front_end| front_end.mel_bands = 0),
        ("max_hz", |front_end| front_end.max_hz = 4_001.0),
        ("min_hz", |front_end| front_end.min_hz = f32::NAN),
        ("clip_amplitude", |front_end| front_end.clip_amplitude = f32::INFINITY),
        ("log", |front_end| front_end.log.divisor = 0.0),
    ];
    assert_eq!(front_end().validate(), Ok(()));
    for (field, spoil) in invalid {
        let mut front_end = front_end();
        spoil(&mut front_end);
        let message = front_end.validate().unwrap_err();
        assert!(message.contains(field), "{message}");
    }
    assert!(FrameRule { hop_columns: 5, ..rule(TailRule::Drop) }.validate().is_err());
    assert!(FrameRule { columns: 0, ..rule(TailRule::Drop) }.validate().is_err());
}

proptest! {
    // Failures are printed; there is no file of them to keep.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_of_any_size_give_the_columns_of_the_whole(
        length in 0_usize..700, cuts in prop::collection::vec(0_usize..700, 0..6),
    ) {
        let front_end = front_end();
        let samples = noise(length);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(length)).collect();
        cuts.extend([0, length]);
        cuts.sort_unstable();
        let pieces: Vec<&[f32]> = cuts.windows(2).map(|pair| &samples[pair[0]..pair[1]]).collect();
        let mut mel = MelExtractor::new(&front_end);
        let whole = columns(&mut mel, &[&samples]);
        prop_assert_eq!(whole.len() as u64, front_end.column_count(length as u64));
        prop_assert_eq!(columns(&mut mel, &pieces), whole);
    }

    #[test]
    fn the_number_of_frames_is_the_one_foretold(
        columns in 1_u32..12, hop in 1_u32..12, count in 0_u32..60, align: bool,
    ) {
        let tail = if align { TailRule::AlignToEnd } else { TailRule::Drop };
        let rule = FrameRule { columns, hop_columns: hop.min(columns), short: ShortRule::ZeroPad, tail };
        let frames = frames(rule, count);
        prop_assert_eq!(frames.len() as u64, rule.frame_count(count.into()));
        for (start, values) in &frames {
            let expected = (0..columns).map(|offset| start + offset + 1);
            let expected: Vec<f32> =
                expected.map(|value| if value <= count { value as f32 } else { 0.0 }).collect();
            prop_assert_eq!(values, &expected);
        }
        if align && count > 0 {
            prop_assert!(frames.last().is_some_and(|(start, _)| start + columns >= count));
        }
    }
}
