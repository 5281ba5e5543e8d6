//! The net's own matte of a crop, with what it is known to lose filled in and what is no person dropped.

use image::RgbImage;

use super::plane::{Plane, drop_islands, erode};
use super::{MatteNets, coarse};
use crate::photo::error::PhotoError;
use crate::photo::raster::{self, Beyond, Frame, Quality};
use crate::photo::weights::Net;

/// A matte that has not been refined: its band is too soft or too hard, its place is right.
#[derive(Debug, Clone)]
pub struct Rough {
    /// 0 wall, 1 person.
    pub alpha: Plane,
    /// Sum over all pixels of what filling and dropping changed in the net's answer.
    pub mended: f64,
    /// The coarse net's mask of the same frame.
    pub core: Plane,
    /// First row below the chin, as a share of the height.
    pub chin: f64,
}

impl Rough {
    /// The first row of the head in pixels of the crop; `None` when there is no person.
    #[must_use]
    pub fn hair_top(&self, face_width: f64) -> Option<usize> {
        super::hair_top(&self.alpha, face_width)
    }

    /// The same by the finer net.
    ///
    /// # Errors
    /// What the net's runtime says.
    pub fn seen_again(&self, nets: &MatteNets, source: &RgbImage, frame: Frame) -> Result<Rough, PhotoError> {
        let alpha = ask(&nets.second, source, frame, 768, 1024)?.resized(self.alpha.width, self.alpha.height);
        Ok(mend(alpha, self.core.clone(), self.chin))
    }
}

/// Separates the person from the wall in a crop of `width` × `height` pixels of the source; `chin` is a row of the source.
///
/// # Errors
/// What the nets' runtime says.
pub fn rough(nets: &MatteNets, source: &RgbImage, frame: Frame, chin: f64, width: u32, height: u32) -> Result<Rough, PhotoError> {
    let core = coarse::mask(nets, source, frame)?;
    let alpha = ask(&nets.usual, source, frame, 480, 640)?.resized(width as usize, height as usize);
    Ok(mend(alpha, core, ((chin - frame.y) / frame.height).clamp(0.0, 1.0)))
}

fn ask(net: &Net, source: &RgbImage, frame: Frame, width: u32, height: u32) -> Result<Plane, PhotoError> {
    let picture = raster::cut(source, frame, width, height, Beyond::Edge, Quality::Fast);
    let [values] = net.run(raster::channels_first(&picture, |value| value / 255.0), ["pha"])?;
    Ok(Plane { width: width as usize, height: height as usize, values })
}

fn mend(mut alpha: Plane, core: Plane, chin: f64) -> Rough {
    let before = alpha.values.clone();
    let fitting = core.resized(alpha.width, alpha.height);
    let below_chin = (chin * alpha.height as f64) as usize;
    fill_core(&mut alpha, &fitting, below_chin);
    drop_islands(&mut alpha);
    let mended = before.iter().zip(&alpha.values).map(|(before, after)| f64::from((before - after).abs())).sum();
    Rough { alpha, mended, core, chin }
}

/// The fine net leaves holes in white shirts before white walls; the coarse one does not. Its sure inside is filled in, well away from edges:
/// around the head far away, because there the edge is hair, below the chin less, because there it is cloth.
fn fill_core(alpha: &mut Plane, core: &Plane, below_chin: usize) {
    let inside = |sure: f32, distance: usize| {
        let mask: Vec<bool> = core.values.iter().map(|value| *value > sure).collect();
        erode(&mask, core.width, core.height, distance)
    };
    let (head, body) = (inside(0.9, 10), inside(0.7, 4));
    let chin = below_chin * alpha.width;
    for (index, value) in alpha.values.iter_mut().enumerate() {
        if head[index] || (index >= chin && body[index]) {
            *value = 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_in_the_body_is_filled_and_counted_and_the_edge_is_left_alone() {
        let core = Plane { width: 60, height: 60, values: (0..3600).map(|index| f32::from(u8::from(index % 60 >= 20))).collect() };
        let alpha: Vec<f32> = (0..3600).map(|index| if index % 60 < 20 || index == 45 * 60 + 40 { 0.0 } else { 1.0 }).collect();
        let rough = mend(Plane { width: 60, height: 60, values: alpha.clone() }, core, 0.5);
        assert_eq!(rough.alpha.at(40, 45), 1.0);
        assert_eq!(rough.mended, 1.0);
        assert_eq!(rough.alpha.at(19, 45), 0.0);
    }
}
