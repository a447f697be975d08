//! Views of every state, made up from names and seeded waveforms.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use earmark_plugin::exchange::{
    Audition, AuditionState, CategoryShare, FilterProblem, FilterState, Input, Library, LibraryState, Mode,
    Origin, Peak, Peaks, Problem, QueryId, Question, RecentQuery, Region, Results, Row, RowSource, Rows,
    Sound, SoundKey, SoundPeaks, View, Work,
};

/// As many rows as wished, each made when asked for.
pub struct Invented {
    pub rows: usize,
}

const SOUNDS: [(&str, &str, &str, &str, &str); 12] = [
    ("DOORWood", "DOORS", "WOOD", "Old Pantry Door Creak Slow", "Doors/Wood"),
    ("DOORCreak", "DOORS", "CREAK", "Attic Hatch Creak Long", "Doors/Creaks"),
    ("WOODFric", "WOOD", "FRICTION", "Crate Drag Across Planks", "Foley/Wood"),
    ("DOORMetl", "DOORS", "METAL", "Boiler Room Door Heavy Slam", "Doors/Metal"),
    ("FOLYProp", "FOLEY", "PROP", "Rocking Chair Creaks", "Foley/Props"),
    ("SHIPWood", "BOATS", "WOOD", "Hull Groans Below Deck Storm", "Boats"),
    ("AMBForst", "AMBIENCE", "FOREST", "Pine Forest Wind Trunks Creak Morning", "Ambiences/Forest"),
    ("MECHHing", "MECHANICAL", "HINGE", "Rusty Gate Hinge", "Mechanical"),
    ("WINDInt", "WIND", "INTERIOR", "Draught Through Keyhole", "Wind"),
    ("WOODImpt", "WOOD", "IMPACT", "Plank Drop Hall", "Foley/Wood"),
    ("CREAHmn", "CREATURES", "HUMANOID", "Groan Low Breathy", "Creatures"),
    (
        "FURNWood",
        "FURNITURE",
        "WOOD",
        "Wardrobe Door Open Close with a Very Long Name That Cannot Fit into Its Column",
        "Furniture",
    ),
];

impl RowSource for Invented {
    fn len(&self) -> usize {
        self.rows
    }

    fn row(&self, at: usize) -> Option<Row> {
        if at >= self.rows {
            return None;
        }
        let (cat_id, category, subcategory, name, folder) = SOUNDS[at % SOUNDS.len()];
        let take = at / SOUNDS.len() + 1;
        let labelled = at % 7 != 6;
        let file = if labelled {
            format!("{cat_id}_{name} {take:02}_EAR_HOUSE.wav")
        } else {
            format!("{name} {take:02}.wav")
        };
        let duration_s = [3.21, 0.64, 12.4, 5.08, 133.0, 47.7][at % 6];
        let match_s = duration_s * [0.0, 0.1, 0.6, 0.3][at % 4];
        Some(Row {
            sound: sound(at, &format!("/media/sfx/Library A/{folder}/{file}"), match_s),
            similarity_percent: 97.0 / (1.0 + at as f32 * 0.025),
            name: file,
            cat_id: labelled.then_some(cat_id),
            category: labelled.then_some(category),
            subcategory: labelled.then_some(subcategory),
            duration_s,
            channels: [2, 1, 2, 6][at % 4],
            sample_rate_hz: 48_000,
            match_length_s: 2.3_f64.min(duration_s - match_s),
        })
    }
}

/// The sound of a row.
pub fn sound(at: usize, path: &str, match_s: f64) -> Sound {
    Sound { key: SoundKey(at as u128 + 1), path: Arc::from(Path::new(path)), id: None, match_s }
}

/// A row of the invented library.
pub fn row(at: usize) -> Row {
    Invented { rows: usize::MAX }.row(at).expect("there is one")
}

/// A plausible waveform: bursts that fade, with a little noise, always the same for a seed.
pub fn peaks(seed: u64, stretches: usize) -> Arc<Peaks> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    let bursts: Vec<(f32, f32, f32)> =
        (0..3 + seed % 4).map(|_| (random(), 0.02 + random() * 0.25, 0.2 + random() * 0.8)).collect();
    let stretches = (0..stretches).map(|at| {
        let time = at as f32 / stretches as f32;
        let level: f32 = bursts
            .iter()
            .map(
                |(from, length, loud)| {
                    if time < *from { 0.0 } else { loud * (-(time - from) / length).exp() }
                },
            )
            .fold(0.004, f32::max);
        Peak { low: -level * (0.6 + 0.4 * random()), high: level * (0.6 + 0.4 * random()) }
    });
    Arc::new(Peaks { stretches: stretches.collect() })
}

pub fn open_library() -> Arc<Library> {
    Arc::new(Library {
        dir: Some(Arc::from(Path::new("/home/ed/.local/share/earmark/library"))),
        state: LibraryState::Open {
            sounds: 98_110,
            frames: 1_204_551,
            model: "aisfx".into(),
            damaged_sounds: 0,
        },
    })
}

/// Audio arrives, the transport runs over a loop range.
pub fn input() -> Input {
    Input {
        sample_rate_hz: 48_000.0,
        channels: 2,
        peak: 0.4,
        active: true,
        playing: true,
        offline: false,
        loop_range_s: Some((62.5, 68.7)),
        position_s: Some(65.0),
        dropped_samples: 0,
    }
}

/// Nothing asked yet.
pub fn listening(mode: Mode) -> View {
    View {
        revision: 1,
        mode,
        input: input(),
        library: open_library(),
        work: Work::Listening,
        ..View::default()
    }
}

pub fn no_loop_range() -> View {
    let mut view = listening(Mode::Selection);
    view.input = Input { loop_range_s: None, playing: false, active: false, peak: 0.0, ..view.input };
    view
}

pub fn half_heard() -> View {
    let region =
        Region { heard_s: vec![0.0..2.1, 4.0..5.2], playhead_s: Some(5.2), complete: false, ..region() };
    View { region: Some(Arc::new(region)), ..listening(Mode::Selection) }
}

pub fn rolling() -> View {
    let region = Region {
        origin: Origin::LastSeconds,
        duration_s: 30.0,
        heard_s: vec![0.0..30.0],
        trimmed_s: 3.2..28.6,
        playhead_s: None,
        complete: false,
        peaks: peaks(5, 2000),
        ..region()
    };
    View { region: Some(Arc::new(region)), ..listening(Mode::LastSeconds) }
}

pub fn analysing() -> View {
    View {
        region: Some(Arc::new(region())),
        work: Work::Analysing { progress: 0.45 },
        ..listening(Mode::Selection)
    }
}

pub fn no_library() -> View {
    let state = LibraryState::Missing { command: "earmark index PATH/TO/YOUR/SOUNDS".into() };
    View { library: Arc::new(Library { dir: None, state }), ..listening(Mode::Selection) }
}

/// What the session kept, without the library it came from.
pub fn library_gone() -> View {
    let kept = Results { restored: true, ..answer(100) };
    View { results: Arc::new(kept), library: no_library().library, ..results(100) }
}

pub fn library_failed() -> View {
    let message = "/home/ed/.local/share/earmark/library: made by a newer version of Earmark; update this plugin, or index again".into();
    let state = LibraryState::Failed { message };
    View {
        library: Arc::new(Library {
            dir: Some(Arc::from(Path::new("/home/ed/.local/share/earmark/library"))),
            state,
        }),
        ..listening(Mode::Selection)
    }
}

pub fn opening() -> View {
    View {
        library: Arc::new(Library { dir: None, state: LibraryState::Opening }),
        work: Work::Idle,
        ..listening(Mode::Selection)
    }
}

/// The captured loop range.
pub fn region() -> Region {
    Region {
        origin: Origin::Selection,
        duration_s: 6.2,
        peaks: peaks(3, 1500),
        heard_s: vec![0.0..6.2],
        trimmed_s: 0.0..6.2,
        selected_s: None,
        playhead_s: None,
        complete: true,
        cut_short: false,
    }
}

pub fn categories() -> Vec<CategoryShare> {
    [
        ("DOORWood", "DOORS", "WOOD", 0.52),
        ("DOORCreak", "DOORS", "CREAK", 0.21),
        ("WOODFric", "WOOD", "FRICTION", 0.09),
        ("FURNWood", "FURNITURE", "WOOD", 0.06),
    ]
    .map(|(cat_id, category, subcategory, share)| CategoryShare { cat_id, category, subcategory, share })
    .into()
}

/// An answer of so many rows.
pub fn answer(rows: usize) -> Results {
    Results {
        revision: 1,
        question: Some(Question { origin: Origin::Selection, duration_s: 6.2, id: QueryId(1) }),
        rows: Rows::new(Invented { rows }),
        passing: rows,
        categories: categories(),
        unknown_share: 0.12,
        nothing_close: false,
        restored: false,
        preliminary: false,
    }
}

/// The loop range has been heard and answered.
pub fn results(rows: usize) -> View {
    let sound_peaks: HashMap<SoundKey, SoundPeaks> = (0..rows.min(60))
        .map(|at| {
            let state = match at {
                5 => SoundPeaks::Pending,
                8 => SoundPeaks::Failed(Arc::from("the file is not there; index the library again")),
                _ => SoundPeaks::Ready(peaks(at as u64 + 11, 320)),
            };
            (SoundKey(at as u128 + 1), state)
        })
        .collect();
    View {
        region: Some(Arc::new(Region { selected_s: Some(1.1..4.4), ..region() })),
        results: Arc::new(answer(rows)),
        work: Work::Idle,
        favourites: Arc::new(HashSet::from([SoundKey(2), SoundKey(4)])),
        sound_peaks: Arc::new(sound_peaks),
        recent: recent(),
        ..listening(Mode::Selection)
    }
}

pub fn recent() -> Arc<[RecentQuery]> {
    let query = |id, label: &str, from_s, duration_s, cat_id| RecentQuery {
        id: QueryId(id),
        label: Arc::from(label),
        duration_s,
        from_s,
        cat_id,
    };
    Arc::new([
        query(1, "Loop range", Some(62.5), 6.2, Some("DOORWood")),
        query(7, "DOORMetl_Boiler Room Door Heavy Slam 01.wav", None, 5.1, Some("DOORMetl")),
        query(6, "Last seconds", None, 3.0, None),
    ])
}

pub fn playing() -> View {
    View {
        audition: Audition { sound: Some(SoundKey(1)), state: AuditionState::Playing, position_s: 1.4 },
        ..results(240)
    }
}

pub fn nothing_close() -> View {
    let far = Results { nothing_close: true, categories: Vec::new(), unknown_share: 1.0, ..answer(240) };
    View { results: Arc::new(far), ..results(240) }
}

pub fn nothing_passes() -> View {
    let none = Results { rows: Rows::default(), passing: 0, ..answer(0) };
    let filter = FilterState { text: "creak dur<0.1".into(), ..FilterState::default() };
    View { results: Arc::new(none), filter: Arc::new(filter), ..results(0) }
}

pub fn bad_filter() -> View {
    let error = FilterProblem { position: 9, message: "a number is missing after dur<".into() };
    let filter = FilterState {
        text: "creak dur<".into(),
        error: Some(error),
        cat_id: Some("DOORWood".into()),
        favourites_only: true,
    };
    View { filter: Arc::new(filter), ..results(240) }
}

pub fn problem() -> View {
    let message =
        "/media/sfx/Doors/creak.wav cannot be read: it ends in the middle of its audio; copy it again".into();
    let input = Input { dropped_samples: 48_000, ..input() };
    View { problem: Some(Arc::new(Problem { message })), input, ..results(240) }
}

pub fn file() -> View {
    let origin = Origin::File { path: PathBuf::from("/media/in/Pantry Door From Production Sound.wav") };
    let region = Region {
        origin: origin.clone(),
        duration_s: 21.0,
        trimmed_s: 0.4..20.2,
        selected_s: Some(6.0..11.5),
        ..region()
    };
    let answer =
        Results { question: Some(Question { origin, duration_s: 5.5, id: QueryId(1) }), ..answer(240) };
    View { mode: Mode::File, region: Some(Arc::new(region)), results: Arc::new(answer), ..results(240) }
}

/// Every state with a name, as the screenshots show it.
pub fn every_state() -> Vec<(&'static str, View)> {
    vec![
        ("no-library", no_library()),
        ("library-failed", library_failed()),
        ("opening", opening()),
        ("no-loop-range", no_loop_range()),
        ("listening", half_heard()),
        ("last-seconds", rolling()),
        ("file-mode", listening(Mode::File)),
        ("analysing", analysing()),
        ("results", results(98_110)),
        ("playing", playing()),
        ("file", file()),
        ("nothing-close", nothing_close()),
        ("nothing-passes", nothing_passes()),
        ("bad-filter", bad_filter()),
        ("problem", problem()),
        ("library-gone", library_gone()),
    ]
}
