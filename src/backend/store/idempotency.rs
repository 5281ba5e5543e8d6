//! Keys of intentions: same key, actor and request give the first answer again.

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

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
    // The same intention twice at once: the second waits for the first one's answer.
    write.alone_with(&format!("intention {} {}", principal.user, intention.key)).await?;
    let row = sql("SELECT request_hash, response FROM idempotency_keys WHERE actor = ? AND key = ?")
        .bind(values::id(principal.user))
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
    sql("INSERT INTO idempotency_keys (actor, key, school, request_hash, response, at) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(values::id(principal.user))
        .bind(values::id(intention.key))
        .bind(&principal.school)
        .bind(intention.request_hash.to_vec())
        .bind(values::json(answer)?)
        .bind(values::time(now))
        .execute(&mut *write)
        .await?;
    Ok(())
}
