//! Where to cut: one scale and one place that keep every limit of the standard with the largest margin. Nothing is rotated, mirrored or warped.
//!
//! With output = (source − corner) × scale, the hair's top, the eye line and the face's width are linear in (scale, corner × scale). For a
//! given scale the best corner is found exactly, among the crossings of the margins; the scale is searched, then searched finer.
//! Centring and enlarging count among the margins; the source's edges are walls, because what they cut is missing altogether.

use super::raster::Frame;
use super::standard::Standard;
use crate::domain::adjustment::Adjustments;
use crate::domain::check::CheckId;
use crate::domain::report::{Geometry, Transform};

/// The head in source pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Head {
    pub hair_top: f64,
    pub eye_line: f64,
    /// Middle of the eyes.
    pub eye_x: f64,
    pub face_width: f64,
}

/// The source's edges: where they cut the person, the canvas must not grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edges {
    pub width: f64,
    pub height: f64,
    /// The person touches the top edge.
    pub top: bool,
    /// First row in which the person touches the left edge.
    pub left: Option<f64>,
    /// First row in which the person touches the right edge.
    pub right: Option<f64>,
}

/// A crop and how good it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Left and top edge in source pixels.
    pub x: f64,
    pub y: f64,
    /// Output pixels per source pixel.
    pub scale: f64,
    /// The smallest margin of all measures, each in its own range: 1 in the middle of all, negative outside of one.
    pub margin: f64,
}

impl Placement {
    /// The crop in source pixels.
    #[must_use]
    pub fn frame(&self, standard: &Standard) -> Frame {
        let (width, height) = size(standard);
        Frame { x: self.x, y: self.y, width: width / self.scale, height: height / self.scale }
    }

    /// Whether two crops differ by less than can be seen.
    #[must_use]
    pub fn is_near(&self, other: &Placement) -> bool {
        let moved = (self.x - other.x).abs().max((self.y - other.y).abs()) * self.scale;
        moved < 2.0 && (self.scale / other.scale - 1.0).abs() < 0.005
    }

    /// The crop that a person asks for instead: the person larger or smaller around the middle of the eyes, then moved. Its margin is stale.
    #[must_use]
    pub fn adjusted(&self, wanted: &Adjustments, head: &Head) -> Placement {
        let scale = self.scale * (1.0 + f64::from(wanted.scale) / 1000.0);
        let eye_x = (head.eye_x - self.x) * self.scale + f64::from(wanted.right);
        let eye_line = (head.eye_line - self.y) * self.scale + f64::from(wanted.down);
        Placement { x: head.eye_x - eye_x / scale, y: head.eye_line - eye_line / scale, scale, margin: self.margin }
    }

    /// As it is reported.
    #[must_use]
    pub fn transform(&self) -> Transform {
        Transform { x: self.x, y: self.y, scale: self.scale }
    }

    /// The head's measures in the output.
    #[must_use]
    pub fn geometry(&self, head: &Head, roll_deg: f64) -> Geometry {
        Geometry {
            hair_top: (head.hair_top - self.y) * self.scale,
            eye_line: (head.eye_line - self.y) * self.scale,
            face_width: head.face_width * self.scale,
            centre_x: (head.eye_x - self.x) * self.scale,
            roll_deg,
        }
    }

    /// Output pixels by which the crop reaches beyond an edge that cuts the person, or below the source; 0 when it does not.
    #[must_use]
    pub fn missing(&self, edges: &Edges, standard: &Standard) -> f64 {
        let frame = self.frame(standard);
        let bottom = frame.y + frame.height - 1e-6;
        let beyond = [
            Some(bottom - edges.height),
            edges.top.then_some(-frame.y),
            edges.left.filter(|row| bottom > *row).map(|_| -frame.x),
            edges.right.filter(|row| bottom > *row).map(|_| frame.x + frame.width - edges.width),
        ];
        let pixels = beyond.into_iter().flatten().fold(0.0, f64::max) * self.scale;
        // Less than a tenth of a pixel is arithmetic.
        if pixels < 0.1 { 0.0 } else { pixels }
    }
}

fn size(standard: &Standard) -> (f64, f64) {
    (f64::from(standard.picture.width), f64::from(standard.picture.height))
}

/// The smallest margin of a placement for a head that was measured anew: of the three measures in halves of their ranges, of centring in
/// parts of what is allowed, of enlarging in parts of what is allowed beyond the source's own size.
#[must_use]
pub fn margin(placement: &Placement, head: &Head, standard: &Standard) -> f64 {
    let geometry = placement.geometry(head, 0.0);
    let (width, _) = size(standard);
    let far = standard.limits(CheckId::Centre).fail.max.unwrap_or(f64::INFINITY);
    let most = standard.limits(CheckId::Enlarging).fail.max.unwrap_or(f64::INFINITY);
    let off_centre = 1.0 - (geometry.centre_x - width / 2.0).abs() / far;
    let enlarging = if most > 1.0 { (most - placement.scale) / (most - 1.0) } else { f64::INFINITY };
    upright(placement, head, standard).min(off_centre).min(enlarging)
}

/// The smallest margin of the three measures that scale and height decide.
fn upright(placement: &Placement, head: &Head, standard: &Standard) -> f64 {
    let geometry = placement.geometry(head, 0.0);
    [(CheckId::HairTop, geometry.hair_top), (CheckId::EyeLine, geometry.eye_line), (CheckId::FaceWidth, geometry.face_width)]
        .into_iter()
        .map(|(id, value)| {
            let (min, max) = standard.range(id);
            (value - min).min(max - value) / ((max - min) / 2.0)
        })
        .fold(f64::INFINITY, f64::min)
}

/// A crop that the source's edges, or its few pixels, press nearer to a limit than this (4 pixels of the eye line) is not known to keep it.
const SURE: f64 = 0.08;

/// What a search must respect.
#[derive(Debug, Clone, Copy)]
struct Rules {
    max_scale: f64,
    max_off_centre: f64,
    within_source: bool,
}

/// The crop with the largest margin. Soft limits are kept where that leaves room, then hard ones; when not even these can be kept the crop
/// that would be right if the source had more pixels is returned, so that what is missing can be named: look at `missing` and the measures.
#[must_use]
pub fn place(head: &Head, edges: &Edges, standard: &Standard) -> Placement {
    /// A tenth of half the range: measures are known to a few pixels only.
    const COMFORT: f64 = 0.1;
    let enlarging = standard.limits(CheckId::Enlarging);
    let centre = standard.limits(CheckId::Centre);
    let most = enlarging.fail.max.unwrap_or(f64::INFINITY);
    let gentle = enlarging.warn.max.unwrap_or(most);
    let far = centre.fail.max.unwrap_or(0.0);
    let near = centre.warn.max.unwrap_or(far);
    let rules = |max_scale, max_off_centre, within_source| Rules { max_scale, max_off_centre, within_source };
    let kept = [rules(gentle, near, true), rules(most, near, true), rules(gentle, far, true), rules(most, far, true)];
    for comfort in [COMFORT, SURE] {
        let mut within = kept.iter().filter_map(|rules| search(head, edges, standard, *rules));
        if let Some(placement) = within.find(|found| found.margin >= comfort) {
            return placement;
        }
    }
    let broken = [rules(most, far, false), rules(f64::INFINITY, far, true), rules(f64::INFINITY, far, false)];
    let mut last = None;
    for rules in broken {
        if let Some(placement) = search(head, edges, standard, rules) {
            last = Some(placement);
            if placement.margin >= SURE {
                return placement;
            }
        }
    }
    // Not the source's edges but the head's own shape leaves so little room: what just fits is then the best there is.
    let just = search(head, edges, standard, rules(most, far, true)).filter(|found| found.margin >= 0.0);
    // Without bounds every scale has a placement, so the last search always answers.
    just.or(last).unwrap_or(Placement { x: 0.0, y: 0.0, scale: 1.0, margin: f64::NEG_INFINITY })
}

fn search(head: &Head, edges: &Edges, standard: &Standard, rules: Rules) -> Option<Placement> {
    const STEPS: u32 = 600;
    let (min_width, max_width) = standard.range(CheckId::FaceWidth);
    // Somewhat beyond the limits too, so that the least bad is found when nothing is good.
    let (low, high) = (min_width * 0.7 / head.face_width, (max_width * 1.3 / head.face_width).min(rules.max_scale));
    let step = (high - low) / f64::from(STEPS);
    let best = |from: f64, step: f64, steps: u32| {
        (0..=steps)
            .map(|index| from + step * f64::from(index))
            .filter_map(|scale| at_scale(head, edges, standard, rules, scale))
            .max_by(|a, b| a.margin.total_cmp(&b.margin))
    };
    let rough = best(low, step, STEPS)?;
    // All limits may meet in less than one step: a head just short enough must not be refused for the search's own coarseness.
    let finer = best(rough.scale - step, step / 100.0, 200);
    finer.filter(|finer| finer.margin > rough.margin).or(Some(rough))
}

/// The best corner for one scale, if there is any within the rules.
fn at_scale(head: &Head, edges: &Edges, standard: &Standard, rules: Rules, scale: f64) -> Option<Placement> {
    let (_, height) = size(standard);
    if scale <= 0.0 || scale > rules.max_scale {
        return None;
    }
    if !rules.within_source {
        return below(head, standard, scale, f64::NEG_INFINITY, f64::INFINITY).map(|placement| judged(placement, head, standard, rules));
    }
    let lowest = if edges.top { 0.0 } else { f64::NEG_INFINITY };
    let source_end = edges.height * scale - height;
    // A crop that ends above the row where a side cuts the person may grow beyond that side: worth trying, higher though it sits.
    [Some(source_end), edges.left.map(|row| row * scale - height), edges.right.map(|row| row * scale - height)]
        .into_iter()
        .flatten()
        .filter(|end| *end <= source_end)
        .filter_map(|end| below(head, standard, scale, lowest, end))
        .filter_map(|placement| beside(placement, head, edges, standard, rules.max_off_centre))
        .map(|placement| judged(placement, head, standard, rules))
        .max_by(|a, b| a.margin.total_cmp(&b.margin))
}

/// A placement with its margin; enlarging beyond every limit, which is only tried to name what is missing, is not held against it.
fn judged(placement: Placement, head: &Head, standard: &Standard, rules: Rules) -> Placement {
    let margin = if rules.max_scale.is_finite() { margin(&placement, head, standard) } else { upright(&placement, head, standard) };
    Placement { margin, ..placement }
}

/// The best height for one scale, with (top edge × scale) between two bounds.
fn below(head: &Head, standard: &Standard, scale: f64, lowest: f64, highest: f64) -> Option<Placement> {
    if lowest > highest {
        return None;
    }
    // For each measure: its distances to both limits were the crop at the very top, and half of its range.
    let measures = [(CheckId::HairTop, head.hair_top * scale), (CheckId::EyeLine, head.eye_line * scale)].map(|(id, at_zero)| {
        let (min, max) = standard.range(id);
        (at_zero - min, at_zero - max, (max - min) / 2.0)
    });
    let (width, _) = size(standard);
    measures
        .iter()
        .flat_map(|falling| measures.iter().map(move |growing| (falling, growing)))
        // Margins fall as the crop moves down, or grow; the smallest is largest where a falling one meets a growing one:
        // (falling.0 − top) / falling.2 = (top − growing.1) / growing.2
        .map(|(falling, growing)| (falling.0 * growing.2 + growing.1 * falling.2) / (falling.2 + growing.2))
        .map(|top| Placement { x: head.eye_x - width / 2.0 / scale, y: top.clamp(lowest, highest) / scale, scale, margin: 0.0 })
        .map(|placement| Placement { margin: upright(&placement, head, standard), ..placement })
        .max_by(|a, b| a.margin.total_cmp(&b.margin))
}

/// The same crop moved sideways as little as the edges demand, if that is not too far.
fn beside(placement: Placement, head: &Head, edges: &Edges, standard: &Standard, max_off_centre: f64) -> Option<Placement> {
    let (width, height) = size(standard);
    // A hair's breadth, so that a crop that was put right above a row counts as above it.
    let bottom = placement.y + height / placement.scale - 1e-6;
    let leftmost = if edges.left.is_some_and(|row| bottom > row) { 0.0 } else { f64::NEG_INFINITY };
    let rightmost = if edges.right.is_some_and(|row| bottom > row) { edges.width - width / placement.scale } else { f64::INFINITY };
    if leftmost > rightmost {
        return None;
    }
    let x = placement.x.clamp(leftmost, rightmost);
    let centred = head.eye_x - width / 2.0 / placement.scale;
    ((x - centred).abs() * placement.scale <= max_off_centre).then_some(Placement { x, ..placement })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wide(width: f64, height: f64) -> Edges {
        Edges { width, height, top: false, left: None, right: None }
    }

    fn specimen() -> Head {
        Head { hair_top: 184.0, eye_line: 515.8, eye_x: 450.0, face_width: 339.8 }
    }

    #[test]
    fn an_ordinary_head_lands_well_within_everything() {
        let standard = Standard::default();
        let edges = Edges { left: Some(800.0), right: Some(800.0), ..wide(900.0, 1200.0) };
        let placement = place(&specimen(), &edges, &standard);
        assert!(placement.margin > 0.4 && placement.scale < 1.0, "{placement:?}");
        assert_eq!(placement.missing(&edges, &standard), 0.0);
        assert!((placement.geometry(&specimen(), 0.0).centre_x - 240.0).abs() < 1.0);
    }

    #[test]
    fn an_adjusted_crop_moves_by_so_many_pixels_and_grows_around_the_eyes() {
        let placement = Placement { x: 10.0, y: 20.0, scale: 0.7, margin: 0.5 };
        let before = placement.geometry(&specimen(), 0.0);
        let wanted = Adjustments { scale: 100, right: 6, down: -4, ..Adjustments::default() };
        let after = placement.adjusted(&wanted, &specimen()).geometry(&specimen(), 0.0);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        near(after.eye_line, before.eye_line - 4.0);
        near(after.centre_x, before.centre_x + 6.0);
        near(after.face_width, before.face_width * 1.1);
        near(after.eye_line - after.hair_top, (before.eye_line - before.hair_top) * 1.1);
        assert_eq!(placement.adjusted(&Adjustments { scale: 0, ..wanted }, &specimen()).scale, placement.scale);
    }

    #[test]
    fn the_canvas_grows_above_and_beside_but_never_below() {
        let standard = Standard::default();
        let close = Head { hair_top: 4.0, eye_line: 260.0, eye_x: 200.0, face_width: 250.0 };
        let placement = place(&close, &wide(420.0, 900.0), &standard);
        assert!(placement.y < 0.0 && placement.x < 0.0 && placement.margin > 0.3, "{placement:?}");
        let cut_below = place(&close, &wide(420.0, 400.0), &standard);
        assert!(cut_below.missing(&wide(420.0, 400.0), &standard) > 50.0, "{cut_below:?}");
    }

    #[test]
    fn a_head_cut_at_the_top_is_missing_pixels() {
        let standard = Standard::default();
        let cut = Head { hair_top: 0.0, eye_line: 331.8, ..specimen() };
        let edges = Edges { top: true, ..wide(900.0, 1200.0) };
        assert!(place(&cut, &edges, &standard).missing(&edges, &standard) >= 49.0);
    }

    #[test]
    fn a_tiny_face_is_named_as_enlarged() {
        let standard = Standard::default();
        let tiny = Head { hair_top: 100.0, eye_line: 180.0, eye_x: 200.0, face_width: 85.0 };
        let placement = place(&tiny, &wide(400.0, 600.0), &standard);
        assert!(placement.scale > 1.3 && placement.margin > 0.0, "{placement:?}");
    }

    #[test]
    fn off_centre_is_allowed_only_where_the_edge_cuts() {
        let standard = Standard::default();
        let aside = Head { eye_x: 240.0, ..specimen() };
        let free = place(&aside, &wide(900.0, 1200.0), &standard);
        assert!((free.geometry(&aside, 0.0).centre_x - 240.0).abs() < 1e-6);
        let edges = Edges { left: Some(500.0), ..wide(900.0, 1200.0) };
        let cut = place(&aside, &edges, &standard);
        assert!(cut.missing(&edges, &standard) > 10.0, "{cut:?}");
    }

    #[test]
    fn a_head_that_fits_by_a_hair_is_not_lost_between_two_steps() {
        let standard = Standard::default();
        // Eyes 249.98 below the hair where the face is 180 wide: all limits meet within a hundredth of a step.
        let head = Head { hair_top: 300.0, eye_line: 300.0 + 249.98 * 1.7, eye_x: 600.0, face_width: 180.0 * 1.7 };
        let placement = place(&head, &wide(1200.0, 2400.0), &standard);
        assert!(placement.margin >= 0.0, "{placement:?}");
        let longer = Head { eye_line: 300.0 + 250.5 * 1.7, ..head };
        assert!(place(&longer, &wide(1200.0, 2400.0), &standard).margin < 0.0);
    }

    #[test]
    fn a_source_with_too_few_pixels_is_refused_before_it_is_cut_by_guess() {
        let standard = Standard::default();
        // At 1.28 times its size the measures would be within by three pixels, which is as well as they are known.
        let few = Head { hair_top: 0.0, eye_line: 75.001, eye_x: 100.0, face_width: 194.74 };
        let edges = wide(1000.0, 638.4);
        let pressed = search(&few, &edges, &standard, Rules { max_scale: 1.3, max_off_centre: 24.0, within_source: true }).unwrap();
        assert!((0.0..SURE).contains(&pressed.margin), "{pressed:?}");
        let placement = place(&few, &edges, &standard);
        assert!(placement.scale > 1.3 && placement.margin >= SURE, "{placement:?}");
    }

    #[test]
    fn a_small_source_is_enlarged_no_more_than_its_measures_gain_by_it() {
        let standard = Standard::default();
        let small = Head { hair_top: 100.0, eye_line: 300.0, eye_x: 240.0, face_width: 170.0 };
        let placement = place(&small, &wide(480.0, 700.0), &standard);
        assert!(placement.margin > 0.2 && placement.scale < 1.22, "{placement:?}");
    }

    proptest! {
        /// Whatever a dense search over all crops finds surely possible, the solver finds too.
        #[test]
        fn no_crop_that_exists_is_missed(
            hair in -20.0..300.0f64, forehead in 60.0..500.0f64, face in 120.0..700.0f64,
            eye_x in 100.0..900.0f64, below in 200.0..1500.0f64, top: bool,
        ) {
            let standard = Standard::default();
            let hair = if top { 0.0 } else { hair };
            let head = Head { hair_top: hair, eye_line: hair + forehead, eye_x, face_width: face };
            let edges = Edges { top, ..wide(1000.0, hair + forehead + below) };
            let found = place(&head, &edges, &standard);
            let good = found.margin >= 0.0 && found.scale <= 1.3 && found.missing(&edges, &standard) == 0.0;
            let mut possible = false;
            for scale_step in 0..200 {
                let scale = (0.2 + f64::from(scale_step) * 0.0055).min(1.3);
                for top_step in 0..200 {
                    let y = hair - (51.0 + f64::from(top_step) * 0.29) / scale;
                    let placement = Placement { x: eye_x - 240.0 / scale, y, scale, margin: 0.0 };
                    possible |= margin(&placement, &head, &standard) > SURE && placement.missing(&edges, &standard) == 0.0;
                }
            }
            prop_assert!(good || !possible, "{found:?}");
        }

        #[test]
        fn what_is_promised_holds(
            hair in 0.0..300.0f64, forehead in 60.0..500.0f64, face in 120.0..700.0f64, eye_x in 100.0..900.0f64, left in proptest::option::of(0.0..900.0f64),
        ) {
            let standard = Standard::default();
            let head = Head { hair_top: hair, eye_line: hair + forehead, eye_x, face_width: face };
            let edges = Edges { left, ..wide(1000.0, 1600.0) };
            let found = place(&head, &edges, &standard);
            if found.margin >= 0.0 && found.scale <= 1.3 {
                prop_assert!((found.margin - margin(&found, &head, &standard)).abs() < 1e-6);
            }
            prop_assert!(found.x.is_finite() && found.y.is_finite() && found.scale > 0.0);
        }
    }
}
