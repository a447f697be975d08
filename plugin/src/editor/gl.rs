//! Draws egui's triangles with the window's OpenGL context.
//!
//! Unsafe because a GL context must be made current on the thread that draws. It is sound here: [`Painter`] lives inside
//! the window's handler, which baseview creates, calls and drops on the one thread that owns the window; baseview loads
//! GL's functions through the very context that is current while they are loaded and called; and each method makes the
//! context current for its own duration only, so that a host drawing with GL on the same thread is not disturbed.
#![allow(unsafe_code)]

use std::sync::Arc;

use baseview::WindowContext;
use baseview::gl::GlContext;
use egui_glow::glow;

/// Why the window cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub(super) enum GlError {
    /// The window came without an OpenGL context.
    #[error("the window has no OpenGL context; the graphics driver must offer OpenGL 3.2 or OpenGL ES")]
    NoContext,
    /// baseview could not use the context.
    #[error("OpenGL context: {0}")]
    Context(#[from] baseview::Error),
    /// egui's shaders or buffers could not be made.
    #[error("OpenGL painter: {0}")]
    Painter(String),
}

/// A GL context with egui's painter on it.
pub(super) struct Painter {
    context: GlContext,
    painter: egui_glow::Painter,
}

impl Painter {
    /// Compiles egui's shaders in the window's context.
    pub(super) fn new(window: &WindowContext) -> Result<Self, GlError> {
        let context = window.gl_context().ok_or(GlError::NoContext)?;
        // SAFETY: see the module's header; the context is current while its functions are looked up.
        let gl = unsafe {
            context.make_current()?;
            Arc::new(glow::Context::from_loader_function_cstr(|name| context.get_proc_address(name)))
        };
        let painter = egui_glow::Painter::new(gl, "", None, false);
        // SAFETY: releases what was made current above.
        unsafe { context.make_not_current()? };
        let painter = painter.map_err(|error| GlError::Painter(error.to_string()))?;
        Ok(Self { context, painter })
    }

    /// The longest side a texture may have, in pixels.
    pub(super) fn max_texture_side(&self) -> usize {
        self.painter.max_texture_side()
    }

    /// Draws one frame of `size_px` pixels over `background` and shows it.
    pub(super) fn paint(
        &mut self,
        egui: &egui::Context,
        output: &mut egui::FullOutput,
        size_px: [u32; 2],
        background: egui::Color32,
    ) -> Result<(), GlError> {
        let pixels_per_point = output.pixels_per_point;
        let primitives = egui.tessellate(std::mem::take(&mut output.shapes), pixels_per_point);
        // SAFETY: see the module's header.
        unsafe { self.context.make_current()? };
        self.painter.clear(size_px, background.to_normalized_gamma_f32());
        self.painter.paint_and_update_textures(
            size_px,
            pixels_per_point,
            &primitives,
            &mut output.textures_delta,
        );
        self.context.swap_buffers()?;
        // SAFETY: releases what was made current above.
        unsafe { self.context.make_not_current()? };
        Ok(())
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        // SAFETY: see the module's header. Without a current context nothing could be freed, and nothing is.
        if unsafe { self.context.make_current() }.is_ok() {
            self.painter.destroy();
            // SAFETY: releases what was made current above; a failure leaves nothing to do.
            let _ = unsafe { self.context.make_not_current() };
        }
    }
}
