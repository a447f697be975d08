//! A picture in points, for documents that do not take SVG.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// Points for each unit of the drawing: sharp on a screen of high resolution and in print.
const SCALE: f32 = 2.0;

/// Draws an SVG of ours as PNG. Its text is set in a font that the program brings along, so that the picture is the same
/// on every machine.
///
/// # Errors
/// What was wrong with the drawing, in words.
pub(super) fn png(svg: &str) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    let family = fonts.faces().next().and_then(|face| face.families.first()).map(|(name, _)| name.clone());
    let family = family.ok_or("the font cannot be read")?;
    fonts.set_sans_serif_family(&family);
    let options = Options { fontdb: Arc::new(fonts), font_family: family, ..Options::default() };
    let drawing = Tree::from_str(svg, &options)?;
    let size = drawing.size().to_int_size().scale_by(SCALE).ok_or("the picture has no size")?;
    let mut points = Pixmap::new(size.width(), size.height()).ok_or("the picture is too large")?;
    resvg::render(&drawing, Transform::from_scale(SCALE, SCALE), &mut points.as_mut());
    Ok(points.encode_png()?)
}
