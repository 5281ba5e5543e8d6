//! Judges a race for photos by what its runners wrote down: whether somebody was given a photo while one before it in the queue lay free.
//! Used by the store's tests and the soaks; knows nothing of either.

use std::collections::HashMap;

/// Moments of one clock that only counts: taken before a request was sent, and after it was answered.
pub type Span = (u64, u64);

/// One person's hold on one photo.
#[derive(Debug, Clone, Copy)]
pub struct Hold<Place> {
    /// The photo, known by its place in the queue.
    pub photo: Place,
    /// The claim that gave it.
    pub given: Span,
    /// What ended the hold: a release, after which it is free again.
    pub released: Option<Span>,
}

/// Pairs of holds (given, overtaken): a photo was given although another, before it in the queue, was free from before the claim was sent until
/// after it was answered. Holds that were not released last for ever: the photo was decided.
pub fn overtakings<Place: Copy + Ord + std::hash::Hash>(photos: &[Place], holds: &[Hold<Place>]) -> Vec<(Place, Place)> {
    let mut by_photo: HashMap<Place, Vec<&Hold<Place>>> = HashMap::new();
    for hold in holds {
        by_photo.entry(hold.photo).or_default().push(hold);
    }
    let free = |photo: &Place, (from, to): Span| {
        by_photo
            .get(photo)
            .is_none_or(|holds| holds.iter().all(|hold| hold.given.0 > to || hold.released.is_some_and(|(_, answered)| answered < from)))
    };
    let mut sorted = photos.to_vec();
    sorted.sort();
    holds
        .iter()
        .flat_map(|hold| {
            let before = sorted.iter().take_while(|photo| **photo < hold.photo);
            before.filter(|photo| free(photo, hold.given)).map(|photo| (hold.photo, *photo))
        })
        .collect()
}

#[test]
fn an_overtaking_is_seen_and_a_close_race_is_none() {
    let hold = |photo, given, released| Hold { photo, given, released };
    assert_eq!(overtakings(&[1, 2], &[hold(2, (5, 6), None)]), [(2, 1)], "1 lay free all the time");
    assert_eq!(overtakings(&[1, 2], &[hold(2, (5, 6), None), hold(1, (6, 7), None)]), [], "1 may have gone first");
    assert_eq!(overtakings(&[1, 2], &[hold(1, (1, 2), Some((3, 4))), hold(2, (5, 6), None)]), [(2, 1)], "1 was free again");
    assert_eq!(overtakings(&[1, 2], &[hold(1, (1, 2), Some((3, 5))), hold(2, (5, 6), None)]), [], "its release was still under way");
    assert_eq!(overtakings(&[1, 2], &[hold(1, (1, 2), None), hold(2, (5, 6), None)]), [], "1 was decided");
}
