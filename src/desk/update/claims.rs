//! Claims: photos near the cursor are reserved in batches, kept alive, and given back on leaving. Advice only; the version is the law.

use uuid::Uuid;

use super::{lists, say};
use crate::{
    api::{
        problem::Problem,
        submission::{Claim, NewClaim},
    },
    desk::{
        message::Effect,
        model::{Model, Screen, Tone},
    },
};

/// How many photos are reserved at once.
const BATCH: usize = 10;
/// The same of tagged ones: as many as may be asked for.
const TAGGED: usize = 20;
/// A reservation is kept alive this many times before it would end.
const BEATS: u64 = 3;

/// Reserves the photos ahead when the one under review is not among those asked for, and keeps what is reserved alive.
pub fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    if !claims(model) || model.claiming || !model.queue.part().waits() {
        return;
    }
    let (Some(season), Some(status)) = (&model.season, model.queue.part().status()) else { return };
    let now = model.now.ms;
    let window = window(model);
    if !window.is_empty() {
        let held = model.claim.iter().flat_map(|claim| &claim.items).map(|item| item.id);
        let claim = NewClaim {
            season: season.code.clone(),
            unit: model.queue.unit.clone(),
            status,
            count: u8::try_from(window.len()).unwrap_or(u8::MAX),
            keep: held.filter(|id| window.contains(id)).collect(),
            only: window.clone(),
        };
        model.claim_for = window;
        model.claiming = true;
        model.claim_at = now;
        effects.push(Effect::Claim(claim));
    } else if let Some(claim) = &model.claim
        && now >= model.claim_at + u64::from(season.rules.lease_seconds) * 1000 / BEATS
    {
        model.claim_at = now;
        effects.push(Effect::KeepClaim { token: claim.token });
    }
}

/// Whether photos are reserved on this screen.
fn claims(model: &Model) -> bool {
    matches!(model.screen, Screen::Review | Screen::Grid)
}

/// The photos to reserve, where one that is needed now is not among those asked for: what comes next in a review, what is tagged among tiles.
fn window(model: &Model) -> Vec<Uuid> {
    let list = model.queue.list();
    let known = |id: &Uuid| model.claim_for.contains(id);
    if model.screen == Screen::Grid {
        let tagged = lists::waiting(model, 0).map(|index| list.rows[index].id).filter(|id| model.grid.tags.contains(id));
        let tagged: Vec<Uuid> = tagged.take(TAGGED).collect();
        return if tagged.iter().all(known) { vec![] } else { tagged };
    }
    match model.current() {
        Some(current) if !known(&current.id) && lists::waits(model, current) => {
            lists::waiting(model, list.selected).take(BATCH).map(|index| list.rows[index].id).collect()
        }
        _ => vec![],
    }
}

/// The answer to a claim. One that comes after leaving is given back at once.
pub fn arrived(model: &mut Model, claim: Result<Claim, Problem>, effects: &mut Vec<Effect>) {
    let asked = std::mem::take(&mut model.claiming);
    match claim {
        Ok(claim) if !claims(model) => effects.push(Effect::ReleaseClaim { token: claim.token }),
        Ok(claim) => {
            if asked
                && claim.items.is_empty()
                && let Some(until) = claim.all_claimed_until
            {
                let minutes = ((until.as_second() - model.now.wall.as_second()).max(0) + 59) / 60;
                say(model, Tone::Warning, "desk.news.all_claimed", vec![("minutes", minutes.to_string())]);
            }
            model.claim = Some(claim);
        }
        // Without a reservation work goes on: the version guards the decision.
        Err(_) => model.claim = None,
    }
}

/// Gives everything back.
pub fn release(model: &mut Model, effects: &mut Vec<Effect>) {
    model.claim_for.clear();
    if let Some(claim) = model.claim.take() {
        effects.push(Effect::ReleaseClaim { token: claim.token });
    }
}
