//! What batches share: items that are read one by one, so that a broken one spoils no other, and results in the order of the items.

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    api::batch::{Batch, BatchResults, ItemResult, LARGEST},
    backend::{
        problems::Failure,
        store::{
            StoreError, StoreResult,
            types::{Answered, Intention},
        },
        vault,
    },
};

/// Reads the items of a batch.
///
/// # Errors
/// For a batch that is too large; never for an item.
pub fn items<T: DeserializeOwned>(batch: Batch<serde_json::Value>) -> Result<Vec<Result<T, Failure>>, Failure> {
    if batch.items.len() > LARGEST {
        return Err(Failure::bad_request("too many items for one batch").with("field", "items").with("longest", LARGEST));
    }
    let read = |item| serde_json::from_value(item).map_err(|_| Failure::bad_request("the item has another shape than this request takes"));
    Ok(batch.items.into_iter().map(read).collect())
}

/// Has the readable items done and puts every result in its place.
pub async fn each<I, W, T>(
    items: Vec<Result<I, Failure>>,
    prepare: impl Fn(I) -> W,
    work: impl AsyncFnOnce(Vec<W>) -> Vec<StoreResult<Answered<T>>>,
) -> BatchResults<T> {
    let (mut ready, mut places) = (vec![], vec![]);
    for item in items {
        places.push(item.map(|item| ready.push(prepare(item))));
    }
    let mut done = work(ready).await.into_iter();
    let results = places.into_iter().map(|place| match place {
        Ok(()) => result(done.next().unwrap_or(Err(StoreError::Corrupt("an item without an answer")))),
        Err(Failure(problem)) => ItemResult::Refused { problem },
    });
    BatchResults { items: results.collect() }
}

fn result<T>(answer: StoreResult<Answered<T>>) -> ItemResult<T> {
    match answer {
        Ok(Answered { outcome, again: false }) => ItemResult::Done { outcome },
        Ok(Answered { outcome, again: true }) => ItemResult::Again { outcome },
        Err(error @ (StoreError::Stale { .. } | StoreError::StaleWay { .. })) => ItemResult::Stale { problem: Failure::from(error).0 },
        Err(error) => ItemResult::Refused { problem: Failure::from(error).0 },
    }
}

/// The contract of an item; `asked` is what it asks for, so that a key can be told from its misuse.
pub fn intention(what: &[u8], id: Uuid, asked: &impl Serialize, version: i64, key: Uuid) -> Intention {
    // What was read can be written.
    let body = serde_json::to_vec(asked).unwrap_or_default();
    Intention { version, key, request_hash: vault::sha256(&[what, id.as_bytes(), &body, &version.to_be_bytes()]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::batch::BatchedReview;

    #[tokio::test]
    async fn a_broken_item_is_told_in_its_place() {
        let good = serde_json::json!({"submission": Uuid::nil(), "version": 1, "key": Uuid::nil(), "verdict": "approve"});
        let broken = serde_json::json!({"submission": Uuid::nil(), "version": 1, "key": Uuid::nil(), "verdict": "reject", "reasons": []});
        let batch = Batch { items: vec![broken.clone(), good.clone(), broken] };
        let results = each(
            items::<BatchedReview>(batch).unwrap(),
            |item| item.version,
            async |work| work.into_iter().map(|version| Ok(Answered { outcome: version, again: false })).collect(),
        )
        .await;
        let told: Vec<bool> = results.items.iter().map(|item| matches!(item, ItemResult::Done { outcome: 1 })).collect();
        assert_eq!(told, [false, true, false]);
        assert!(items::<BatchedReview>(Batch { items: vec![good; LARGEST + 1] }).is_err());
    }
}
