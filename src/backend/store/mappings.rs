//! Which column of a table holds what, told once by somebody of a school and remembered for the same headings.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{SqlStore, database::sql, values};
use crate::{
    api::columns::ColumnMapping,
    backend::{roster::Remembered, store::StoreResult},
    domain::access::Principal,
};

/// A school has a handful of tables; of more sets of headings than this the longest unused are forgotten.
const MOST: u32 = 200;

/// Mappings of columns.
#[async_trait]
pub trait Mappings: Send + Sync {
    /// What the asker's school told, by the set of headings it was told for.
    async fn column_mappings(&self, principal: &Principal) -> StoreResult<Remembered>;
    /// Remembers a mapping in place of what was told for the same headings; an empty one is forgotten.
    async fn remember_columns(&self, principal: &Principal, heading_set: &str, mapping: &ColumnMapping, now: Timestamp) -> StoreResult<()>;
}

#[async_trait]
impl Mappings for SqlStore {
    async fn column_mappings(&self, principal: &Principal) -> StoreResult<Remembered> {
        let rows = sql("SELECT heading_set, mapping FROM column_mappings WHERE school = ?")
            .bind(&principal.school)
            .fetch_all(&self.database)
            .await?;
        rows.iter().map(|row| Ok((row.text("heading_set")?, row.json("mapping")?))).collect()
    }

    async fn remember_columns(&self, principal: &Principal, heading_set: &str, mapping: &ColumnMapping, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        if mapping.is_empty() {
            sql("DELETE FROM column_mappings WHERE school = ? AND heading_set = ?")
                .bind(&principal.school)
                .bind(heading_set)
                .execute(&mut write)
                .await?;
            return write.commit().await;
        }
        sql("INSERT INTO column_mappings (school, heading_set, mapping, used_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (school, heading_set) DO UPDATE SET mapping = excluded.mapping, used_at = excluded.used_at")
        .bind(&principal.school)
        .bind(heading_set)
        .bind(values::json(mapping)?)
        .bind(values::time(now))
        .execute(&mut write)
        .await?;
        sql("DELETE FROM column_mappings WHERE school = ?1 AND heading_set NOT IN
                 (SELECT heading_set FROM column_mappings WHERE school = ?1 ORDER BY used_at DESC, heading_set LIMIT ?2)")
        .bind(&principal.school)
        .bind(MOST)
        .execute(&mut write)
        .await?;
        write.commit().await
    }
}
