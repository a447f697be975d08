//! What the host automates, and through it what the session keeps.

use std::sync::Arc;

use nice_plug::prelude::*;

use crate::session::SessionSlot;

/// Softest and loudest gain of the audition, dB.
pub const GAIN_RANGE_DB: (f32, f32) = (-60.0, 12.0);
/// After so many changes of the session counting begins anew.
pub const CHANGES: i32 = 1000;

/// The parameters.
#[derive(Params)]
pub struct Parameters {
    /// Lets the audio through as ever, but nothing is captured and nothing auditioned.
    #[id = "bypass"]
    pub bypass: BoolParam,
    /// Gain of the audition, linear.
    #[id = "gain"]
    pub gain: FloatParam,
    /// Counts changes of the session. It has no other meaning: a parameter that moves is the one way that the framework
    /// and both formats have to tell the host that there is something to save.
    #[id = "changes"]
    pub changes: IntParam,
    /// Everything else that is kept.
    #[persist = "session"]
    pub session: Arc<SessionSlot>,
}

impl Parameters {
    /// The parameters of an instance.
    pub fn new(session: Arc<SessionSlot>) -> Self {
        let (low, high) = (util::db_to_gain(GAIN_RANGE_DB.0), util::db_to_gain(GAIN_RANGE_DB.1));
        let factor = FloatRange::gain_skew_factor(GAIN_RANGE_DB.0, GAIN_RANGE_DB.1);
        let gain = FloatParam::new("Audition gain", 1.0, FloatRange::Skewed { min: low, max: high, factor })
            .with_smoother(SmoothingStyle::Linear(20.0))
            .with_unit(" dB")
            .with_value_to_string(formatters::v2s_f32_gain_to_db(1))
            .with_string_to_value(formatters::s2v_f32_gain_to_db());
        let changes = IntParam::new("Session changes", 0, IntRange::Linear { min: 0, max: CHANGES - 1 })
            .non_automatable()
            .hide_in_generic_ui();
        Self { bypass: BoolParam::new("Bypass", false).make_bypass(), gain, changes, session }
    }
}
