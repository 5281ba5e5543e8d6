//! One file a resource: what a request says is read, the store is asked, the answer is put into the API's words. No rule lives here.

pub mod audit;
mod batches;
pub mod bundles;
pub mod claims;
pub mod corrections;
pub mod decisions;
pub mod deliveries;
pub mod docs;
pub mod events;
pub mod notices;
pub mod persons;
pub mod pictures;
pub mod progress;
pub mod queue;
pub mod renditions;
pub mod reopenings;
pub mod rosters;
pub mod seasons;
pub mod sessions;
pub mod statistics;
pub mod submissions;
pub mod system;
pub mod totp;
pub mod users;

/// The rows of a page where nobody says how many.
const PAGE: u32 = 50;
/// The most rows of a page.
const LONGEST_PAGE: u32 = 200;

fn page_length(asked: Option<u32>) -> u32 {
    asked.unwrap_or(PAGE).clamp(1, LONGEST_PAGE)
}

/// What a GET of something in a season may say.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfSeason {
    pub season: String,
}
