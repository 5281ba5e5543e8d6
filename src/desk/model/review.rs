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
    /// It was opened from the tiles, and goes back there.
    pub from_grid: bool,
    /// Whose pictures are all on the screen, and since when.
    pub shown: Option<(Uuid, u64)>,
    /// What is looked at closer.
    pub zoom: Option<Zoom>,
    /// Which of the places that have a key was gone to last: its kind and its number.
    pub spotlight: Option<(u8, usize)>,
    /// The standard's lines are drawn into the pictures.
    pub guides: bool,
    /// Tones are told and clipping is marked.
    pub tones: bool,
    /// When one went to another photo by a key that goes step by step.
    pub stepped_at: Option<u64>,
    /// Steps follow each other so quickly that nobody looks: until when no picture is shown.
    pub hurried_until: u64,
    /// Photos, by their versions, of which the real picture was opened outside the terminal.
    pub opened: std::collections::HashSet<(Uuid, i64)>,
    /// Whose drafts are on the screen: the sharp ones may follow.
    pub drafted: Option<Uuid>,
}

/// A closer look, the same in every picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zoom {
    /// Of what is looked at, in ten-thousandths of the finished photo.
    pub middle: (i32, i32),
    /// A dot of the screen is a pixel of the finished photo; else half of each side fills the place.
    pub real: bool,
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
