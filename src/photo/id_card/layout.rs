//! Where things are on the portrait side of a resident ID card: 85.60 × 54.00 mm, places in parts of the card's width and height.

/// Width and height in millimetres (ISO/IEC 7810 ID-1).
pub const CARD: (f64, f64) = (85.60, 54.00);
/// Where the middle of the eyes lies: the portrait's place (x 0.63–0.95, y 0.12–0.72), eyes at 0.47 of its height.
pub const EYES: (f64, f64) = (0.79, 0.402);
/// The portrait's place: left, top, right, bottom.
pub const PORTRAIT: [f64; 4] = [0.63, 0.12, 0.95, 0.72];
/// Cheek to cheek in millimetres: 207 of 358 pixels of a portrait 26 mm wide (GA 461), and a portrait that shows more of the shoulders.
pub const FACE_WIDTHS: [f64; 2] = [15.0, 12.0];
/// Lines of text end here; the portrait begins.
pub const TEXT_RIGHT: f64 = 0.62;
/// Values begin here, labels before.
pub const TEXT_LEFT: f64 = 0.19;
/// The name is the first line: it lies above this.
pub const NAME_BOTTOM: f64 = 0.30;
/// The number's line.
pub const NUMBER_LINE: f64 = 0.86;

/// Pixels of a card brought to its rectangle: 15 to the millimetre.
pub const FLAT: (u32, u32) = (1284, 810);
pub const PER_MM: f64 = 15.0;
