//! Indices of the mesh's 468 points that are used, named. "Image left" is the viewer's left, the subject's right.

/// The outline of the face, clockwise from the top of the forehead.
pub const OVAL: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132,
    93, 234, 127, 162, 21, 54, 103, 67, 109,
];
/// Cheek at image left and image right, where the face is widest.
pub const CHEEKS: [usize; 2] = [234, 454];
/// Outer corners of the eyes at image left and right.
pub const OUTER_EYES: [usize; 2] = [33, 263];
pub const FOREHEAD: usize = 10;
pub const CHIN: usize = 152;
pub const NOSE_TIP: usize = 1;
/// Corners of the mouth at image left and right.
pub const MOUTH: [usize; 2] = [61, 291];
/// Points on the skin of the cheek at image left, and their mirror images: no hair, glasses or beard in most faces.
pub const CHEEK_SKIN: [[usize; 4]; 2] = [[50, 205, 101, 36], [280, 425, 330, 266]];
/// Points on the forehead between and above the brows, and on the nose.
pub const MIDDLE_SKIN: [usize; 4] = [9, 151, 5, 195];

/// Of the 71 refined points of an eye: the lower lid from corner to corner, and the upper lid between them.
pub const LOWER_LID: std::ops::Range<usize> = 0..9;
pub const UPPER_LID: std::ops::Range<usize> = 9..16;
/// Of the 80 refined points of the lips: corners of the opening, and the middle of the inner lower and upper lip.
pub const MOUTH_OPENING: [usize; 2] = [20, 30];
pub const INNER_LIPS: [usize; 2] = [25, 35];
