//! The engine: one photo in, a finished photo or reasons out. Shared by all threads; nothing in it changes but nets that load at first use.

use std::collections::BTreeMap;

use image::RgbImage;

use super::checks::{self, View};
use super::compare::FaceRecogniser;
use super::compose::compose;
use super::decode::{self, Source};
use super::encode::{Encoded, encode};
use super::error::PhotoError;
use super::face::{self, Face, FaceNets, Found};
use super::geometry::{self, Edges, Head, Placement};
use super::matte::{self, Matte, MatteNets, Plane};
use super::raster::{self, Beyond, Quality};
use super::standard::Standard;
use super::weights::{self, WeightsFile};
use crate::domain::check::{Check, CheckId, Verdict, Why, failed_reasons};
use crate::domain::reason::Reason;
use crate::domain::report::{Geometry, OutputFacts, Report, SourceFacts};

/// The checks whose failure keeps a photo from being standardized; any other failure is a finding on a standardized picture.
pub const REFUSING: [CheckId; 10] = [
    CheckId::FaceCount,
    CheckId::HairTop,
    CheckId::EyeLine,
    CheckId::FaceWidth,
    CheckId::Centre,
    CheckId::CutOff,
    CheckId::Enlarging,
    CheckId::Roll,
    CheckId::Yaw,
    CheckId::Pitch,
];

/// What `check` looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// A photo as it was taken: could it be standardized, and with which findings?
    Source,
    /// A finished photo: is it within the standard?
    Result,
}

/// What became of a photo.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A finished photo, perhaps with findings.
    Standardized { jpeg: Vec<u8>, report: Report },
    /// No finished photo, with at least one reason.
    Refused { reasons: Vec<Reason>, report: Report },
}

/// Weights that cannot be loaded: the program itself is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the engine's weights cannot be loaded: {0}")]
pub struct EngineError(#[from] PhotoError);

impl From<EngineError> for PhotoError {
    fn from(error: EngineError) -> PhotoError {
        error.0
    }
}

/// The standardization engine.
pub struct Engine {
    faces: FaceNets,
    mattes: MatteNets,
    pub(super) recogniser: FaceRecogniser,
}

/// A photo with one face, looked at as far as a finished picture needs.
struct Subject {
    placement: Placement,
    /// The source's own pixels in the finished picture's size.
    crop: RgbImage,
    matte: Matte,
    geometry: Geometry,
    checks: Vec<Check>,
}

impl Engine {
    /// An engine whose face nets are loaded; the others load when they are first needed.
    ///
    /// # Errors
    /// Weights that cannot be read.
    pub fn new() -> Result<Engine, EngineError> {
        let engine = Engine { faces: FaceNets::new(), mattes: MatteNets::new(), recogniser: FaceRecogniser::new() };
        engine.faces.load()?;
        Ok(engine)
    }

    /// Brings a photo to the standard, or says why that cannot be.
    ///
    /// # Errors
    /// A file that cannot be read or is unsafe to read.
    pub fn standardize(&self, bytes: &[u8], standard: &Standard) -> Result<Outcome, PhotoError> {
        let source = decode::decode(bytes)?;
        let found = self.find_faces(&source.pixels)?;
        let mut report = report(standard, &source.facts, &[weights::BLAZEFACE, weights::FACE_MESH]);
        let Some(face) = found.single() else {
            report.checks = without_face(&found, standard);
            return Ok(refused(report));
        };
        let subject = self.look_at(&source, face, standard)?;
        report.weights = hashes(&[weights::BLAZEFACE, weights::FACE_MESH, weights::SELFIE, weights::RVM]);
        report.geometry = Some(subject.geometry);
        report.transform = Some(subject.placement.transform());
        report.checks = subject.checks.clone();
        if refuses(&report.checks) {
            return Ok(refused(report));
        }
        let finished = compose(&subject.crop, &subject.matte, standard.background.rgb);
        let encoded = encode(&finished, standard).map_err(|_| PhotoError::Damaged)?;
        drop(finished);
        self.measure_again(&encoded, &subject, standard, &mut report)?;
        if refuses(&report.checks) {
            return Ok(refused(report));
        }
        Ok(Outcome::Standardized { jpeg: encoded.jpeg, report })
    }

    /// Checks a photo without writing anything.
    ///
    /// # Errors
    /// A file that cannot be read or is unsafe to read.
    pub fn check(&self, bytes: &[u8], stage: Stage, standard: &Standard) -> Result<Report, PhotoError> {
        let source = decode::decode(bytes)?;
        match stage {
            Stage::Source => self.check_source(&source, standard),
            Stage::Result => self.check_result(bytes, &source, standard),
        }
    }

    fn check_source(&self, source: &Source, standard: &Standard) -> Result<Report, PhotoError> {
        let found = self.find_faces(&source.pixels)?;
        let mut report = report(standard, &source.facts, &[weights::BLAZEFACE, weights::FACE_MESH]);
        match found.single() {
            None => report.checks = without_face(&found, standard),
            Some(face) => {
                let subject = self.look_at(source, face, standard)?;
                report.weights = hashes(&[weights::BLAZEFACE, weights::FACE_MESH, weights::SELFIE, weights::RVM]);
                report.geometry = Some(subject.geometry);
                report.transform = Some(subject.placement.transform());
                report.checks = subject.checks;
            }
        }
        Ok(report)
    }

    fn check_result(&self, bytes: &[u8], source: &Source, standard: &Standard) -> Result<Report, PhotoError> {
        let (width, height) = source.pixels.dimensions();
        let mut report = report(standard, &source.facts, &[weights::BLAZEFACE, weights::FACE_MESH]);
        let found = self.find_faces(&source.pixels)?;
        let mut all = checks::file_checks(bytes, width, height, standard);
        all.push(checks::judge(standard, CheckId::FaceCount, found.faces.len() as f64));
        let alpha = by_colour(&source.pixels, standard.background.rgb);
        all.push(checks::finished_background(&source.pixels, &alpha, standard));
        if let Some(face) = found.single() {
            let view = View { picture: &source.pixels, face, alpha: &alpha };
            // The measures of geometry are in pixels of the standard's size: in any other size they mean nothing.
            if (width, height) == (standard.picture.width, standard.picture.height) {
                let hair_top = alpha.first_row(0.03 * face.face_width(), 0..alpha.width).unwrap_or(0) as f64;
                let measured = measured(face, hair_top);
                all.extend(checks::geometry(&measured, standard));
                report.geometry = Some(measured);
            }
            all.extend(checks::pose(&view, standard));
            all.extend(checks::light(&view, standard));
            all.push(checks::blur(&view, standard));
            all.push(checks::clothes_blend(&view, standard));
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

    /// The faces of a picture that count.
    pub(super) fn find_faces(&self, pixels: &RgbImage) -> Result<Found, PhotoError> {
        face::find(&self.faces, pixels)
    }

    /// Finds where to cut, mattes the crop and runs every check that a source can be put to.
    fn look_at(&self, source: &Source, face: &Face, standard: &Standard) -> Result<Subject, PhotoError> {
        let middle = face.eye_middle();
        let mut head = Head { hair_top: 0.0, eye_line: middle.y, eye_x: middle.x, face_width: face.face_width() };
        let around = matte::surroundings(&self.mattes, &source.pixels, &head)?;
        head.hair_top = around.hair_top;
        let chin = face.points[face::indices::CHIN].y + 0.1 * head.face_width;
        let (placement, matte, edges) = self.settle(source, &mut head, chin, around.edges, standard)?;
        let (width, height) = (standard.picture.width, standard.picture.height);
        let crop = raster::cut(&source.pixels, placement.frame(standard), width, height, Beyond::Edge, Quality::Fine);
        let face = face.seen_in(placement.x, placement.y, placement.scale);
        let geometry = placement.geometry(&head, face.roll_deg);
        let view = View { picture: &crop, face: &face, alpha: &matte.alpha };
        let mut all = vec![
            checks::judge(standard, CheckId::FaceCount, 1.0),
            checks::judge(standard, CheckId::SourceFaceSize, head.face_width),
            checks::judge(standard, CheckId::CutOff, placement.missing(&edges, standard)),
            checks::judge(standard, CheckId::Enlarging, placement.scale),
            checks::judge(standard, CheckId::MatteConfidence, matte.agreement),
            checks::blur(&view, standard),
            checks::source_background(&view, standard),
            checks::clothes_blend(&view, standard),
        ];
        all.extend(checks::geometry(&geometry, standard));
        all.extend(checks::pose(&view, standard));
        all.extend(checks::light(&view, standard));
        Ok(Subject { placement, crop, matte, geometry, checks: in_order(all) })
    }

    /// The coarse mask says where to cut first; the fine matte of that crop says where the hair really begins. The crop moves once or twice
    /// if that is worth it, and the matte with it, so that the matte always lies on the finished picture's own pixels.
    fn settle(
        &self,
        source: &Source,
        head: &mut Head,
        chin: f64,
        edges: Edges,
        standard: &Standard,
    ) -> Result<(Placement, Matte, Edges), PhotoError> {
        /// A margin from which on nothing is gained by another look.
        const GOOD: f64 = 0.3;
        const LOOKS: usize = 3;
        let (width, height) = (standard.picture.width, standard.picture.height);
        let mut edges = edges;
        let mut placement = geometry::place(head, &edges, standard);
        let mut look = 0;
        loop {
            look += 1;
            let frame = placement.frame(standard);
            let matte = matte::matte(&self.mattes, &source.pixels, frame, chin, width, height)?;
            let row = matte.hair_top(head.face_width * placement.scale).unwrap_or(0);
            let hair_top = (placement.y + row as f64 / placement.scale).max(0.0);
            edges.top = hair_top < 1.0 / placement.scale;
            // Hair that reaches the crop's own top may go on above it.
            let cut_by_crop = row == 0 && placement.y > 0.0;
            head.hair_top = if cut_by_crop { (placement.y - 0.3 * head.face_width).max(0.0) } else { hair_top };
            placement.margin = geometry::margin(&placement, head, standard);
            let better = geometry::place(head, &edges, standard);
            let whole = placement.missing(&edges, standard) == 0.0;
            let good = whole && (placement.margin >= GOOD || (placement.margin >= 0.0 && placement.margin >= better.margin - 0.1));
            if look == LOOKS || (!cut_by_crop && (good || placement.is_near(&better))) {
                return Ok((placement, matte, edges));
            }
            placement = better;
        }
    }

    /// Reads the written file back and measures it as a stranger would; its own measures are the ones that are reported.
    fn measure_again(&self, encoded: &Encoded, subject: &Subject, standard: &Standard, report: &mut Report) -> Result<(), PhotoError> {
        let written = decode::decode(&encoded.jpeg)?.pixels;
        let (width, height) = written.dimensions();
        let mut anew = checks::file_checks(&encoded.jpeg, width, height, standard);
        anew.push(checks::finished_background(&written, &subject.matte.alpha, standard));
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

fn report(standard: &Standard, facts: &SourceFacts, used: &[WeightsFile]) -> Report {
    Report {
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        standard: standard.name.clone(),
        source: facts.clone(),
        geometry: None,
        transform: None,
        output: None,
        checks: Vec::new(),
        weights: hashes(used),
    }
}

fn hashes(used: &[WeightsFile]) -> BTreeMap<String, String> {
    used.iter().map(|file| (file.name.to_owned(), file.sha256().to_owned())).collect()
}

/// The checks of a photo without its one face: the count fails, nothing else can be judged.
fn without_face(found: &Found, standard: &Standard) -> Vec<Check> {
    let count = checks::judge(standard, CheckId::FaceCount, found.faces.len() as f64);
    let finished = [CheckId::PictureSize, CheckId::FileBytes, CheckId::Density, CheckId::Background];
    let others = CheckId::ALL.iter().filter(|id| **id != CheckId::FaceCount && !finished.contains(id));
    std::iter::once(count).chain(others.map(|id| Check::unknown(*id, Why::NoFace))).collect()
}

fn refuses(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.verdict == Verdict::Fail && REFUSING.contains(&check.id))
}

fn refused(report: Report) -> Outcome {
    let refusing: Vec<Check> = report.checks.iter().filter(|check| REFUSING.contains(&check.id)).cloned().collect();
    Outcome::Refused { reasons: failed_reasons(&refusing), report }
}

fn in_order(mut checks: Vec<Check>) -> Vec<Check> {
    checks.sort_by_key(|check| check.id);
    checks
}
