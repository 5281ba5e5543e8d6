//! Looking at a finished photo as a stranger would: by its own pixels and bytes, whoever made it.

use image::RgbImage;

use super::checks::{self, View};
use super::decode::{self, Source};
use super::encode::Encoded;
use super::engine::{Engine, hashes, in_order, report};
use super::error::PhotoError;
use super::face::{Face, indices};
use super::look::Subject;
use super::matte::{self, Plane};
use super::raster::Frame;
use super::standard::Standard;
use super::weights;
use crate::domain::check::{Check, CheckId, Why};
use crate::domain::report::{Geometry, OutputFacts, Report};

/// The longer side up to which a stranger's picture is matted in its own pixels.
const LARGEST: u32 = 1280;
/// Pixels within which colour and matte speak of the same hair.
const SAME: f64 = 8.0;

impl Engine {
    pub(super) fn check_result(&self, bytes: &[u8], source: &Source, standard: &Standard) -> Result<Report, PhotoError> {
        let (width, height) = source.pixels.dimensions();
        let mut report = report(standard, &source.facts, &[weights::BLAZEFACE, weights::FACE_MESH]);
        let found = self.find_faces(&source.pixels)?;
        let mut all = checks::file_checks(bytes, width, height, standard);
        all.push(checks::judge(standard, CheckId::FaceCount, found.faces.len() as f64));
        let coloured = by_colour(&source.pixels, standard.background.rgb);
        all.push(checks::matte_edge(&source.pixels, &coloured, standard));
        if let Some(face) = found.single() {
            // A net and not the colour says who is background: what is off the colour must be seen, not taken for a person.
            let alpha = self.stranger(&source.pixels, face)?;
            report.weights = hashes(&[weights::BLAZEFACE, weights::FACE_MESH, weights::SELFIE, weights::RVM]);
            all.push(checks::finished_background(&source.pixels, &alpha, standard));
            let view = View { picture: &source.pixels, face, alpha: &alpha };
            // The measures of geometry are in pixels of the standard's size: in any other size they mean nothing.
            if (width, height) == (standard.picture.width, standard.picture.height) {
                let seen = hair_top(&source.pixels, standard.background.rgb, face.face_width());
                let measured = measured(face, seen.unwrap_or(f64::NAN));
                all.extend(checks::geometry(&measured, standard));
                report.geometry = seen.map(|_| measured);
            }
            all.extend(checks::of_finished(&view, standard));
            all.extend(checks::of_capture(&source.pixels, face, standard));
        }
        let judged = CheckId::ALL.iter().filter(|id| {
            !matches!(
                id,
                CheckId::SourceFaceSize | CheckId::CutOff | CheckId::Enlarging | CheckId::SourceBackground | CheckId::MatteConfidence
            )
        });
        let missing = if found.faces.len() == 1 { Why::NotJudged } else { Why::NoFace };
        for id in judged {
            if !all.iter().any(|check| check.id == *id) {
                all.push(Check::unknown(*id, missing));
            }
        }
        report.checks = in_order(all);
        Ok(report)
    }

    /// Who is person in a finished picture that somebody else made.
    fn stranger(&self, pixels: &RgbImage, face: &Face) -> Result<Plane, PhotoError> {
        let (width, height) = pixels.dimensions();
        let frame = Frame { x: 0.0, y: 0.0, width: f64::from(width), height: f64::from(height) };
        let chin = face.points[indices::CHIN].y + 0.1 * face.face_width();
        // No finished picture is larger; one that is gets its matte at a size that costs no more.
        let scale = (f64::from(LARGEST) / f64::from(width.max(height))).min(1.0);
        let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
        let rough = matte::rough(&self.mattes, pixels, frame, chin, side(width), side(height))?;
        Ok(rough.alpha.resized(width as usize, height as usize))
    }

    /// Reads the written file back and measures it as a stranger would; its own measures are the ones that are reported and that count.
    pub(super) fn measure_again(
        &self,
        encoded: &Encoded,
        subject: &Subject,
        standard: &Standard,
        report: &mut Report,
    ) -> Result<(), PhotoError> {
        let written = decode::decode(&encoded.jpeg)?.pixels;
        let (width, height) = written.dimensions();
        let mut anew = checks::file_checks(&encoded.jpeg, width, height, standard);
        anew.push(checks::finished_background(&written, &subject.matte.alpha, standard));
        anew.push(checks::matte_edge(&written, &by_colour(&written, standard.background.rgb), standard));
        let found = self.find_faces(&written)?;
        anew.push(checks::judge(standard, CheckId::FaceCount, found.faces.len() as f64));
        if let Some(face) = found.single() {
            // Hair or a cap of the background's colour cannot be seen by colour: there the matte's word stands, which is the definition.
            let defined = subject.matte.hair_top(face.face_width()).map(|row| row as f64);
            let seen = hair_top(&written, standard.background.rgb, face.face_width());
            let top = seen.filter(|seen| defined.is_none_or(|defined| (seen - defined).abs() <= SAME)).or(defined);
            let measured = measured(face, top.unwrap_or(f64::NAN));
            anew.extend(checks::geometry(&measured, standard));
            anew.extend(checks::bearing(face, standard));
            report.geometry = Some(measured);
        }
        report.checks.retain(|check| !anew.iter().any(|new| new.id == check.id));
        report.checks.append(&mut anew);
        report.checks = in_order(std::mem::take(&mut report.checks));
        report.output = Some(OutputFacts {
            width,
            height,
            bytes: encoded.jpeg.len() as u64,
            quality: encoded.quality,
            sampling: encoded.sampling.to_owned(),
        });
        Ok(())
    }
}

fn measured(face: &Face, hair_top: f64) -> Geometry {
    let middle = face.eye_middle();
    Geometry { hair_top, eye_line: middle.y, face_width: face.face_width(), centre_x: middle.x, roll_deg: face.roll_deg }
}

/// How far a pixel is from the background, in levels of the channel that differs most.
fn off(pixel: [u8; 3], background: [u8; 3]) -> u8 {
    pixel.iter().zip(background).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0)
}

/// The first row of the hair in a finished picture: where at least 3 % of the face's width is covered by half or more. What covers a pixel
/// by half stands half as far from the background as the hair itself does, and that is learned from the rows right below. `None` where nobody
/// is seen, or where the very first row is no background.
fn hair_top(picture: &RgbImage, background: [u8; 3], face_width: f64) -> Option<f64> {
    /// A JPEG's noise around an edge stays below this.
    const LEAST: u8 = 14;
    let need = (0.03 * face_width).max(1.0);
    let first = |threshold: u8, from: u32| {
        (from..picture.height())
            .find(|y| (0..picture.width()).filter(|x| off(picture.get_pixel(*x, *y).0, background) > threshold).count() as f64 >= need)
    };
    let touched = first(LEAST, 0).filter(|row| *row > 0)?;
    let below = touched..(touched + (0.15 * face_width) as u32 + 1).min(picture.height());
    let mut hair: Vec<u8> = below
        .flat_map(|y| (0..picture.width()).map(move |x| (x, y)))
        .map(|(x, y)| off(picture.get_pixel(x, y).0, background))
        .filter(|off| *off > LEAST)
        .collect();
    hair.sort_unstable();
    // The upper quartile: the soft edge is the lower half of what is seen here.
    let solid = hair.get(hair.len() * 3 / 4).copied().unwrap_or(0);
    first((solid / 2).max(LEAST), touched).map(f64::from)
}

/// Person and background of a finished picture by the background's colour alone.
fn by_colour(picture: &RgbImage, background: [u8; 3]) -> Plane {
    const OFF: u8 = 40;
    const NEAR: u8 = 12;
    let values = picture
        .pixels()
        .map(|pixel| {
            let off = off(pixel.0, background);
            (f32::from(off.saturating_sub(NEAR)) / f32::from(2 * (OFF - NEAR))).min(1.0)
        })
        .collect();
    Plane { width: picture.width() as usize, height: picture.height() as usize, values }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn the_hair_begins_where_it_covers_by_half() {
        let blue = [100, 197, 255];
        // Each row covers 10 % more than the one above it, from row 60 on; hair of two colours.
        for hair in [[30u8, 25, 20], [190, 180, 170]] {
            let picture = RgbImage::from_fn(480, 640, |x, y| {
                let cover = if (200..280).contains(&x) { (f32::from(y.saturating_sub(60) as u16) / 10.0).clamp(0.0, 1.0) } else { 0.0 };
                Rgb(std::array::from_fn(|i| (f32::from(hair[i]) * cover + f32::from(blue[i]) * (1.0 - cover)) as u8))
            });
            let top = hair_top(&picture, blue, 200.0).unwrap();
            assert!((64.0..=66.0).contains(&top), "{hair:?}: {top}");
        }
        assert_eq!(hair_top(&RgbImage::from_pixel(480, 640, Rgb(blue)), blue, 200.0), None, "nobody");
        assert_eq!(hair_top(&RgbImage::from_pixel(480, 640, Rgb([255; 3])), blue, 200.0), None, "another background");
    }
}
