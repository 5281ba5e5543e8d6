//! Corrections of a student's record before a decision, and withdrawals, on the student's behalf.

use axum::{Json, extract::State as Shared, http::HeaderMap, response::Response};
use uuid::Uuid;

use super::{decisions::answer, page_length, reopenings::OpenOnes};
use crate::{
    api::{
        correction::{Correction, NewCorrection, Resumption},
        problem::Problem,
        submission::{Page, ReviewOutcome},
    },
    backend::{
        extract::{Arguments, Body, InPath, SignedIn, intention, read_json},
        problems::Failure,
        state::State,
        store::corrections::Asker,
    },
    domain::resident_id::ResidentId,
};

/// Asks that the record be put right. Until it is resumed or withdrawn the photo is neither offered nor decided.
///
/// Refused with `not_pending`, `already_decided`, `season_closed`.
#[utoipa::path(post, path = "/v1/submissions/{id}/corrections",
    extensions(("x-problem-codes" = json!(["not_standardized", "not_pending", "already_decided", "withdrawn", "season_closed"]))),
    security(("token" = [])), request_body = NewCorrection,
    params(("id" = Uuid, Path), ("if-match" = String, Header), ("idempotency-key" = Uuid, Header)),
    responses((status = 200, body = ReviewOutcome), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn request(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(id): InPath<Uuid>,
    headers: HeaderMap,
    Body(bytes): Body,
) -> Result<Response, Failure> {
    // What is wanted is personal: the store adds it to the hash of the request, with its key.
    let intention = intention(&headers, &[b"correction", id.as_bytes()])?;
    let wanted = checked(read_json(&bytes)?)?;
    let principal = signed_in.principal();
    let outcome = state.store.request_correction(Asker::Staff(&principal), id, &wanted, &intention, state.clock.now()).await?;
    answer(&outcome)
}

/// Ends the open correction: the record is put right as asked, or stays. The photo waits for reviews again, in its old place.
///
/// Refused with `no_correction`, and with `id_number_taken` where the number is another student's.
#[utoipa::path(post, path = "/v1/submissions/{id}/resumption",
    extensions(("x-problem-codes" = json!(["not_standardized", "no_correction", "already_decided", "withdrawn", "id_number_taken"]))),
    security(("token" = [])), request_body = Resumption,
    params(("id" = Uuid, Path), ("if-match" = String, Header), ("idempotency-key" = Uuid, Header)),
    responses((status = 200, body = ReviewOutcome), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn resume(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(id): InPath<Uuid>,
    headers: HeaderMap,
    Body(bytes): Body,
) -> Result<Response, Failure> {
    let intention = intention(&headers, &[b"resumption", id.as_bytes(), &bytes])?;
    let resumption: Resumption = read_json(&bytes)?;
    let outcome = state.store.resume(&signed_in.principal(), id, resumption.accept, &intention, state.clock.now()).await?;
    answer(&outcome)
}

/// Takes the photo back before a decision; the student may hand in another.
///
/// Refused with `already_decided`, `season_closed`.
#[utoipa::path(post, path = "/v1/submissions/{id}/withdrawal",
    extensions(("x-problem-codes" = json!(["already_decided", "withdrawn", "season_closed"]))),
    security(("token" = [])),
    params(("id" = Uuid, Path), ("if-match" = String, Header), ("idempotency-key" = Uuid, Header)),
    responses((status = 200, body = ReviewOutcome), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn withdraw(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    InPath(id): InPath<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let intention = intention(&headers, &[b"withdrawal", id.as_bytes()])?;
    let principal = signed_in.principal();
    let outcome = state.store.withdraw(Asker::Staff(&principal), id, &intention, state.clock.now()).await?;
    answer(&outcome)
}

/// Open corrections, oldest first, their values masked.
///
/// For those who put records right; each is ended by `POST /v1/submissions/{id}/resumption` at the version that is told.
#[utoipa::path(get, path = "/v1/corrections", security(("token" = [])), params(OpenOnes),
    responses((status = 200, body = Page<Correction>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(asked): Arguments<OpenOnes>,
) -> Result<Json<Page<Correction>>, Failure> {
    let limit = page_length(asked.limit);
    Ok(Json(state.store.corrections(&signed_in.principal(), &asked.season, asked.cursor.as_deref(), limit).await?))
}

/// What is asked for, in the form in which a record keeps it. A problem names the field, never its content.
fn checked(wanted: NewCorrection) -> Result<NewCorrection, Failure> {
    let wrong = |field: &'static str| move || Failure::bad_request("the value cannot stand in a record").with("field", field);
    let text = |value: String, shape: fn(&str) -> bool| Some(value.trim().to_owned()).filter(|value| shape(value));
    let is_name = |name: &str| (1..=60).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    let is_phone = |phone: &str| (5..=20).contains(&phone.len()) && phone.chars().all(|c| c.is_ascii_digit() || "+- ".contains(c));
    let checked = NewCorrection {
        name: wanted.name.map(|name| text(name, is_name).ok_or_else(wrong("name"))).transpose()?,
        id_number: wanted
            .id_number
            .map(|number| ResidentId::parse(&number).map(|number| number.reveal().to_owned()).map_err(|_| wrong("id_number")()))
            .transpose()?,
        phone: wanted.phone.map(|phone| text(phone, is_phone).ok_or_else(wrong("phone"))).transpose()?,
    };
    if checked.fields().is_empty() { Err(Failure::bad_request("a correction names at least one field")) } else { Ok(checked) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_is_brought_into_the_form_of_a_record_or_refused_by_field() {
        let wanted = |name: Option<&str>, id_number: Option<&str>, phone: Option<&str>| NewCorrection {
            name: name.map(Into::into),
            id_number: id_number.map(Into::into),
            phone: phone.map(Into::into),
        };
        let good = checked(wanted(Some(" 李四 "), Some("99000019950615004x"), Some("13900000000"))).unwrap();
        assert_eq!(good, wanted(Some("李四"), Some("99000019950615004X"), Some("13900000000")));
        for (bad, field) in [
            (wanted(Some("  "), None, None), Some("name")),
            (wanted(None, Some("990000199506150041"), None), Some("id_number")),
            (wanted(None, None, Some("call me")), Some("phone")),
            (NewCorrection::default(), None),
        ] {
            let Failure(problem) = checked(bad).unwrap_err();
            assert_eq!(problem.parameters.get("field").map(String::as_str), field);
        }
    }
}
