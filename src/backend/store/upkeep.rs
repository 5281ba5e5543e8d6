//! What the database knows of its pictures and of itself, for whoever operates the house. No person asks here: there is no scope.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore, StoreError, StoreResult,
    database::{Engine, newest_version, sql},
    types::JobKind,
};
use crate::{api::submission::PictureKind, backend::blobs::BlobKind, domain::lifecycle::attempt::Status};

/// A picture that the database names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPicture {
    pub name: String,
    pub school: String,
    pub attempt: Uuid,
    pub kind: BlobKind,
    /// Of the plain content.
    pub bytes: u64,
}

/// How the database stands to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub engine: Engine,
    /// The version of the tables.
    pub tables: i64,
    /// The version that this program makes.
    pub newest: i64,
}

/// Looking after a house.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// The next pictures by name: after `after`, below `below`. What is being purged is none any more.
    async fn named_pictures(&self, after: &str, below: &str, most: u32) -> StoreResult<Vec<NamedPicture>>;
    /// Whether a picture should be there: named, and not being purged.
    async fn is_wanted(&self, name: &str) -> StoreResult<bool>;
    /// Whether anything refers to a picture still: it is wanted, or its purge is under way.
    async fn is_named(&self, name: &str) -> StoreResult<bool>;
    /// Since when the photo waits that has waited longest for the machine: what was made of it already is named by nothing yet.
    async fn machine_waits_since(&self) -> StoreResult<Option<Timestamp>>;
    /// Whether the database can be reached, and its version.
    async fn standing(&self) -> StoreResult<Standing>;
    /// How many photos of all seasons wait, by where they wait.
    async fn photos_waiting(&self) -> StoreResult<Vec<(Status, i64)>>;
}

#[async_trait]
impl Upkeep for SqlStore {
    async fn named_pictures(&self, after: &str, below: &str, most: u32) -> StoreResult<Vec<NamedPicture>> {
        let rows = sql("SELECT name, school, attempt, kind, bytes FROM blobs WHERE name > ? AND name < ? AND purging_at IS NULL
             ORDER BY name LIMIT ?")
        .bind(after)
        .bind(below)
        .bind(most)
        .fetch_all(&self.database)
        .await?;
        rows.iter()
            .map(|row| {
                let code = row.text("kind")?;
                let kind = match PictureKind::from_code(&code) {
                    Some(kind) => BlobKind::Picture(kind),
                    None if code == BlobKind::IdCard.code() => BlobKind::IdCard,
                    None => return Err(StoreError::Corrupt("a picture of a kind nobody knows")),
                };
                let bytes = u64::try_from(row.number("bytes")?).unwrap_or(0);
                Ok(NamedPicture { name: row.text("name")?, school: row.text("school")?, attempt: row.id("attempt")?, kind, bytes })
            })
            .collect()
    }

    async fn is_wanted(&self, name: &str) -> StoreResult<bool> {
        let query = sql("SELECT EXISTS (SELECT 1 FROM blobs WHERE name = ? AND purging_at IS NULL)");
        query.bind(name).fetch_value(&self.database).await
    }

    async fn is_named(&self, name: &str) -> StoreResult<bool> {
        let query = sql("SELECT EXISTS (SELECT 1 FROM blobs WHERE name = ? AND purged_at IS NULL)");
        query.bind(name).fetch_value(&self.database).await
    }

    async fn machine_waits_since(&self) -> StoreResult<Option<Timestamp>> {
        let query = sql("SELECT min(created_at) AS since FROM jobs WHERE kind = ?").bind(JobKind::Standardize.code());
        query.fetch_one(&self.database).await?.time_or_null("since")
    }

    async fn standing(&self) -> StoreResult<Standing> {
        let tables = sql("SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success").fetch_value(&self.database).await?;
        Ok(Standing { engine: self.database.engine(), tables, newest: newest_version() })
    }

    async fn photos_waiting(&self) -> StoreResult<Vec<(Status, i64)>> {
        const WAITING: [Status; 5] = [Status::Captured, Status::Pending, Status::MachineRefused, Status::CorrectionRequested, Status::Held];
        // A reviewer's golden items are of seasons that nobody else names.
        let row =
            sql("SELECT CAST(coalesce(sum(captured), 0) AS BIGINT) AS captured, CAST(coalesce(sum(pending), 0) AS BIGINT) AS pending,
                 CAST(coalesce(sum(machine_refused), 0) AS BIGINT) AS machine_refused,
                 CAST(coalesce(sum(correction_requested), 0) AS BIGINT) AS correction_requested,
                 CAST(coalesce(sum(held), 0) AS BIGINT) AS held FROM unit_counters WHERE season NOT LIKE '%~%'")
            .fetch_one(&self.database)
            .await?;
        WAITING.into_iter().map(|status| Ok((status, row.number(status.code())?))).collect()
    }
}
