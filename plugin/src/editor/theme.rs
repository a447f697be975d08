//! Colours and measures of the window, dark and light.
//!
//! Every colour has one duty. Pairs of text and ground keep WCAG 2.2's contrast of 4.5 : 1 (AA), graphics that mean
//! something 3 : 1 against what they lie on; [`Palette::text_pairs`] and [`Palette::graphic_pairs`] name the pairs, and
//! the tests compute them.

use egui::style::{ScrollStyle, Selection, TextCursorStyle, WidgetVisuals};
use egui::{
    Color32, Context, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Vec2, Visuals,
};

/// The colours of a theme.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Palette {
    /// Ground of the window.
    pub ground: Color32,
    /// Ground of bars, panels, menus.
    pub panel: Color32,
    /// Ground of fields and of the waveform.
    pub well: Color32,
    /// Ground of buttons.
    pub control: Color32,
    /// The same under the pointer.
    pub control_hovered: Color32,
    /// The same while pressed, and of toggles that are on.
    pub control_active: Color32,
    /// Ground of a row under the pointer.
    pub row_hovered: Color32,
    /// Ground of selected rows.
    pub row_selected: Color32,
    /// Hairlines between areas; they mean nothing by themselves.
    pub line: Color32,
    /// Text.
    pub text: Color32,
    /// Text of less weight.
    pub text_weak: Color32,
    /// What can be operated or is selected.
    pub accent: Color32,
    /// The matching moment, favourites.
    pub mark: Color32,
    /// What sounds.
    pub good: Color32,
    /// Errors.
    pub bad: Color32,
    /// Waveforms.
    pub wave: Color32,
    /// Waveforms outside the part that is asked about.
    pub wave_outside: Color32,
    /// Ground of the selected part of a waveform.
    pub wave_selected: Color32,
}

/// For dark rooms.
pub const DARK: Palette = Palette {
    ground: Color32::from_rgb(0x16, 0x18, 0x1c),
    panel: Color32::from_rgb(0x1d, 0x20, 0x25),
    well: Color32::from_rgb(0x11, 0x13, 0x16),
    control: Color32::from_rgb(0x2b, 0x2f, 0x36),
    control_hovered: Color32::from_rgb(0x36, 0x3b, 0x44),
    control_active: Color32::from_rgb(0x27, 0x47, 0x66),
    row_hovered: Color32::from_rgb(0x20, 0x24, 0x2a),
    row_selected: Color32::from_rgb(0x23, 0x38, 0x4e),
    line: Color32::from_rgb(0x30, 0x35, 0x3d),
    text: Color32::from_rgb(0xe6, 0xe9, 0xed),
    text_weak: Color32::from_rgb(0xaf, 0xb7, 0xc1),
    accent: Color32::from_rgb(0x79, 0xb8, 0xf2),
    mark: Color32::from_rgb(0xf0, 0xb4, 0x5c),
    good: Color32::from_rgb(0x7c, 0xcf, 0x9f),
    bad: Color32::from_rgb(0xff, 0x98, 0x8e),
    wave: Color32::from_rgb(0x8f, 0xa6, 0xbf),
    wave_outside: Color32::from_rgb(0x62, 0x6d, 0x7a),
    wave_selected: Color32::from_rgb(0x1d, 0x2c, 0x3b),
};

/// For bright rooms.
pub const LIGHT: Palette = Palette {
    ground: Color32::from_rgb(0xf7, 0xf8, 0xfa),
    panel: Color32::from_rgb(0xed, 0xef, 0xf2),
    well: Color32::from_rgb(0xff, 0xff, 0xff),
    control: Color32::from_rgb(0xdd, 0xe1, 0xe6),
    control_hovered: Color32::from_rgb(0xd0, 0xd6, 0xdd),
    control_active: Color32::from_rgb(0xbd, 0xd9, 0xf3),
    row_hovered: Color32::from_rgb(0xed, 0xf1, 0xf5),
    row_selected: Color32::from_rgb(0xd5, 0xe6, 0xf7),
    line: Color32::from_rgb(0xd0, 0xd5, 0xdb),
    text: Color32::from_rgb(0x1a, 0x1d, 0x22),
    text_weak: Color32::from_rgb(0x4f, 0x57, 0x62),
    accent: Color32::from_rgb(0x0d, 0x5a, 0xa0),
    mark: Color32::from_rgb(0x8a, 0x53, 0x00),
    good: Color32::from_rgb(0x14, 0x63, 0x3c),
    bad: Color32::from_rgb(0xae, 0x1f, 0x18),
    wave: Color32::from_rgb(0x45, 0x60, 0x7c),
    wave_outside: Color32::from_rgb(0x83, 0x8d, 0x99),
    wave_selected: Color32::from_rgb(0xe1, 0xed, 0xf9),
};

/// Text of the size of most of the window.
pub(super) const BODY_PT: f32 = 13.5;
/// Text that adds something.
pub(super) const SMALL_PT: f32 = 11.5;
/// Titles of the designed states.
pub(super) const TITLE_PT: f32 = 19.0;

impl Palette {
    /// The palette of the theme that a context shows.
    pub(super) fn of(visuals: &Visuals) -> &'static Self {
        if visuals.dark_mode { &DARK } else { &LIGHT }
    }

    /// Every pair of text and ground that the window uses.
    pub fn text_pairs(&self) -> Vec<(&'static str, Color32, Color32)> {
        let mut pairs = Vec::new();
        let grounds = [
            ("the ground", self.ground),
            ("a panel", self.panel),
            ("a well", self.well),
            ("a row under the pointer", self.row_hovered),
            ("a selected row", self.row_selected),
        ];
        for (_, ground) in grounds {
            pairs.push(("text", self.text, ground));
            pairs.push(("weak text", self.text_weak, ground));
            pairs.push(("accent", self.accent, ground));
            pairs.push(("mark", self.mark, ground));
            pairs.push(("good", self.good, ground));
            pairs.push(("bad", self.bad, ground));
        }
        for ground in [self.control, self.control_hovered, self.control_active, self.wave_selected] {
            pairs.push(("text of a control", self.text, ground));
            pairs.push(("weak text of a control", self.text_weak, ground));
        }
        pairs
    }

    /// Every pair of a meaningful graphic and what it lies on.
    pub fn graphic_pairs(&self) -> Vec<(&'static str, Color32, Color32)> {
        let mut pairs = Vec::new();
        for ground in [self.ground, self.well, self.row_hovered, self.row_selected, self.wave_selected] {
            pairs.push(("waveform", self.wave, ground));
            pairs.push(("matching moment", self.mark, ground));
            pairs.push(("handle", self.accent, ground));
            pairs.push(("playhead", self.good, ground));
        }
        pairs.push(("waveform outside", self.wave_outside, self.well));
        for ground in [self.ground, self.panel, self.control] {
            pairs.push(("focus ring", self.accent, ground));
        }
        pairs
    }
}

/// The contrast of two opaque colours after WCAG 2.2 ("contrast ratio"), 1 to 21.
pub fn contrast(a: Color32, b: Color32) -> f32 {
    let luminance = |color: Color32| {
        let linear = |channel: u8| {
            let value = f32::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Gives a context both themes.
pub fn install(context: &Context) {
    for (theme, palette) in [(egui::Theme::Dark, &DARK), (egui::Theme::Light, &LIGHT)] {
        context.style_mut_of(theme, |style| {
            style.visuals = visuals(theme, palette);
            style.text_styles = [
                (TextStyle::Heading, FontId::new(TITLE_PT, FontFamily::Proportional)),
                (TextStyle::Body, FontId::new(BODY_PT, FontFamily::Proportional)),
                (TextStyle::Button, FontId::new(BODY_PT, FontFamily::Proportional)),
                (TextStyle::Small, FontId::new(SMALL_PT, FontFamily::Proportional)),
                (TextStyle::Monospace, FontId::new(12.5, FontFamily::Monospace)),
            ]
            .into();
            let spacing = &mut style.spacing;
            spacing.item_spacing = Vec2::new(6.0, 6.0);
            spacing.button_padding = Vec2::new(8.0, 3.0);
            spacing.interact_size = Vec2::new(28.0, 26.0);
            spacing.menu_margin = Margin::same(6);
            spacing.slider_width = 90.0;
            spacing.scroll = ScrollStyle { bar_width: 10.0, ..ScrollStyle::solid() };
            style.interaction.tooltip_delay = 0.5;
            style.interaction.selectable_labels = false;
            // Things appear at once: nothing slides or fades while somebody waits.
            style.animation_time = 0.0;
            style.scroll_animation = egui::style::ScrollAnimation::none();
        });
    }
}

fn visuals(theme: egui::Theme, palette: &Palette) -> Visuals {
    let base = if theme == egui::Theme::Dark { Visuals::dark() } else { Visuals::light() };
    let radius = CornerRadius::same(5);
    let widget = |fill: Color32, stroke: Stroke, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: stroke,
        corner_radius: radius,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let focus = Stroke::new(1.5, palette.accent);
    let mut visuals = Visuals {
        override_text_color: None,
        weak_text_color: Some(palette.text_weak),
        selection: Selection { bg_fill: palette.control_active, stroke: Stroke::new(1.0, palette.text) },
        hyperlink_color: palette.accent,
        faint_bg_color: palette.row_hovered,
        extreme_bg_color: palette.well,
        text_edit_bg_color: Some(palette.well),
        code_bg_color: palette.well,
        warn_fg_color: palette.mark,
        error_fg_color: palette.bad,
        window_corner_radius: CornerRadius::same(7),
        window_fill: palette.panel,
        window_stroke: Stroke::new(1.0, palette.line),
        menu_corner_radius: CornerRadius::same(7),
        panel_fill: palette.panel,
        popup_shadow: Shadow { offset: [0, 4], blur: 14, spread: 0, color: Color32::from_black_alpha(90) },
        window_shadow: Shadow { offset: [0, 6], blur: 18, spread: 0, color: Color32::from_black_alpha(100) },
        text_cursor: TextCursorStyle {
            stroke: Stroke::new(2.0, palette.accent),
            // A blinking cursor would repaint the window twice a second for as long as it is open.
            blink: false,
            ..base.text_cursor.clone()
        },
        slider_trailing_fill: true,
        ..base
    };
    let widgets = &mut visuals.widgets;
    widgets.noninteractive = widget(palette.panel, Stroke::new(1.0, palette.line), palette.text);
    widgets.inactive = widget(palette.control, Stroke::NONE, palette.text);
    widgets.hovered = widget(palette.control_hovered, Stroke::NONE, palette.text);
    widgets.active = widget(palette.control_active, focus, palette.text);
    widgets.open = widget(palette.control_hovered, Stroke::NONE, palette.text);
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_the_contrast_of_wcag_aa() {
        for (name, palette) in [("dark", &DARK), ("light", &LIGHT)] {
            for (what, text, ground) in palette.text_pairs() {
                let ratio = contrast(text, ground);
                assert!(ratio >= 4.5, "{name}: {what} {text:?} on {ground:?} has {ratio:.2} : 1");
            }
        }
    }

    #[test]
    fn graphics_that_mean_something_stand_out() {
        for (name, palette) in [("dark", &DARK), ("light", &LIGHT)] {
            for (what, graphic, ground) in palette.graphic_pairs() {
                let ratio = contrast(graphic, ground);
                assert!(ratio >= 3.0, "{name}: {what} {graphic:?} on {ground:?} has {ratio:.2} : 1");
            }
        }
    }

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 1e-3);
        assert!((contrast(Color32::WHITE, Color32::WHITE) - 1.0).abs() < 1e-6);
        // The grey that just passes AA on white.
        assert!((contrast(Color32::from_rgb(0x76, 0x76, 0x76), Color32::WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn what_egui_draws_itself_uses_the_palette() {
        let context = Context::default();
        install(&context);
        for (theme, palette) in [(egui::Theme::Dark, &DARK), (egui::Theme::Light, &LIGHT)] {
            let style = context.style_of(theme);
            let texts = palette.text_pairs();
            for (widget, ground) in [
                (&style.visuals.widgets.inactive, style.visuals.widgets.inactive.weak_bg_fill),
                (&style.visuals.widgets.hovered, style.visuals.widgets.hovered.weak_bg_fill),
                (&style.visuals.widgets.active, style.visuals.widgets.active.weak_bg_fill),
                (&style.visuals.widgets.noninteractive, style.visuals.panel_fill),
            ] {
                let pair = (widget.fg_stroke.color, ground);
                assert!(
                    texts.iter().any(|(_, text, on)| (*text, *on) == pair),
                    "{theme:?}: {pair:?} is not checked"
                );
            }
        }
    }
}
