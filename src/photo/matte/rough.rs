//! The net's own matte of a crop, with what it is known to lose filled in and what is no person dropped.

use std::sync::PoisonError;

use image::RgbImage;

use super::plane::{Plane, drop_islands, erode, neighbours, parts};
use super::{FineNet, MatteNets, coarse, guided};
use crate::photo::error::PhotoError;
use crate::photo::raster::{self, Beyond, Frame, Quality};

/// A matte that has not been refined: its band is too soft or too hard, its place is right.
#[derive(Debug, Clone)]
pub struct Rough {
    /// 0 wall, 1 person.
    pub alpha: Plane,
    /// Pixels outside of what the fine net sees that the coarse net is sure of, whether they were filled in or not.
    pub disputed: f64,
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
        // Its planes are the largest of the engine: photos that are looked at side by side take turns.
        let _turn = nets.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let alpha = ask(&nets.second, source, frame)?.resized(self.alpha.width, self.alpha.height);
        Ok(mend(alpha, self.core.clone(), self.chin))
    }
}

/// Separates the person from the wall in a crop of `width` × `height` pixels of the source; `chin` is a row of the source.
///
/// # Errors
/// What the nets' runtime says.
pub fn rough(nets: &MatteNets, source: &RgbImage, frame: Frame, chin: f64, width: u32, height: u32) -> Result<Rough, PhotoError> {
    let core = coarse::mask(nets, source, frame)?;
    let alpha = ask(&nets.usual, source, frame)?.resized(width as usize, height as usize);
    Ok(mend(alpha, core, ((chin - frame.y) / frame.height).clamp(0.0, 1.0)))
}

fn ask(net: &FineNet, source: &RgbImage, frame: Frame) -> Result<Plane, PhotoError> {
    let ((shown_width, shown_height), (width, height)) = (net.shown, net.answers);
    let picture = raster::cut(source, frame, shown_width, shown_height, Beyond::Edge, Quality::Fast);
    let [alpha, guide] = net.net.run(raster::channels_first(&picture, |value| value / 255.0), ["alpha", "guide"])?;
    let [alpha, guide] = [alpha, guide].map(|values| Plane { width, height, values });
    Ok(guided::filtered(&alpha, &guide, &picture))
}

fn mend(mut alpha: Plane, core: Plane, chin: f64) -> Rough {
    let fitting = core.resized(alpha.width, alpha.height);
    let below_chin = (chin * alpha.height as f64) as usize;
    let disputed = fill_core(&mut alpha, &fitting, below_chin);
    drop_islands(&mut alpha);
    Rough { alpha, disputed: disputed as f64, core, chin }
}

/// The fine net leaves holes in white shirts before white walls; the coarse one does not. Its sure inside is filled in, well away from edges:
/// around the head far away, because there the edge is hair, below the chin less, because there it is cloth. A hole lies inside: what
/// reaches out of the person is believed only if it is too large for a mistake of the coarse net. Returns the pixels that reach out.
fn fill_core(alpha: &mut Plane, core: &Plane, below_chin: usize) -> usize {
    /// Share of a hole's outline at which the fine net sees the person. In the sets of `docs/matte.md` false ones had up to 0.64.
    const ENCLOSED: f64 = 0.65;
    /// Share of the picture from which on no enclosing is asked for; false ones had up to 0.026, missing bodies from 0.09 on.
    const BODY: f64 = 0.05;
    let inside = |sure: f32, distance: usize| {
        let mask: Vec<bool> = core.values.iter().map(|value| *value > sure).collect();
        erode(&mask, core.width, core.height, distance)
    };
    let (head, body) = (inside(0.9, 10), inside(0.7, 4));
    let chin = below_chin * alpha.width;
    let is_core = |index: usize| head[index] || (index >= chin && body[index]);
    let seen = |value: f32| value > 0.5;
    let holes: Vec<bool> = alpha.values.iter().enumerate().map(|(index, value)| !seen(*value) && is_core(index)).collect();
    let (labels, count) = parts(&holes, alpha.width);
    let mut parts = vec![Hole::default(); count + 1];
    for (index, label) in labels.iter().enumerate().filter(|(_, label)| **label != 0) {
        let part = &mut parts[*label as usize];
        part.pixels += 1;
        for next in neighbours(index, alpha.width, labels.len()).filter(|next| labels[*next] == 0) {
            part.outline += 1;
            part.enclosed += usize::from(seen(alpha.values[next]));
        }
    }
    let large = BODY * labels.len() as f64;
    let enclosed = |hole: &Hole| hole.enclosed as f64 >= ENCLOSED * hole.outline as f64;
    let believed = |hole: &Hole| hole.pixels as f64 >= large || enclosed(hole);
    for (index, value) in alpha.values.iter_mut().enumerate() {
        if is_core(index) && (labels[index] == 0 || believed(&parts[labels[index] as usize])) {
            *value = 1.0;
        }
    }
    parts[1..].iter().filter(|hole| !enclosed(hole)).map(|hole| hole.pixels).sum()
}

/// Pixels that the coarse net is sure of and the fine one does not see.
#[derive(Debug, Clone, Copy, Default)]
struct Hole {
    pixels: usize,
    outline: usize,
    enclosed: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_in_the_body_is_filled_and_the_edge_is_left_alone() {
        let core = Plane { width: 60, height: 60, values: (0..3600).map(|index| f32::from(u8::from(index % 60 >= 20))).collect() };
        let alpha: Vec<f32> = (0..3600).map(|index| if index % 60 < 20 || index == 45 * 60 + 40 { 0.0 } else { 1.0 }).collect();
        let rough = mend(Plane { width: 60, height: 60, values: alpha.clone() }, core, 0.5);
        assert_eq!(rough.alpha.at(40, 45), 1.0);
        assert_eq!(rough.disputed, 0.0);
        assert_eq!(rough.alpha.at(19, 45), 0.0);
    }

    #[test]
    fn what_reaches_out_of_the_person_is_not_filled_but_counts_as_doubt() {
        let core = Plane { width: 100, height: 100, values: vec![1.0; 10_000] };
        let outside = |index: usize| index % 100 < 10 && index / 100 >= 70;
        let alpha: Vec<f32> = (0..10_000).map(|index| f32::from(u8::from(!outside(index)))).collect();
        let mut alpha = Plane { width: 100, height: 100, values: alpha };
        for x in 5..10 {
            for y in 0..70 {
                alpha.values[y * 100 + x] = 0.0;
            }
        }
        let rough =
            mend(alpha, Plane { values: (0..10_000).map(|i| f32::from(u8::from(i % 100 >= 12 || outside(i)))).collect(), ..core }, 0.0);
        assert_eq!(rough.alpha.at(2, 90), 0.0);
        assert!(rough.disputed > 20.0);
    }
}
