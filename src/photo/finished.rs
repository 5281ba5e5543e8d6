//! Looking at a finished photo as a stranger would: by its own pixels and bytes, whoever made it.

use image::RgbImage;

use super::checks::{self, View};
use super::decode::{self, Source};
use super::encode::Encoded;
use super::engine::{Engine, in_order, report};
use super::error::PhotoError;
use super::face::Face;
use super::look::Subject;
use super::matte::Plane;
use super::standard::Standard;
use super::weights;
use crate::domain::check::{Check, CheckId, Why};
use crate::domain::report::{Geometry, OutputFacts, Report};

impl Engine {
    pub(super) fn check_result(&self, bytes: &[u8], source: &Source, standard: &Standard) -> Result<Report, PhotoError> {
        let (width, height) = source.pixels.dimensions();
        let mut report = report(standard, &source.facts, &[weights::BLAZEFACE, weights::FACE_MESH]);
        let found = self.find_faces(&source.pixels)?;
        let mut all = checks::file_checks(bytes, width, height, standard);
        all.push(checks::judge(standard, CheckId::FaceCount, found.faces.len() as f64));
        let alpha = by_colour(&source.pixels, standard.background.rgb);
        all.push(checks::finished_background(&source.pixels, &alpha, standard));
        all.push(checks::matte_edge(&source.pixels, &alpha, standard));
        if let Some(face) = found.single() {
            let view = View { picture: &source.pixels, face, alpha: &alpha };
            // The measures of geometry are in pixels of the standard's size: in any other size they mean nothing.
            if (width, height) == (standard.picture.width, standard.picture.height) {
                let hair_top = alpha.first_row(0.03 * face.face_width(), 0..alpha.width).unwrap_or(0) as f64;
                let measured = measured(face, hair_top);
                all.extend(checks::geometry(&measured, standard));
                report.geometry = Some(measured);
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

    /// Reads the written file back and measures it as a stranger would; its own measures are the ones that are reported.
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
        if let Some(face) = self.find_faces(&written)?.single() {
            let measured = measured(face, subject.geometry.hair_top);
            anew.extend(checks::geometry(&measured, standard));
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

/// Person and background of a finished picture by the background's colour alone.
fn by_colour(picture: &RgbImage, background: [u8; 3]) -> Plane {
    const OFF: u8 = 40;
    const NEAR: u8 = 12;
    let values = picture
        .pixels()
        .map(|pixel| {
            let off = pixel.0.iter().zip(background).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0);
            (f32::from(off.saturating_sub(NEAR)) / f32::from(2 * (OFF - NEAR))).min(1.0)
        })
        .collect();
    Plane { width: picture.width() as usize, height: picture.height() as usize, values }
}
