//! How each sound is made: one recipe a source, grouped by what sounds. A recipe describes a physical cause
//! (struck modes, drops, sparks, combustion pulses) and draws its dimensions from the take's stream of
//! chance, so takes differ as recordings of the same thing do.

mod alarms;
mod ambience;
mod animals;
mod bells;
mod doors;
mod electric;
mod engines;
mod explosions;
mod fire;
mod footsteps;
mod glass;
mod hands;
mod metal;
mod scifi;
mod ticking;
mod water;
mod weather;
mod wood;

pub(crate) use ambience::{BELL_AT_S as AMBIENCE_BELL_AT_S, NAME as AMBIENCE};

use crate::audio::Audio;
use crate::dsp::Track;
use crate::dsp::booth::Booth;
use crate::dsp::master;
use crate::rng::Rng;

/// How to make one kind of sound, and where it stands in UCS.
#[derive(Debug)]
pub struct Recipe {
    /// Identifier, such as `church_bell`.
    pub name: &'static str,
    /// UCS CatID.
    pub cat_id: &'static str,
    /// UCS Category.
    pub category: &'static str,
    /// UCS SubCategory.
    pub sub_category: &'static str,
    /// FXName without the take number.
    pub fx_name: &'static str,
    /// How many takes the demo library holds; [`render`] makes any number.
    pub takes: u32,
    /// The rate at which it is rendered.
    pub sample_rate_hz: u32,
    peak_db: f64,
    fade_out_s: f64,
    play: fn(&mut Booth) -> Vec<Track>,
}

impl Recipe {
    const fn new(
        name: &'static str,
        [cat_id, category, sub_category]: [&'static str; 3],
        fx_name: &'static str,
        takes: u32,
        play: fn(&mut Booth) -> Vec<Track>,
    ) -> Self {
        Recipe {
            name,
            cat_id,
            category,
            sub_category,
            fx_name,
            takes,
            sample_rate_hz: 48_000,
            peak_db: -3.0,
            fade_out_s: 0.03,
            play,
        }
    }

    /// Renders at another rate than 48 kHz.
    const fn rate(self, sample_rate_hz: u32) -> Self {
        Recipe { sample_rate_hz, ..self }
    }

    /// Highest peak of a take; each lies up to 3 dB below.
    const fn peak(self, peak_db: f64) -> Self {
        Recipe { peak_db, ..self }
    }

    /// Length of the fade at the end.
    const fn fade(self, fade_out_s: f64) -> Self {
        Recipe { fade_out_s, ..self }
    }

    /// Makes a take; the same seed and take give the same samples on every platform.
    pub fn render(&self, seed: u64, take: u32) -> Audio {
        let mut booth =
            Booth { rng: Rng::for_take(seed, self.name, take), rate_hz: f64::from(self.sample_rate_hz) };
        let tracks = (self.play)(&mut booth);
        let peak_db = self.peak_db - booth.rng.between(0.0, 3.0);
        master::finish(tracks, self.sample_rate_hz, peak_db, self.fade_out_s)
    }
}

/// All recipes, in the order of the library.
pub fn all() -> impl Iterator<Item = &'static Recipe> {
    [
        ambience::RECIPES,
        wood::RECIPES,
        doors::RECIPES,
        metal::RECIPES,
        glass::RECIPES,
        footsteps::RECIPES,
        weather::RECIPES,
        fire::RECIPES,
        water::RECIPES,
        alarms::RECIPES,
        engines::RECIPES,
        scifi::RECIPES,
        bells::RECIPES,
        electric::RECIPES,
        ticking::RECIPES,
        explosions::RECIPES,
        hands::RECIPES,
        animals::RECIPES,
    ]
    .into_iter()
    .flatten()
}

/// The recipe of that name.
pub fn find(name: &str) -> Option<&'static Recipe> {
    all().find(|recipe| recipe.name == name)
}

/// Renders a take of the recipe of that name, or `None` when there is no such recipe.
pub fn render(name: &str, seed: u64, take: u32) -> Option<Audio> {
    find(name).map(|recipe| recipe.render(seed, take))
}
