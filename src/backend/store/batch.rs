//! Batches: each item is the intention it would be alone, with its rights, audit and events, in a transaction of its own, so that none spoils
//! another.
//!
//! On SQLite all of them queue for the one writer at once and ride one flush. On Postgres a few run at a time, and leave connections to others.
//! Items about the same thing keep their order.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::{StreamExt, future::BoxFuture, stream};
use jiff::Timestamp;
use uuid::Uuid;

use super::{SqlStore, database::Engine, deliveries::Deliveries};
use crate::{
    api::{
        delivery::{MovedDelivery, MovedPrint},
        submission::ReviewOutcome,
    },
    backend::store::{
        StoreResult,
        types::{Answered, GivenReview, Intention},
    },
    domain::{
        access::Principal,
        lifecycle::delivery::{DeliveryEvent, PrintEvent},
    },
};

/// How many items of one batch run at a time on Postgres.
const AT_A_TIME: usize = 4;

/// Many intentions at once; the answers are in the order of the items.
#[async_trait]
pub trait Batches: Send + Sync {
    async fn review_each(
        &self,
        principal: &Principal,
        items: &[(Uuid, GivenReview)],
        now: Timestamp,
    ) -> Vec<StoreResult<Answered<ReviewOutcome>>>;
    async fn move_each_delivery(
        &self,
        principal: &Principal,
        items: &[(Uuid, DeliveryEvent, Intention)],
        now: Timestamp,
    ) -> Vec<StoreResult<Answered<MovedDelivery>>>;
    async fn move_each_print(
        &self,
        principal: &Principal,
        items: &[(Uuid, PrintEvent, Intention)],
        now: Timestamp,
    ) -> Vec<StoreResult<Answered<MovedPrint>>>;
}

#[async_trait]
impl Batches for SqlStore {
    async fn review_each(
        &self,
        principal: &Principal,
        items: &[(Uuid, GivenReview)],
        now: Timestamp,
    ) -> Vec<StoreResult<Answered<ReviewOutcome>>> {
        let work = items
            .iter()
            .map(|(id, review)| (*id, Box::pin(self.review_once(principal, *id, review, None, now)) as BoxFuture<'_, _>))
            .collect();
        self.each(work).await
    }

    async fn move_each_delivery(
        &self,
        principal: &Principal,
        items: &[(Uuid, DeliveryEvent, Intention)],
        now: Timestamp,
    ) -> Vec<StoreResult<Answered<MovedDelivery>>> {
        let work = items.iter().map(|(id, event, intention)| (*id, self.move_delivery(principal, *id, *event, intention, now))).collect();
        self.each(work).await
    }

    async fn move_each_print(
        &self,
        principal: &Principal,
        items: &[(Uuid, PrintEvent, Intention)],
        now: Timestamp,
    ) -> Vec<StoreResult<Answered<MovedPrint>>> {
        let work = items.iter().map(|(id, event, intention)| (*id, self.move_print(principal, *id, *event, intention, now))).collect();
        self.each(work).await
    }
}

impl SqlStore {
    /// Does each piece of work, those about the same thing one after the other.
    async fn each<T: Send>(&self, work: Vec<(Uuid, BoxFuture<'_, T>)>) -> Vec<T> {
        let width = match self.database.engine() {
            Engine::Sqlite => work.len().max(1),
            Engine::Postgres => AT_A_TIME,
        };
        let mut about: BTreeMap<Uuid, Vec<(usize, BoxFuture<'_, T>)>> = BTreeMap::new();
        let mut order: Vec<Uuid> = vec![];
        for (index, (subject, piece)) in work.into_iter().enumerate() {
            let pieces = about.entry(subject).or_default();
            if pieces.is_empty() {
                order.push(subject);
            }
            pieces.push((index, piece));
        }
        let groups: Vec<BoxFuture<'_, Vec<(usize, T)>>> = order
            .into_iter()
            .filter_map(|subject| about.remove(&subject))
            .map(|pieces| {
                Box::pin(async move {
                    let mut done = Vec::with_capacity(pieces.len());
                    for (index, piece) in pieces {
                        done.push((index, piece.await));
                    }
                    done
                }) as BoxFuture<'_, _>
            })
            .collect();
        let mut done: Vec<(usize, T)> = stream::iter(groups).buffer_unordered(width).concat().await;
        done.sort_unstable_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, answer)| answer).collect()
    }
}
