//! The whole matte on specimens, whose truth is exact.

use std::path::Path;

use image::RgbImage;

use super::MatteNets;
use super::trial::{Way, matte};
use crate::photo::raster::{self, Beyond, Frame, Quality};
use crate::photo::tests::left_out;

/// A specimen's picture or truth in the size of a finished photo.
fn specimen(name: &str) -> Option<RgbImage> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/specimens").join(name);
    if !path.is_file() {
        left_out("no specimens");
        return None;
    }
    let picture = image::open(path).unwrap().into_rgb8();
    let whole = Frame { x: 0.0, y: 0.0, width: f64::from(picture.width()), height: f64::from(picture.height()) };
    Some(raster::cut(&picture, whole, 480, 640, Beyond::Edge, Quality::Fine))
}

#[test]
fn a_specimens_matte_is_its_truth_but_for_hairs() {
    let nets = MatteNets::new();
    for name in ["p01", "p19"] {
        let (Some(crop), Some(truth)) = (specimen(&format!("{name}.jpg")), specimen(&format!("{name}_alpha.png"))) else { return };
        let found = matte(&nets, &crop, 400.0, Way::Usual).unwrap();
        let errors = found.alpha.pixels().zip(truth.pixels()).map(|(found, truth)| f64::from(found.0[0].abs_diff(truth.0[0])) / 255.0);
        let (sum, far) = errors.fold((0.0, 0), |(sum, far), error| (sum + error, far + u32::from(error > 0.5)));
        let whole = sum / f64::from(480 * 640);
        assert!(whole < 0.006, "{name}: {whole}");
        assert!(far < 1500, "{name}: {far} pixels on the wrong side");
        assert!(found.confidence > 0.73 && !found.second_look, "{name}: {}", found.confidence);
    }
}
