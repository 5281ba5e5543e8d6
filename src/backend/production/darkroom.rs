//! The engine as a darkroom.

use crate::{
    backend::{
        jobs::standardize::{Darkroom, Developed, NotReworked, Reworked},
        serve::ServeError,
    },
    domain::{
        adjustment::Adjustments,
        comparison::Bands,
        id_card::{self, CardMatch, CardRecord},
        reason::Reason,
    },
    photo::{self, CompareError, Engine, IdCardReading, Outcome, PhotoError, ReworkError, Standard},
};

/// Edges and JPEG quality of the preview.
const PREVIEW: (u32, u32, u8) = (900, 1200, 85);
/// Edges and JPEG quality of the thumbnail.
const THUMB: (u32, u32, u8) = (120, 160, 75);

/// The engine, loaded once.
pub struct EngineDarkroom(Engine);

impl EngineDarkroom {
    /// Loads the weights.
    ///
    /// # Errors
    /// When they do not load.
    pub fn new() -> Result<EngineDarkroom, ServeError> {
        Engine::new().map(EngineDarkroom).map_err(|error| ServeError::Parts(error.to_string()))
    }
}

impl Darkroom for EngineDarkroom {
    fn without_location(&self, photo: &[u8]) -> Result<Vec<u8>, &'static str> {
        photo::without_location(photo).map_err(|error| error.code())
    }

    fn rework(&self, original: &[u8], standard: &str, wanted: &Adjustments) -> Result<Reworked, NotReworked> {
        self.finish_anew(original, standard, wanted)
    }

    fn process(&self, photo: &[u8], id_card: Option<&[u8]>, record: &CardRecord, standard: &str, cohort: Option<&str>) -> Developed {
        let mut developed = self.standardize(photo, standard);
        let portrait = match id_card.map(|card| self.0.read_id_card(card)) {
            None => None,
            Some(Err(error)) => {
                tracing::info!(code = error.code(), "an ID card could not be read");
                developed.id_card_reasons.push(Reason::IdUnclear);
                None
            }
            Some(Ok(reading)) => {
                developed.id_card_reasons.extend(self.card_reasons(&reading, record));
                reading.portrait
            }
        };
        if let Some(portrait) = portrait {
            // A finished photo is compared where there is one: same size, same light as what goes to the register.
            let face = developed.standard.as_deref().unwrap_or(photo);
            match cohort.map(|cohort| self.0.compare(face, &portrait, &bands(cohort))) {
                // People compare.
                None => {}
                Some(Ok(comparison)) => developed.comparison = Some(comparison),
                Some(Err(CompareError::Portrait(_))) => developed.id_card_reasons.push(Reason::IdUnclear),
                Some(Err(error)) => tracing::info!(code = error.code(), "a photo could not be compared"),
            }
            developed.portrait = Some(portrait);
        }
        developed
    }
}

impl EngineDarkroom {
    fn finish_anew(&self, original: &[u8], standard: &str, wanted: &Adjustments) -> Result<Reworked, NotReworked> {
        let Some(standard) = Standard::builtin(standard) else {
            tracing::error!(standard, "the season names a standard that does not exist");
            return Err(NotReworked::NoStandard);
        };
        match self.0.rework(original, &standard, wanted) {
            Ok(Outcome::Standardized { jpeg, report }) => Ok(Reworked { jpeg, report }),
            Ok(Outcome::Refused { reasons, .. }) => Err(NotReworked::Refused(reasons)),
            Err(ReworkError::Beyond(beyond)) => Err(NotReworked::Beyond(beyond.check)),
            Err(ReworkError::Photo(error)) => Err(NotReworked::Refused(vec![reason_of(&error)])),
            Err(ReworkError::NotProved(proof)) => {
                let found: Vec<&str> = proof.findings.iter().map(|finding| finding.code.code()).collect();
                tracing::error!(?found, "a reworked photo could not be proved");
                Err(NotReworked::NotProved)
            }
        }
    }

    /// What people are to look at on an ID card. A bare portrait has nothing written on it, and a roster may know neither name nor number.
    fn card_reasons(&self, reading: &IdCardReading, record: &CardRecord) -> Vec<Reason> {
        let (name, number) = self.0.against_record(reading, record);
        let known = [(name, record.name.is_some()), (number, record.number.is_some())];
        let matches: Vec<CardMatch> =
            known.into_iter().filter(|(_, known)| *known && reading.card.is_some()).map(|(found, _)| found).collect();
        id_card::reasons(&reading.findings, &matches)
    }

    fn standardize(&self, photo: &[u8], standard: &str) -> Developed {
        let Some(standard) = Standard::builtin(standard) else {
            tracing::error!(standard, "the season names a standard that does not exist");
            return Developed { reasons: vec![Reason::Unreadable], ..Developed::default() };
        };
        let developed = Developed { preview: look(photo, PREVIEW), thumb: look(photo, THUMB), ..Developed::default() };
        match self.0.standardize(photo, &standard) {
            Ok(Outcome::Standardized { jpeg, report }) => Developed { standard: Some(jpeg), report: Some(report), ..developed },
            Ok(Outcome::Refused { reasons, report }) => Developed { reasons, report: Some(report), ..developed },
            Err(error) => {
                tracing::info!(code = error.code(), "a photo could not be read");
                Developed { reasons: vec![reason_of(&error)], ..developed }
            }
        }
    }
}

fn look(photo: &[u8], (width, height, quality): (u32, u32, u8)) -> Option<Vec<u8>> {
    photo::preview(photo, width, height, quality).ok()
}

fn reason_of(error: &PhotoError) -> Reason {
    match error {
        PhotoError::NoSingleFace { .. } => Reason::FaceCount,
        _ => Reason::Unreadable,
    }
}

fn bands(cohort: &str) -> Bands {
    match cohort {
        "specimen" => photo::compare::specimen_bands(),
        _ => photo::compare::default_bands(),
    }
}
