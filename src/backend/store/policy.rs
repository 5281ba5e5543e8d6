//! What policy says while a review is given: whom a photo is for, how long the look took, whether a disagreement goes to a lead.
//!
//! Nothing of it is told to a second reviewer: no version, no event, no audit line comes from here.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    attempts::AttemptRow,
    database::{Write, sql},
    values,
};
use crate::{
    backend::store::{StoreError, StoreResult},
    domain::{
        access::{Permission, Principal},
        review::{Review, disagree, look},
        season::SeasonRules,
    },
};

/// Refuses who does not lead reviews where only a lead may judge.
pub fn admit(principal: &Principal, attempt: &AttemptRow) -> StoreResult<()> {
    if attempt.for_lead && !principal.may(Permission::LeadReviews) { Err(StoreError::LeadNeeded) } else { Ok(()) }
}

/// How long this person's look took, as far as the server can know.
pub async fn took(write: &mut Write, principal: &Principal, attempt: &AttemptRow, now: Timestamp) -> StoreResult<Option<Duration>> {
    let last: Option<i64> =
        sql("SELECT max(at) FROM reviews WHERE reviewer = ?").bind(values::id(principal.user)).fetch_value(write).await?;
    let last = last.and_then(|at| Timestamp::from_microsecond(at).ok());
    let leased = attempt.leased.filter(|(holder, _)| *holder == principal.user).map(|(_, since)| since);
    Ok(look(leased, last, now))
}

/// After a review that did not decide: a disagreement goes to a lead where the season says so, and one who was asked for has spoken.
pub async fn pass_on(
    write: &mut Write,
    principal: &Principal,
    attempt: &AttemptRow,
    reviews: &[Review],
    rules: &SeasonRules,
) -> StoreResult<()> {
    let for_lead = if disagree(reviews) && rules.third_leads { true } else { attempt.for_lead && !principal.may(Permission::LeadReviews) };
    if for_lead == attempt.for_lead { Ok(()) } else { set_for_lead(write, attempt.id, for_lead).await }
}

/// Says whether only who leads reviews is offered the photo.
pub async fn set_for_lead(write: &mut Write, attempt: Uuid, for_lead: bool) -> StoreResult<()> {
    sql("UPDATE attempts SET for_lead = ? WHERE id = ?").bind(for_lead).bind(values::id(attempt)).execute(&mut *write).await?;
    Ok(())
}
