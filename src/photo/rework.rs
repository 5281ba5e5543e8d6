//! Fix & accept: a photo finished once more from its original, as a person wants it. The engine's own way and all of its checks; then the proof
//! that inside the face nothing but scale, background and compression changed. What no limit allows is refused in the checks' words.

use super::engine::{Engine, Outcome};
use super::error::PhotoError;
use super::proof::{Verdict, VerifyError};
use super::standard::Standard;
use crate::domain::adjustment::{Adjustments, BeyondLimits};
use crate::domain::proof::ProofRecord;
use crate::domain::report::Rework;

/// Why a photo was not finished as it was wanted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReworkError {
    #[error(transparent)]
    Beyond(#[from] BeyondLimits),
    #[error(transparent)]
    Photo(#[from] PhotoError),
    /// The proof found a change that nobody asked for: the engine's fault, and the picture is not given away.
    #[error("the picture could not be proved to be its source's")]
    NotProved(Box<ProofRecord>),
}

impl Engine {
    /// Finishes a photo as it is wanted. Wanted as the engine does it anyway, the picture is the same to the last byte.
    ///
    /// # Errors
    /// What lies beyond the standard's limits, a file that cannot be read, a picture that could not be proved.
    pub fn rework(&self, original: &[u8], standard: &Standard, wanted: &Adjustments) -> Result<Outcome, ReworkError> {
        wanted.within(&standard.adjusting())?;
        match self.standardize_adjusted(original, standard, wanted, &mut |_| {})? {
            Outcome::Standardized { jpeg, mut report } => {
                let proof = self.verify(&jpeg, original).map_err(|error| match error {
                    VerifyError::Finished(error) | VerifyError::Source(error) => error,
                })?;
                let proof = proof.record();
                if proof.verdict != Verdict::Ok {
                    return Err(ReworkError::NotProved(Box::new(proof)));
                }
                report.rework = Some(Rework { adjustments: *wanted, proof });
                Ok(Outcome::Standardized { jpeg, report })
            }
            refused @ Outcome::Refused { .. } => Ok(refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::adjustment::MatteWay;
    use crate::domain::check::{CheckId, Verdict as CheckVerdict};
    use crate::domain::reason::Reason;
    use crate::domain::report::Report;
    use crate::photo::tests::{engine, specimen};

    fn reworked(photo: &[u8], standard: &Standard, wanted: &Adjustments) -> (Vec<u8>, Report) {
        match engine().rework(photo, standard, wanted).unwrap() {
            Outcome::Standardized { jpeg, report } => (jpeg, report),
            Outcome::Refused { reasons, .. } => panic!("{wanted:?} was refused: {reasons:?}"),
        }
    }

    #[test]
    fn nothing_changed_is_the_same_to_the_last_byte() {
        let Some(photo) = specimen("p08") else { return };
        let standard = Standard::default();
        let Outcome::Standardized { jpeg, report } = engine().standardize(&photo, &standard).unwrap() else { panic!() };
        let (again, mut its_report) = reworked(&photo, &standard, &Adjustments::default());
        assert!(again == jpeg);
        let rework = its_report.rework.take().unwrap();
        assert!(rework.adjustments.is_default() && rework.proof.findings.is_empty());
        assert_eq!(its_report, report);
    }

    #[test]
    fn the_person_moves_and_grows_as_wanted_and_the_proof_holds() {
        let Some(photo) = specimen("p00") else { return };
        let standard = Standard::default();
        let Outcome::Standardized { report: before, .. } = engine().standardize(&photo, &standard).unwrap() else { panic!() };
        let wanted = Adjustments { scale: 60, right: -7, down: 9, ..Adjustments::default() };
        let (_, after) = reworked(&photo, &standard, &wanted);
        let (before, geometry) = (before.geometry.unwrap(), after.geometry.unwrap());
        let near = |what: &str, is: f64, was: f64| assert!((is - was).abs() <= 2.0, "{what}: {is} against {was}");
        near("centre", geometry.centre_x, before.centre_x - 7.0);
        near("eye line", geometry.eye_line, before.eye_line + 9.0);
        near("face width", geometry.face_width, before.face_width * 1.06);
        assert_eq!(after.rework.unwrap().proof.verdict, Verdict::Ok);
    }

    #[test]
    fn what_no_limit_allows_is_refused_in_the_checks_words() {
        let Some(photo) = specimen("p00") else { return };
        let standard = Standard::default();
        let far = Adjustments { down: 61, ..Adjustments::default() };
        assert_eq!(engine().rework(&photo, &standard, &far), Err(BeyondLimits { check: CheckId::HairTop }.into()));
        // Within what any photo could need, and too far for this one.
        for (wanted, reason) in [
            (Adjustments { down: 50, ..Adjustments::default() }, Reason::HairTop),
            (Adjustments { right: 30, ..Adjustments::default() }, Reason::OffCentre),
            (Adjustments { scale: 600, ..Adjustments::default() }, Reason::FaceWidth),
        ] {
            let Outcome::Refused { reasons, report } = engine().rework(&photo, &standard, &wanted).unwrap() else { panic!("{wanted:?}") };
            assert!(reasons.contains(&reason), "{wanted:?}: {reasons:?}");
            assert!(report.output.is_none());
        }
        let white = Adjustments { background: Some([255; 3]), ..Adjustments::default() };
        assert_eq!(engine().rework(&photo, &standard, &white), Err(BeyondLimits { check: CheckId::Background }.into()));
    }

    #[test]
    fn another_background_and_a_smaller_file_where_the_standard_permits_them() {
        let Some(photo) = specimen("p03") else { return };
        let wanted = Adjustments { background: Some([255; 3]), max_bytes: Some(33_000), ..Adjustments::default() };
        let (jpeg, report) = reworked(&photo, &Standard::builtin("chsi-any").unwrap(), &wanted);
        assert!((30_720..=33_000).contains(&jpeg.len()), "{}", jpeg.len());
        let corner = crate::photo::decode::decode(&jpeg).unwrap().pixels.get_pixel(2, 2).0;
        assert!(corner.iter().all(|level| *level >= 253), "{corner:?}");
        // Light clothes may blend with white: that is a finding, as it would be in a season of that standard.
        let finished = [CheckId::FileBytes, CheckId::Background, CheckId::MatteEdge];
        let failed = report.checks.iter().find(|check| check.verdict == CheckVerdict::Fail && finished.contains(&check.id));
        assert_eq!(failed, None);
    }

    #[test]
    fn every_way_to_a_matte_gives_another_picture_that_is_proved() {
        let Some(photo) = specimen("p15") else { return };
        let standard = Standard::default();
        let pictures: Vec<Vec<u8>> =
            MatteWay::ALL.map(|matte| reworked(&photo, &standard, &Adjustments { matte, ..Adjustments::default() }).0).into();
        for (index, picture) in pictures.iter().enumerate() {
            assert!(!pictures[..index].contains(picture), "{:?} changes nothing", MatteWay::ALL[index]);
        }
    }
}
