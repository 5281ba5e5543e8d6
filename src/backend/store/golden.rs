//! Golden items: decided attempts whose right answer is known, mixed among what a reviewer gets, and never told apart from it.
//!
//! What a reviewer gets is an attempt like any other, with an id, a student and times of its own; it stands in a season of that reviewer's own
//! (`SEASON~REVIEWER`), so that whatever belongs to a season (counters, lists, notices, exports) cannot meet it. To this reviewer the two
//! seasons are one: [`seasons_of`] is asked wherever one reads.

use uuid::Uuid;

use crate::domain::access::{Permission, Principal};

/// Between the code of a season and the reviewer whose own it is. No season that people name has it.
const OWN: char = '~';

/// The season that people name.
pub fn shared(season: &str) -> &str {
    season.split_once(OWN).map_or(season, |(shared, _)| shared)
}

/// Whether people may name this season.
pub fn is_shared(season: &str) -> bool {
    !season.contains(OWN)
}

/// The season of one reviewer's own.
pub fn own(season: &str, reviewer: Uuid) -> String {
    format!("{season}{OWN}{}", reviewer.simple())
}

/// Golden items are for those who review and do not lead: who leads makes them.
pub fn is_tried(principal: &Principal) -> bool {
    principal.may(Permission::Review) && !principal.may(Permission::LeadReviews)
}

/// The seasons that are one to this person.
pub fn seasons_of(principal: &Principal, season: &str) -> Vec<String> {
    let mut seasons = vec![season.to_owned()];
    if is_tried(principal) {
        seasons.push(own(season, principal.user));
    }
    seasons
}
