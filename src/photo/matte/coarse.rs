//! The coarse mask: where a person is at all. It sees the surroundings of a head before anybody knows where to cut.

use image::RgbImage;

use super::{MatteNets, Plane};
use crate::photo::error::PhotoError;
use crate::photo::geometry::{Edges, Head};
use crate::photo::raster::{self, Beyond, Frame, Quality};

const COARSE: u32 = 256;

/// What the coarse mask knows of the source: where the hair begins and which edges cut the person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surroundings {
    pub hair_top: f64,
    pub edges: Edges,
}

/// Looks at everything around a head that a crop could show.
///
/// # Errors
/// What the nets' runtime says.
pub fn surroundings(nets: &MatteNets, source: &RgbImage, head: &Head) -> Result<Surroundings, PhotoError> {
    let unit = head.face_width;
    let frame = Frame { x: head.eye_x - 1.8 * unit, y: head.eye_line - 2.2 * unit, width: 3.6 * unit, height: 4.8 * unit };
    let mask = mask(nets, source, frame)?;
    let (width, height) = (f64::from(source.width()), f64::from(source.height()));
    let side = COARSE as usize;
    let (step_x, step_y) = (frame.width / side as f64, frame.height / side as f64);
    // Columns of the head alone: a shoulder or a neighbour may reach higher than a small head.
    let head_columns = (side as f64 * 0.25) as usize..(side as f64 * 0.75) as usize;
    let row = mask.first_row(super::ROW_SHARE * unit / step_x, head_columns).unwrap_or(0);
    let hair_top = (frame.y + row as f64 * step_y).max(0.0);
    let row_of = |y: f64| ((y - frame.y) / step_y).clamp(0.0, side as f64) as usize;
    let rows = row_of(0.0)..row_of(height);
    let touches = |edge: f64, inward: f64| {
        let column = (edge - frame.x) / step_x + inward;
        (column >= 0.0 && column < side as f64)
            .then(|| rows.clone().find(|y| (*y..(*y + 3).min(rows.end)).all(|y| mask.at(column as usize, y) > 0.5)))
            .flatten()
            .map(|y| frame.y + y as f64 * step_y)
    };
    Ok(Surroundings {
        hair_top,
        edges: Edges { width, height, top: hair_top < step_y * 1.5, left: touches(0.0, 1.0), right: touches(width, -2.0) },
    })
}

/// The mask of a frame of the source.
///
/// # Errors
/// What the net's runtime says.
pub fn mask(nets: &MatteNets, source: &RgbImage, frame: Frame) -> Result<Plane, PhotoError> {
    let small = raster::cut(source, frame, COARSE, COARSE, Beyond::Edge, Quality::Fast);
    let [values] = nets.coarse.run(raster::channels_last(&small, |value| value / 255.0), ["activation_10"])?;
    Ok(Plane { width: COARSE as usize, height: COARSE as usize, values })
}
