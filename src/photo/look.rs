//! Looking at a photo with one face: where to cut, the matte of that crop, and every check that a source can be put to.

use image::RgbImage;

use super::checks::{self, View};
use super::decode::Source;
use super::engine::{Engine, Step, in_order, refuses};
use super::error::PhotoError;
use super::face::{self, Face};
use super::geometry::{self, Edges, Head, Placement};
use super::matte::{self, Matte, Rough};
use super::raster::{self, Beyond, Quality};
use super::standard::Standard;
use crate::domain::adjustment::Adjustments;
use crate::domain::check::{Check, CheckId};
use crate::domain::report::Geometry;

/// A photo with one face, looked at as far as a finished picture needs.
pub(super) struct Subject {
    pub placement: Placement,
    /// The source's own pixels in the finished picture's size.
    pub crop: RgbImage,
    pub matte: Matte,
    pub geometry: Geometry,
    pub checks: Vec<Check>,
}

impl Engine {
    /// Finds where to cut, or cuts where a person wants it, mattes the crop and runs every check that a source can be put to.
    pub(super) fn look_at(
        &self,
        source: &Source,
        face: &Face,
        standard: &Standard,
        wanted: &Adjustments,
        ended: &mut dyn FnMut(Step),
    ) -> Result<Subject, PhotoError> {
        let middle = face.eye_middle();
        let mut head = Head { hair_top: 0.0, eye_line: middle.y, eye_x: middle.x, face_width: face.face_width() };
        let around = matte::surroundings(&self.mattes, &source.pixels, &head)?;
        head.hair_top = around.hair_top;
        let chin = face.points[face::indices::CHIN].y + 0.1 * head.face_width;
        let (mut placement, mut rough, edges) = self.settle(source, &mut head, chin, around.edges, standard)?;
        let (width, height) = (standard.picture.width, standard.picture.height);
        if wanted.moves() {
            // The matte always lies on the finished picture's own pixels, and where the hair begins is read from it.
            placement = placement.adjusted(wanted, &head);
            rough = matte::rough(&self.mattes, &source.pixels, placement.frame(standard), chin, width, height)?;
            let row = rough.hair_top(head.face_width * placement.scale).unwrap_or(0);
            head.hair_top = (placement.y + row as f64 / placement.scale).max(0.0);
        }
        let frame = placement.frame(standard);
        let crop = raster::cut(&source.pixels, frame, width, height, Beyond::Edge, Quality::Fine);
        ended(Step::Settle);
        // A photo that is refused anyway is not worth the finer net; where the hair begins the refined matte may still change.
        let mut known = vec![
            checks::judge(standard, CheckId::CutOff, placement.missing(&edges, standard)),
            checks::judge(standard, CheckId::Enlarging, placement.scale),
        ];
        let geometry = checks::geometry(&placement.geometry(&head, face.roll_deg), standard);
        known.extend(geometry.into_iter().filter(|check| check.id != CheckId::HairTop));
        known.extend(checks::bearing(face, standard));
        let matte = if refuses(&known) {
            matte::refine_once(&crop, &rough)
        } else {
            matte::refine_by(wanted.matte, &self.mattes, &source.pixels, &crop, frame, &rough)?
        };
        ended(Step::Refine);
        if let Some(row @ 1..) = matte.hair_top(head.face_width * placement.scale) {
            head.hair_top = placement.y + row as f64 / placement.scale;
        }
        let capture = checks::of_capture(&source.pixels, face, standard);
        let face = face.seen_in(placement.x, placement.y, placement.scale);
        let geometry = placement.geometry(&head, face.roll_deg);
        let view = View { picture: &crop, face: &face, alpha: &matte.alpha };
        let mut all = vec![
            checks::judge(standard, CheckId::FaceCount, 1.0),
            checks::judge(standard, CheckId::SourceFaceSize, head.face_width),
            checks::judge(standard, CheckId::CutOff, placement.missing(&edges, standard)),
            checks::judge(standard, CheckId::Enlarging, placement.scale),
            checks::judge(standard, CheckId::MatteConfidence, matte.confidence),
        ];
        all.extend(checks::geometry(&geometry, standard));
        all.extend(checks::of_source(&view, standard));
        all.extend(capture);
        ended(Step::Check);
        Ok(Subject { placement, crop, matte, geometry, checks: in_order(all) })
    }

    /// The coarse mask says where to cut first; the rough matte of that crop says where the hair really begins. The crop moves once or twice
    /// if that is worth it, and the matte with it, so that the matte always lies on the finished picture's own pixels.
    fn settle(
        &self,
        source: &Source,
        head: &mut Head,
        chin: f64,
        edges: Edges,
        standard: &Standard,
    ) -> Result<(Placement, Rough, Edges), PhotoError> {
        /// A margin from which on nothing is gained by another look.
        const GOOD: f64 = 0.3;
        const LOOKS: usize = 3;
        /// Pixels of the finished picture within which hair and the source's top edge cannot be told apart.
        const TOUCHES: f64 = 2.5;
        let (width, height) = (standard.picture.width, standard.picture.height);
        let mut edges = edges;
        let mut placement = geometry::place(head, &edges, standard);
        let mut look = 0;
        loop {
            look += 1;
            let frame = placement.frame(standard);
            let rough = matte::rough(&self.mattes, &source.pixels, frame, chin, width, height)?;
            let row = rough.hair_top(head.face_width * placement.scale).unwrap_or(0);
            let hair_top = (placement.y + row as f64 / placement.scale).max(0.0);
            edges.top = hair_top < TOUCHES / placement.scale;
            // Hair that reaches the crop's own top may go on above it.
            let cut_by_crop = row == 0 && placement.y > 0.0;
            head.hair_top = if cut_by_crop { (placement.y - 0.3 * head.face_width).max(0.0) } else { hair_top };
            placement.margin = geometry::margin(&placement, head, standard);
            let better = geometry::place(head, &edges, standard);
            let whole = placement.missing(&edges, standard) == 0.0;
            let good = whole && (placement.margin >= GOOD || (placement.margin >= 0.0 && placement.margin >= better.margin - 0.1));
            if look == LOOKS || (!cut_by_crop && (good || placement.is_near(&better))) {
                return Ok((placement, rough, edges));
            }
            placement = better;
        }
    }
}
