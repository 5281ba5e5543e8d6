//! Draws schematic ID cards and photographs of them, for tests and measurements.
//!
//! Never realistic: flat colour, boxes, a drawn specimen person, 样本 SPECIMEN on every card, numbers of a region that was never assigned.
//! Text wants a font with Chinese characters, which a machine with Rust alone may not have: then `font` is `None`.

use std::path::Path;

use ab_glyph::{Font, FontVec, PxScale, ScaleFont, point};
use image::{Rgb, RgbImage, imageops};

/// Where Debian's fonts-noto-cjk puts it, and which of its faces is for simplified Chinese; `ZHAOSHEN_TEST_FONT` names another file.
const FONTS: [(&str, u32); 2] =
    [("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2), ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0)];
/// Pixels of a drawn card to the millimetre.
const PER_MM: f32 = 20.0;

/// A font with Chinese characters.
pub fn font() -> Option<FontVec> {
    let named = std::env::var("ZHAOSHEN_TEST_FONT").ok().map(|path| (path, 0));
    let usual = FONTS.iter().map(|(path, index)| ((*path).to_owned(), *index));
    named.into_iter().chain(usual).find_map(|(path, index)| FontVec::try_from_vec_and_index(std::fs::read(path).ok()?, index).ok())
}

/// The portrait of specimen `person`, 0–31.
pub fn portrait(person: usize) -> Option<RgbImage> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/specimens/p{person:02}_portrait.jpg"));
    Some(image::open(path).ok()?.into_rgb8())
}

/// What is on a card.
#[derive(Debug, Clone)]
pub struct Card<'a> {
    pub name: &'a str,
    pub number: &'a str,
    pub paper: [u8; 3],
}

fn write(picture: &mut RgbImage, font: &FontVec, (x_mm, y_mm): (f32, f32), height_mm: f32, colour: [u8; 3], text: &str) {
    let scaled = font.as_scaled(PxScale::from(height_mm * PER_MM));
    let (mut x, y) = (x_mm * PER_MM, y_mm * PER_MM + scaled.ascent() - scaled.height() / 2.0);
    for character in text.chars() {
        let id = font.glyph_id(character);
        let glyph = id.with_scale_and_position(scaled.scale(), point(x, y));
        x += scaled.h_advance(id);
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let bounds = outline.px_bounds();
        outline.draw(|dx, dy, cover| {
            let (px, py) = (bounds.min.x as i64 + i64::from(dx), bounds.min.y as i64 + i64::from(dy));
            if px < 0 || py < 0 || px >= i64::from(picture.width()) || py >= i64::from(picture.height()) {
                return;
            }
            let pixel = picture.get_pixel_mut(px as u32, py as u32);
            for (value, ink) in pixel.0.iter_mut().zip(colour) {
                *value = (f32::from(*value) * (1.0 - cover) + f32::from(ink) * cover).round() as u8;
            }
        });
    }
}

/// The portrait side.
pub fn draw(card: &Card, portrait: &RgbImage, font: &FontVec) -> RgbImage {
    let (width, height) = ((85.6 * PER_MM) as u32, (54.0 * PER_MM) as u32);
    let mut out = RgbImage::from_pixel(width, height, Rgb(card.paper));
    let (ink, label) = ([25, 25, 30], [70, 110, 150]);
    let at = |x: f32, y: f32| (x * 85.6, y * 54.0);
    for (y, words, value) in [(0.16, "姓名", card.name), (0.30, "性别", "样"), (0.43, "出生", "SPECIMEN"), (0.56, "住址", "样本 SPECIMEN")]
    {
        write(&mut out, font, at(0.06, y), 3.2, label, words);
        write(&mut out, font, at(0.19, y), if y < 0.2 { 4.4 } else { 3.4 }, ink, value);
    }
    write(&mut out, font, at(0.06, 0.86), 3.2, label, "公民身份号码");
    write(&mut out, font, at(0.36, 0.86), 4.6, ink, card.number);
    let (left, top) = ((0.63 * 85.6 * PER_MM) as i64, (0.12 * 54.0 * PER_MM) as i64);
    let (w, h) = ((0.32 * 85.6 * PER_MM) as u32, (0.60 * 54.0 * PER_MM) as u32);
    imageops::overlay(&mut out, &imageops::resize(portrait, w, h, imageops::FilterType::Triangle), left, top);
    out
}

/// The other side: no portrait.
#[allow(dead_code, reason = "measurements draw the portrait side only")]
pub fn draw_emblem_side(font: &FontVec) -> RgbImage {
    let mut out = RgbImage::from_pixel((85.6 * PER_MM) as u32, (54.0 * PER_MM) as u32, Rgb([228, 234, 238]));
    for (y, text) in [(0.2, "居民身份证 样本"), (0.5, "SPECIMEN"), (0.75, "签发机关 样本"), (0.87, "有效期限 样本")] {
        write(&mut out, font, (0.3 * 85.6, y * 54.0), 4.0, [25, 25, 30], text);
    }
    out
}

/// How a card is photographed.
#[derive(Debug, Clone)]
pub struct Shot {
    pub width: u32,
    pub height: u32,
    /// The card's corners in the upright photograph: top left, top right, bottom right, bottom left.
    pub corners: [(f64, f64); 4],
    /// By how many quarters the camera was held turned, counter-clockwise as the picture shows it.
    pub quarter_turns: u8,
    pub table: [u8; 3],
    /// Deviation of the blur in parts of the card's width.
    pub blur: f64,
    /// A burnt-out spot: its place on the card and its radius, in parts of the card's width.
    pub glare: Option<(f64, f64, f64)>,
    pub light: f64,
    /// Deviation of the noise, in levels.
    pub noise: f64,
    pub grey: bool,
    pub quality: u8,
}

impl Shot {
    /// A good photograph: the card over `part` of a picture `width` wide, tilted by `degrees` and in perspective, which makes the
    /// farther side (0 top, 1 right, 2 bottom, 3 left) shorter by `depth`.
    pub fn of(width: u32, part: f64, degrees: f64, depth: f64, farther: usize) -> Shot {
        let height = width * 3 / 4;
        let (w, h) = (f64::from(width) * part, f64::from(width) * part * 54.0 / 85.6);
        let (sin, cos) = degrees.to_radians().sin_cos();
        let corner = |index: usize| {
            let (mut u, mut v) = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)][index];
            let near = 1.0 - depth * [0.5 - v, 0.5 + u, 0.5 + v, 0.5 - u][farther];
            // Foreshortened, too.
            (u, v) = if farther.is_multiple_of(2) { (u * near, v * (1.0 - depth / 3.0)) } else { (u * (1.0 - depth / 3.0), v * near) };
            let (x, y) = (u * w, v * h);
            (f64::from(width) / 2.0 + x * cos - y * sin, f64::from(height) / 2.0 + x * sin + y * cos)
        };
        Shot {
            width,
            height,
            corners: std::array::from_fn(corner),
            quarter_turns: 0,
            table: [96, 78, 64],
            blur: 0.0,
            glare: None,
            light: 1.0,
            noise: 2.0,
            grey: false,
            quality: 88,
        }
    }

    /// The corners in the photograph as it is stored.
    pub fn true_corners(&self) -> [(f64, f64); 4] {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        self.corners.map(|(x, y)| match self.quarter_turns % 4 {
            1 => (y, width - x),
            2 => (width - x, height - y),
            3 => (height - y, x),
            _ => (x, y),
        })
    }
}

/// Photographs a drawn card; the same shot gives the same bytes.
pub fn photograph(card: &RgbImage, shot: &Shot) -> Vec<u8> {
    let to_card = to_unit(&shot.corners);
    let side = ((shot.corners[1].0 - shot.corners[0].0).hypot(shot.corners[1].1 - shot.corners[0].1)) as f32;
    // Reduced first, so that sampling does not skip over the print.
    let near = (side as u32 * 2).min(card.width());
    let card = imageops::resize(card, near, near * card.height() / card.width(), imageops::FilterType::Triangle);
    let (cw, ch) = (f64::from(card.width()), f64::from(card.height()));
    let mut out = RgbImage::new(shot.width, shot.height);
    for (x, y, pixel) in out.enumerate_pixels_mut() {
        let mut sum = [0.0f64; 3];
        for (dx, dy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
            let (u, v) = to_card(f64::from(x) + dx, f64::from(y) + dy);
            let colour = if (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v) {
                card.get_pixel((u * cw) as u32, (v * ch) as u32).0
            } else {
                // A table with some grain.
                let grain = ((f64::from(x) * 0.013).sin() * 6.0 + (f64::from(y) * 0.031).sin() * 4.0) as i32;
                shot.table.map(|c| (i32::from(c) + grain).clamp(0, 255) as u8)
            };
            for (sum, c) in sum.iter_mut().zip(colour) {
                *sum += f64::from(c) / 4.0;
            }
        }
        if let Some((gx, gy, radius)) = shot.glare {
            let (u, v) = to_card(f64::from(x) + 0.5, f64::from(y) + 0.5);
            let far = (u - gx).hypot((v - gy) * 54.0 / 85.6) / radius;
            let add = 400.0 * (1.5 - far).clamp(0.0, 1.0);
            sum = sum.map(|c| (c + add).min(255.0));
        }
        pixel.0 = sum.map(|c| (c * shot.light).clamp(0.0, 255.0) as u8);
    }
    if shot.blur > 0.0 {
        out = imageops::fast_blur(&out, shot.blur as f32 * side);
    }
    let mut state = 12345u32;
    for pixel in out.pixels_mut() {
        if shot.noise > 0.0 {
            for c in &mut pixel.0 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let uniform = f64::from(state >> 8) / f64::from(1u32 << 24) - 0.5;
                *c = (f64::from(*c) + uniform * 3.46 * shot.noise).clamp(0.0, 255.0) as u8;
            }
        }
        if shot.grey {
            let [r, g, b] = pixel.0.map(u32::from);
            pixel.0 = [((r * 299 + g * 587 + b * 114) / 1000) as u8; 3];
        }
    }
    // As the camera stores it: turning it clockwise by `quarter_turns` makes it upright.
    let stored = match shot.quarter_turns % 4 {
        1 => imageops::rotate270(&out),
        2 => imageops::rotate180(&out),
        3 => imageops::rotate90(&out),
        _ => out,
    };
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, shot.quality).encode_image(&stored).expect("a drawn picture is written");
    jpeg
}

/// From the photograph to the unit square of the card: the four corners' projective map, solved by elimination.
fn to_unit(corners: &[(f64, f64); 4]) -> impl Fn(f64, f64) -> (f64, f64) {
    let mut rows = [[0.0f64; 9]; 8];
    for (index, ((x, y), (u, v))) in corners.iter().zip([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]).enumerate() {
        rows[index * 2] = [*x, *y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u];
        rows[index * 2 + 1] = [0.0, 0.0, 0.0, *x, *y, 1.0, -v * x, -v * y, v];
    }
    for column in 0..8 {
        let pivot = (column..8).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs())).unwrap_or(column);
        rows.swap(column, pivot);
        let lead = rows[column];
        for (index, row) in rows.iter_mut().enumerate() {
            if index != column {
                let factor = row[column] / lead[column];
                for (value, of_lead) in row.iter_mut().zip(lead) {
                    *value -= factor * of_lead;
                }
            }
        }
    }
    let h: [f64; 8] = std::array::from_fn(|index| rows[index][8] / rows[index][index]);
    move |x, y| {
        let w = h[6] * x + h[7] * y + 1.0;
        ((h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w)
    }
}
