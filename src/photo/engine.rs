//! The engine: one photo in, a finished photo or reasons out. Shared by all threads; nothing in it changes but nets that load at first use.

use std::collections::BTreeMap;

use image::RgbImage;

use super::checks;
use super::compare::FaceRecogniser;
use super::compose::compose;
use super::decode::{self, Source};
use super::encode::encode;
use super::error::PhotoError;
use super::face::{self, FaceNets, Found};
use super::matte::{Matte, MatteNets};
use super::ocr::TextNets;
use super::standard::Standard;
use super::weights::{self, WeightsFile};
use crate::domain::adjustment::Adjustments;
use crate::domain::check::{Check, CheckId, Verdict, Why, failed_reasons};
use crate::domain::reason::Reason;
use crate::domain::report::{Report, SourceFacts};

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

/// A step on a photo's way through the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Bytes to upright sRGB pixels.
    Decode,
    /// Where the faces are, and the points of the one that counts.
    FindFace,
    /// Where to cut: the coarse mask of the surroundings, then the net's matte of one to three crops.
    Settle,
    /// The matte of the final crop.
    Refine,
    /// Every check of the crop.
    Check,
    /// The person on the new background.
    Compose,
    /// The JPEG.
    Encode,
    /// The written file, read back and measured.
    MeasureAgain,
}

/// What became of a photo. `Debug` tells how long the finished photo is and not what it shows: it is a face.
#[derive(Clone, PartialEq)]
pub enum Outcome {
    /// A finished photo, perhaps with findings.
    Standardized { jpeg: Vec<u8>, report: Report },
    /// No finished photo, with at least one reason.
    Refused { reasons: Vec<Reason>, report: Report },
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Outcome::Standardized { jpeg, report } => {
                f.debug_struct("Standardized").field("jpeg_bytes", &jpeg.len()).field("report", report).finish()
            }
            Outcome::Refused { reasons, report } => f.debug_struct("Refused").field("reasons", reasons).field("report", report).finish(),
        }
    }
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
    pub(super) mattes: MatteNets,
    pub(super) recogniser: FaceRecogniser,
    pub(super) texts: TextNets,
}

impl Engine {
    /// An engine whose face nets are loaded; the others load when they are first needed.
    ///
    /// # Errors
    /// Weights that cannot be read.
    pub fn new() -> Result<Engine, EngineError> {
        let engine = Engine { faces: FaceNets::new(), mattes: MatteNets::new(), recogniser: FaceRecogniser::new(), texts: TextNets::new() };
        engine.faces.load()?;
        Ok(engine)
    }

    /// Brings a photo to the standard, or says why that cannot be.
    ///
    /// # Errors
    /// A file that cannot be read or is unsafe to read.
    pub fn standardize(&self, bytes: &[u8], standard: &Standard) -> Result<Outcome, PhotoError> {
        self.standardize_in_steps(bytes, standard, &mut |_| {})
    }

    /// The same, telling each step when it has ended: the engine has no clock, those who watch it have.
    ///
    /// # Errors
    /// As `standardize`.
    pub fn standardize_in_steps(&self, bytes: &[u8], standard: &Standard, ended: &mut dyn FnMut(Step)) -> Result<Outcome, PhotoError> {
        self.standardize_adjusted(bytes, standard, &Adjustments::default(), ended)
    }

    /// The same way for a photo that a person wants finished otherwise; `wanted` lies within what the standard allows.
    pub(super) fn standardize_adjusted(
        &self,
        bytes: &[u8],
        standard: &Standard,
        wanted: &Adjustments,
        ended: &mut dyn FnMut(Step),
    ) -> Result<Outcome, PhotoError> {
        let standard = &standard.adjusted(wanted);
        let source = decode::decode(bytes)?;
        ended(Step::Decode);
        let found = self.find_faces(&source.pixels)?;
        ended(Step::FindFace);
        let mut report = report(standard, &source.facts, &[weights::BLAZEFACE, weights::FACE_MESH]);
        let Some(face) = found.single() else {
            report.checks = without_face(&found, standard);
            return Ok(refused(report, wanted));
        };
        let subject = self.look_at(&source, face, standard, wanted, ended)?;
        report.weights = hashes(used(&subject.matte));
        report.geometry = Some(subject.geometry);
        report.transform = Some(subject.placement.transform());
        report.checks = subject.checks.clone();
        if refuses(&report.checks) {
            return Ok(refused(report, wanted));
        }
        let finished = compose(&subject.crop, &subject.matte, standard.background.rgb);
        ended(Step::Compose);
        let encoded = encode(&finished, standard).map_err(|_| PhotoError::Damaged)?;
        drop(finished);
        ended(Step::Encode);
        self.measure_again(&encoded, &subject, standard, &mut report)?;
        ended(Step::MeasureAgain);
        if report.checks.iter().any(|check| stops(check, wanted)) {
            // The file that was judged is not given away.
            report.output = None;
            return Ok(refused(report, wanted));
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
                let subject = self.look_at(source, face, standard, &Adjustments::default(), &mut |_| {})?;
                report.weights = hashes(used(&subject.matte));
                report.geometry = Some(subject.geometry);
                report.transform = Some(subject.placement.transform());
                report.checks = subject.checks;
            }
        }
        Ok(report)
    }

    /// The faces of a picture that count.
    pub(super) fn find_faces(&self, pixels: &RgbImage) -> Result<Found, PhotoError> {
        face::find(&self.faces, pixels)
    }
}

pub(super) fn report(standard: &Standard, facts: &SourceFacts, used: &[WeightsFile]) -> Report {
    Report {
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        standard: standard.name.clone(),
        source: facts.clone(),
        geometry: None,
        transform: None,
        output: None,
        checks: Vec::new(),
        weights: hashes(used),
        rework: None,
    }
}

/// Every net that has looked at a photo with one face.
fn used(matte: &Matte) -> &'static [WeightsFile] {
    const ALL: [WeightsFile; 5] = [weights::BLAZEFACE, weights::FACE_MESH, weights::SELFIE, weights::RVM, weights::RVM_FINE];
    if matte.second_look { &ALL } else { &ALL[..4] }
}

pub(super) fn hashes(used: &[WeightsFile]) -> BTreeMap<String, String> {
    used.iter().map(|file| (file.name.to_owned(), file.sha256().to_owned())).collect()
}

/// The checks of a photo without its one face: the count fails, nothing else can be judged.
fn without_face(found: &Found, standard: &Standard) -> Vec<Check> {
    let count = checks::judge(standard, CheckId::FaceCount, found.faces.len() as f64);
    let finished = [CheckId::PictureSize, CheckId::FileBytes, CheckId::Density, CheckId::Background, CheckId::MatteEdge];
    let others = CheckId::ALL.iter().filter(|id| **id != CheckId::FaceCount && !finished.contains(id));
    std::iter::once(count).chain(others.map(|id| Check::unknown(*id, Why::NoFace))).collect()
}

pub(super) fn refuses(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.verdict == Verdict::Fail && REFUSING.contains(&check.id))
}

/// Whether a check keeps this picture from being given away: the refusing ones, and what a person asked for and did not get.
fn stops(check: &Check, wanted: &Adjustments) -> bool {
    let asked =
        (wanted.max_bytes.is_some() && check.id == CheckId::FileBytes) || (wanted.background.is_some() && check.id == CheckId::Background);
    check.verdict == Verdict::Fail && (asked || REFUSING.contains(&check.id))
}

fn refused(report: Report, wanted: &Adjustments) -> Outcome {
    let refusing: Vec<Check> = report.checks.iter().filter(|check| stops(check, wanted)).cloned().collect();
    Outcome::Refused { reasons: failed_reasons(&refusing), report }
}

pub(super) fn in_order(mut checks: Vec<Check>) -> Vec<Check> {
    checks.sort_by_key(|check| check.id);
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_printed_without_the_face() {
        let facts = SourceFacts { format: "jpeg".to_owned(), width: 1, height: 1, bytes: 1, orientation: 1, colour_converted: false };
        let outcome = Outcome::Standardized { jpeg: vec![201; 4321], report: report(&Standard::default(), &facts, &[]) };
        let printed = format!("{outcome:?}");
        assert!(printed.contains("jpeg_bytes: 4321") && !printed.contains("201, 201"), "{printed}");
    }
}
