//! Values as the engines keep them: times in microseconds, ids in 16 bytes, lists in JSON. How they come out again is `database::Row`.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    api::submission::Page,
    backend::store::{StoreError, StoreResult},
    domain::access::{Principal, UnitScope},
};

pub fn time(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub fn id(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

pub fn json(value: &impl Serialize) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt("a value that has no JSON"))
}

/// The code of an enum that serde writes as a string.
pub fn code(value: &impl Serialize) -> StoreResult<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(code)) => Ok(code),
        _ => Err(StoreError::Corrupt("a value that has no code")),
    }
}

/// Units in scope as a JSON list; `None` for all of them.
pub fn scope(principal: &Principal) -> StoreResult<Option<String>> {
    match &principal.units {
        UnitScope::All => Ok(None),
        UnitScope::Only(units) => json(units).map(Some),
    }
}

/// Where a page goes on in a list of numbers that falls; above all numbers for the first one.
pub fn before(cursor: Option<&str>) -> StoreResult<i64> {
    cursor.map_or(Ok(i64::MAX), |cursor| cursor.parse().map_err(|_| StoreError::Cursor))
}

/// Where a page goes on in a list that is ordered by id; the least id for the first one.
pub fn after(cursor: Option<&str>) -> StoreResult<Vec<u8>> {
    match cursor {
        None => Ok(vec![0; 16]),
        Some(cursor) => Uuid::parse_str(cursor).map(id).map_err(|_| StoreError::Cursor),
    }
}

/// A page out of its rows and, if there are more, one row of the next; the last one's cursor is where that goes on.
pub fn page<T, C: ToString>(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> C) -> Page<T> {
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|last| cursor(last).to_string());
    Page { items, next }
}
