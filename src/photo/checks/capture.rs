//! What was done to a picture before it came here: blocks of hard compression, and a frame drawn around it.

use image::RgbImage;

use super::judge;
use super::places::{face_region, luma_lines, middle_of};
use crate::domain::check::{Check, CheckId};
use crate::photo::face::Face;
use crate::photo::standard::Standard;

/// The most of a face that is looked at, in pixels of the source: its middle shows 128 blocks a side, and a face may have 50 megapixels.
const WINDOW: u32 = 1024;

/// Blocks on the face (ISO/IEC 29794-5, compression artefacts): how much larger steps between neighbours are on JPEG's 8-pixel grid than
/// elsewhere (after Wang, Bovik and Evans, 2000). Looked at in the picture's own pixels: scaling blurs the grid away.
#[must_use]
pub fn compression(picture: &RgbImage, face: &Face, standard: &Standard) -> Check {
    let region = face_region(face);
    let (columns, rows) = middle_of(picture, region, WINDOW);
    let [across, down] = luma_lines(picture, columns, rows);
    judge(standard, CheckId::Compression, (blocks(&across) + blocks(&down)) / 2.0).at(region)
}

/// Mean step on the 8-pixel grid over the mean step off it, for the grid that stands out most: a crop moves it.
fn blocks(lines: &[Vec<f32>]) -> f64 {
    const GRID: usize = 8;
    /// A grid needs room to repeat itself.
    const LEAST: usize = 8 * GRID;
    let length = lines.first().map_or(0, Vec::len);
    if lines.len() < LEAST || length < LEAST {
        return f64::NAN;
    }
    let (mut steps, mut counts) = ([0.0f64; GRID], [0u32; GRID]);
    for line in lines {
        for (at, pair) in line.windows(2).enumerate() {
            steps[at % GRID] += f64::from((pair[1] - pair[0]).abs());
            counts[at % GRID] += 1;
        }
    }
    let means: [f64; GRID] = std::array::from_fn(|phase| steps[phase] / f64::from(counts[phase].max(1)));
    let grid = (0..GRID).max_by(|a, b| means[*a].total_cmp(&means[*b])).unwrap_or(0);
    let others = means.iter().enumerate().filter(|(phase, _)| *phase != grid).map(|(_, mean)| mean).sum::<f64>() / (GRID - 1) as f64;
    if others > 0.0 { means[grid] / others } else { f64::NAN }
}

/// A frame: the share of a side's length along which one straight step runs near the edge, on the third-best side of four. Walls and doors
/// draw a line on one or two sides; only a frame draws it on three.
#[must_use]
pub fn frame(picture: &RgbImage, standard: &Standard) -> Check {
    let (width, height) = picture.dimensions();
    let reach = width.min(height) / 8;
    let pixel = |x: u32, y: u32| picture.get_pixel(x, y).0;
    let mut sides = [
        line(reach, width, |depth, along| pixel(along, depth)),
        line(reach, width, |depth, along| pixel(along, height - 1 - depth)),
        line(reach, height, pixel),
        line(reach, height, |depth, along| pixel(width - 1 - depth, along)),
    ];
    sides.sort_by(f64::total_cmp);
    judge(standard, CheckId::Frame, sides[1])
}

/// The largest share of a side along which all pixels at one depth differ from those behind them to the same side.
fn line(reach: u32, length: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> f64 {
    /// Steps of noise and compression, in levels.
    const STEP: i16 = 14;
    let mut best = 0;
    for depth in 0..reach {
        let (mut up, mut down) = (0u32, 0u32);
        for along in 0..length {
            let (outer, inner) = (pixel(depth, along), pixel(depth + 1, along));
            let steps = std::array::from_fn::<i16, 3, _>(|channel| i16::from(inner[channel]) - i16::from(outer[channel]));
            let step = steps.into_iter().max_by_key(|step| step.abs()).unwrap_or(0);
            up += u32::from(step > STEP);
            down += u32::from(step < -STEP);
        }
        best = best.max(up).max(down);
    }
    f64::from(best) / f64::from(length.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::Verdict;
    use image::Rgb;

    fn framed(sides: u32) -> RgbImage {
        RgbImage::from_fn(480, 640, |x, y| {
            let on = [x < 9, x > 470, y < 9, y > 630];
            let frame = on.iter().take(sides as usize).any(|on| *on);
            if frame { Rgb([20, 20, 160]) } else { Rgb([200 + (x % 7) as u8, 205, 210]) }
        })
    }

    #[test]
    fn a_frame_is_seen_and_a_door_is_not() {
        let standard = Standard::default();
        assert_eq!(frame(&framed(4), &standard).verdict, Verdict::Fail);
        assert_eq!(frame(&framed(2), &standard).verdict, Verdict::Pass);
        assert_eq!(frame(&framed(0), &standard).verdict, Verdict::Pass);
    }

    #[test]
    fn a_large_face_is_judged_by_its_middle() {
        use crate::photo::face::indices::OVAL;
        let noise = |x: u32, y: u32| (x.wrapping_mul(7919).wrapping_add(y.wrapping_mul(104_729)) % 13) as u8;
        let middle = 200..1224;
        let picture = RgbImage::from_fn(1424, 1424, |x, y| {
            let blocky = middle.contains(&x) && middle.contains(&y);
            let block = if blocky { ((x / 8 + y / 8) % 2) as u8 * 30 } else { 0 };
            Rgb([100 + block + noise(x, y) / 4; 3])
        });
        let nowhere = crate::photo::face::Point::default();
        let mut face = Face {
            certainty: 1.0,
            points: vec![nowhere; 468],
            irises: [nowhere; 2],
            roll_deg: 0.0,
            yaw_deg: 0.0,
            pitch_deg: 0.0,
            eyes_open: [0.3; 2],
            mouth_open: 0.0,
        };
        for (turn, index) in OVAL.iter().enumerate() {
            let (sine, cosine) = (std::f64::consts::TAU * turn as f64 / OVAL.len() as f64).sin_cos();
            face.points[*index] = crate::photo::face::Point { x: 712.0 + 712.0 * cosine, y: 712.0 + 712.0 * sine };
        }
        let check = compression(&picture, &face, &Standard::default());
        let [across, down] = luma_lines(&picture, middle.clone(), middle);
        assert_eq!(check.value, Some((blocks(&across) + blocks(&down)) / 2.0));
        assert!(check.region.unwrap().width > 1400.0, "it is still the whole face that is pointed at");
    }

    #[test]
    fn blocks_stand_out_wherever_their_grid_begins() {
        let noise = |x: usize, y: usize| ((x * 7919 + y * 104_729) % 13) as f32 / 4.0;
        let lines = |step: f32, shift: usize| -> Vec<Vec<f32>> {
            (0..80).map(|y| (0..80).map(|x| noise(x, y) + ((x + shift) / 8 % 2) as f32 * step).collect()).collect()
        };
        let plain = blocks(&lines(0.0, 0));
        assert!(plain < 1.5, "{plain}");
        for shift in [0, 3] {
            let blocky = blocks(&lines(8.0, shift));
            assert!(blocky > 3.0, "{blocky}");
        }
        assert!(blocks(&lines(8.0, 0)[..20]).is_nan());
    }
}
