//! What the review screen adds to the queue's cursor: which pictures, and what is known of them.

use uuid::Uuid;

use crate::{
    api::{problem::Problem, submission::PictureKind},
    desk::picture::Picture,
};

/// What the review screen adds to the queue's cursor.
#[derive(Debug, Clone, Default)]
pub struct Review {
    pub view: View,
    pub scroll: usize,
    /// Whose pictures are all on the screen, and since when.
    pub shown: Option<(Uuid, u64)>,
}

/// Which pictures are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// As many side by side as there is room for, the original and the finished one first.
    #[default]
    Together,
    /// The finished one beside the ID portrait, where three have no room.
    Faces,
    /// One alone.
    Zoom(PictureKind),
}

/// The three pictures of a review, in the order in which they stand.
pub const TRIPLE: [PictureKind; 3] = [PictureKind::Preview, PictureKind::Standard, PictureKind::Portrait];

/// One picture that was asked for.
#[derive(Debug, Clone)]
pub enum Slot {
    Loading,
    Ready(Picture),
    Failed(Problem),
}
