//! Draws egui's triangles into memory: pictures without a GPU, a window, or a driver's opinion.
//!
//! The same arithmetic as egui's shaders: colours are premultiplied and blended in gamma space, textures sampled
//! linearly.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use egui::epaint::{ImageData, Primitive, Vertex};
use egui::{ClippedPrimitive, Color32, Mesh, Pos2, TextureId, TexturesDelta};

/// Textures, and the drawing.
#[derive(Default)]
pub struct Raster {
    textures: HashMap<TextureId, Texture>,
}

struct Texture {
    width: usize,
    height: usize,
    pixels: Vec<Color32>,
}

/// Takes the harness's textures to the raster.
pub struct Textures(pub Rc<RefCell<Raster>>);

impl egui_kittest::TestRenderer for Textures {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        self.0.borrow_mut().update(delta);
    }
}

impl Raster {
    fn update(&mut self, delta: &mut TexturesDelta) {
        for (id, images) in delta.set.drain() {
            for image in images {
                let ImageData::Color(pixels) = &image.image;
                let [width, height] = pixels.size;
                if let Some([left, top]) = image.pos {
                    let texture = self.textures.get_mut(&id).expect("a patch follows its texture");
                    for row in 0..height {
                        let to = (top + row) * texture.width + left;
                        let from = row * width;
                        texture.pixels[to..to + width].copy_from_slice(&pixels.pixels[from..from + width]);
                    }
                } else {
                    self.textures.insert(id, Texture { width, height, pixels: pixels.pixels.clone() });
                }
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    /// RGBA of a picture of so many pixels.
    pub fn draw(&self, primitives: &[ClippedPrimitive], width: usize, height: usize, scale: f32) -> Vec<u8> {
        let mut canvas = Canvas { width, height, pixels: vec![[0.0, 0.0, 0.0, 1.0]; width * height] };
        for ClippedPrimitive { clip_rect, primitive } in primitives {
            let Primitive::Mesh(mesh) = primitive else { continue };
            let Some(texture) = self.textures.get(&mesh.texture_id) else { continue };
            let clip = *clip_rect * scale;
            let bounds = Bounds {
                left: clip.left().round().clamp(0.0, width as f32) as usize,
                top: clip.top().round().clamp(0.0, height as f32) as usize,
                right: clip.right().round().clamp(0.0, width as f32) as usize,
                bottom: clip.bottom().round().clamp(0.0, height as f32) as usize,
            };
            canvas.mesh(mesh, texture, &bounds, scale);
        }
        canvas
            .pixels
            .iter()
            .flat_map(|pixel| pixel.map(|channel| (channel * 255.0).round().clamp(0.0, 255.0) as u8))
            .collect()
    }
}

struct Bounds {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 4]>,
}

impl Canvas {
    fn mesh(&mut self, mesh: &Mesh, texture: &Texture, bounds: &Bounds, scale: f32) {
        for corners in mesh.indices.chunks_exact(3) {
            let corner = |at: usize| {
                let vertex = mesh.vertices[corners[at] as usize];
                Vertex { pos: (vertex.pos.to_vec2() * scale).to_pos2(), ..vertex }
            };
            self.triangle([corner(0), corner(1), corner(2)], texture, bounds);
        }
    }

    fn triangle(&mut self, mut corners: [Vertex; 3], texture: &Texture, bounds: &Bounds) {
        let area = cross(corners[0].pos, corners[1].pos, corners[2].pos);
        if area == 0.0 || !area.is_finite() {
            return;
        }
        if area < 0.0 {
            corners.swap(1, 2);
        }
        let area = area.abs();
        let [a, b, c] = corners.map(|corner| corner.pos);
        let (left, right) = (a.x.min(b.x).min(c.x), a.x.max(b.x).max(c.x));
        let (top, bottom) = (a.y.min(b.y).min(c.y), a.y.max(b.y).max(c.y));
        let columns = (left.floor().max(bounds.left as f32) as usize)
            ..(right.ceil().min(bounds.right as f32).max(0.0) as usize);
        for y in (top.floor().max(bounds.top as f32) as usize)
            ..(bottom.ceil().min(bounds.bottom as f32).max(0.0) as usize)
        {
            for x in columns.clone() {
                let centre = Pos2::new(x as f32 + 0.5, y as f32 + 0.5);
                let weights = [cross(b, c, centre), cross(c, a, centre), cross(a, b, centre)];
                let edges = [(b, c), (c, a), (a, b)];
                let inside = weights.iter().zip(edges).all(|(weight, (from, to))| {
                    // A pixel on an edge belongs to one of its two triangles: that whose top or left edge it is.
                    *weight > 0.0 || (*weight == 0.0 && (to.y < from.y || (to.y == from.y && to.x > from.x)))
                });
                if inside {
                    self.blend(x, y, shade(&corners, weights.map(|weight| weight / area), texture));
                }
            }
        }
    }

    fn blend(&mut self, x: usize, y: usize, color: [f32; 4]) {
        let under = &mut self.pixels[y * self.width + x];
        debug_assert!(y < self.height);
        for channel in 0..4 {
            under[channel] = color[channel] + under[channel] * (1.0 - color[3]);
        }
    }
}

fn cross(a: Pos2, b: Pos2, c: Pos2) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

fn shade(corners: &[Vertex; 3], weights: [f32; 3], texture: &Texture) -> [f32; 4] {
    let mut color = [0.0; 4];
    let mut uv = egui::Vec2::ZERO;
    for (corner, weight) in corners.iter().zip(weights) {
        uv += corner.uv.to_vec2() * weight;
        for (sum, channel) in color.iter_mut().zip(corner.color.to_array()) {
            *sum += f32::from(channel) / 255.0 * weight;
        }
    }
    let sample = texture.sample(uv);
    std::array::from_fn(|channel| color[channel] * sample[channel])
}

impl Texture {
    fn sample(&self, uv: egui::Vec2) -> [f32; 4] {
        let (x, y) = (uv.x * self.width as f32 - 0.5, uv.y * self.height as f32 - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (right_part, lower_part) = (x - left, y - top);
        let mut sum = [0.0; 4];
        for (dx, dy, part) in [
            (0.0, 0.0, (1.0 - right_part) * (1.0 - lower_part)),
            (1.0, 0.0, right_part * (1.0 - lower_part)),
            (0.0, 1.0, (1.0 - right_part) * lower_part),
            (1.0, 1.0, right_part * lower_part),
        ] {
            let column = (left + dx).clamp(0.0, self.width as f32 - 1.0) as usize;
            let row = (top + dy).clamp(0.0, self.height as f32 - 1.0) as usize;
            let pixel = self.pixels[row * self.width + column].to_array();
            for (sum, channel) in sum.iter_mut().zip(pixel) {
                *sum += f32::from(channel) / 255.0 * part;
            }
        }
        sum
    }
}

/// Writes a picture as PNG.
pub fn write_png(path: &std::path::Path, (width, height, pixels): &(u32, u32, Vec<u8>)) {
    let file = std::fs::File::create(path).expect("the picture's folder is there");
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), *width, *height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(pixels).expect("as many pixels as said");
}
