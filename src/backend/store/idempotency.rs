//! Keys of intentions: same key, actor and request give the first answer again.

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    database::{Write, sql},
    values,
};
use crate::{
    backend::store::{StoreError, StoreResult, types::Intention},
    domain::access::Principal,
};

/// The answer that was given to the same intention before.
///
/// # Errors
/// [`StoreError::KeyReused`] if the key came with another request. Another actor's key is simply unknown.
pub async fn answered<T: DeserializeOwned>(write: &mut Write, principal: &Principal, intention: &Intention) -> StoreResult<Option<T>> {
    answered_to(write, principal.user, intention).await
}

/// The same for an actor who may be a student.
pub async fn answered_to<T: DeserializeOwned>(write: &mut Write, actor: Uuid, intention: &Intention) -> StoreResult<Option<T>> {
    // The same intention twice at once: the second waits for the first one's answer.
    write.alone_with(&format!("intention {} {}", actor, intention.key)).await?;
    let row = sql("SELECT request_hash, response FROM idempotency_keys WHERE actor = ? AND key = ?")
        .bind(values::id(actor))
        .bind(values::id(intention.key))
        .fetch_optional(&mut *write)
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.bytes_or_null("request_hash")?.as_deref() != Some(intention.request_hash.as_slice()) {
        return Err(StoreError::KeyReused);
    }
    row.json("response").map(Some)
}

/// Keeps the answer, in the transaction that it tells of.
pub async fn keep(
    write: &mut Write,
    principal: &Principal,
    intention: &Intention,
    answer: &impl Serialize,
    now: Timestamp,
) -> StoreResult<()> {
    keep_for(write, principal.user, &principal.school, intention, answer, now).await
}

/// The same for an actor who may be a student.
pub async fn keep_for(
    write: &mut Write,
    actor: Uuid,
    school: &str,
    intention: &Intention,
    answer: &impl Serialize,
    now: Timestamp,
) -> StoreResult<()> {
    sql("INSERT INTO idempotency_keys (actor, key, school, request_hash, response, at) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(values::id(actor))
        .bind(values::id(intention.key))
        .bind(school)
        .bind(intention.request_hash.to_vec())
        .bind(values::json(answer)?)
        .bind(values::time(now))
        .execute(&mut *write)
        .await?;
    Ok(())
}
