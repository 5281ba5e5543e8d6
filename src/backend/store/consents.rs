//! What students agreed to, and whom personal data was shown unmasked: both are facts with a time, never changed.

use async_trait::async_trait;
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use super::{
    SqlStore, attempts,
    audit::{self, Line},
    counters::{self, Delta},
    database::{Write, locked, sql},
    intake::Intake as _,
    values,
};
use crate::{
    api::person::{Consent, ConsentKind, MaskedField, NewConsent, Reveal, Revealed},
    backend::store::{StoreError, StoreResult},
    domain::{access::Principal, comparison::Band, lifecycle::attempt::Status},
};

/// How many students a user may see unmasked within an hour.
pub const REVEALS_AN_HOUR: u32 = 20;

/// Consent, and seeing what is masked.
#[async_trait]
pub trait Consenting: Send + Sync {
    /// Records an answer. One that declines the comparison of faces also removes what comparisons have said so far.
    async fn record_consent(&self, principal: &Principal, new: &NewConsent, now: Timestamp) -> StoreResult<Consent>;
    /// Shows what is masked, writes down to whom and why, and counts.
    ///
    /// # Errors
    /// [`StoreError::RevealLimit`] when the user has seen as many as an hour allows.
    async fn reveal(&self, principal: &Principal, id: Uuid, asked: &Reveal, now: Timestamp) -> StoreResult<Revealed>;
}

#[async_trait]
impl Consenting for SqlStore {
    async fn record_consent(&self, principal: &Principal, new: &NewConsent, now: Timestamp) -> StoreResult<Consent> {
        let student = self.find_student(principal, &new.season, &new.student).await?;
        let mut write = self.database.write().await?;
        // The attempts before anything else, as everybody does.
        let attempts = sql(locked!("SELECT id, unit, number, status, band FROM attempts WHERE student = ? ORDER BY id"))
            .bind(values::id(student.id))
            .fetch_all(&mut write)
            .await?;
        sql("INSERT INTO consents (id, school, season, student, kind, given, version, recorded_by, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(values::id(Uuid::now_v7()))
            .bind(&principal.school)
            .bind(&new.season)
            .bind(values::id(student.id))
            .bind(new.kind.code())
            .bind(new.given)
            .bind(&new.version)
            .bind(values::id(principal.user))
            .bind(values::time(now))
            .execute(&mut write)
            .await?;
        if new.kind == ConsentKind::FaceComparison && !new.given {
            let mut delta = Delta::default();
            for row in &attempts {
                let (status, number): (Status, i64) = (row.code("status")?, row.number("number")?);
                let band = row.code_or_null::<Band>("band")?;
                delta = delta.attempts(status, number, band, -1).attempts(status, number, None, 1);
            }
            sql("UPDATE attempts SET comparison = NULL, band = NULL WHERE student = ?")
                .bind(values::id(student.id))
                .execute(&mut write)
                .await?;
            counters::apply(&mut write, &principal.school, &new.season, &student.unit, &delta).await?;
        }
        let line = Line {
            season: Some(&new.season),
            unit: Some(&student.unit),
            actor: Some(principal.user),
            details: vec![
                ("kind", new.kind.code().to_owned()),
                ("given", new.given.to_string()),
                ("student", student.id.simple().to_string()),
            ],
            ..Line::of(&principal.school, "consent.recorded")
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        Ok(Consent { kind: new.kind, given: new.given, version: new.version.clone(), at: now })
    }

    async fn reveal(&self, principal: &Principal, id: Uuid, asked: &Reveal, now: Timestamp) -> StoreResult<Revealed> {
        let mut write = self.database.write().await?;
        // Two at once would each see room for one more.
        write.alone_with(&format!("reveals {}", principal.user)).await?;
        let attempt = attempts::load_in_scope(&mut write, principal, id).await?;
        let since = now - 1.hour();
        let seen = sql("SELECT count(*) AS seen, min(at) AS first FROM reveals WHERE actor = ?1 AND at > ?2")
            .bind(values::id(principal.user))
            .bind(values::time(since))
            .fetch_one(&mut write)
            .await?;
        let used = u32::try_from(seen.number("seen")?).unwrap_or(u32::MAX);
        if used >= REVEALS_AN_HOUR {
            let first = seen.time_or_null("first")?.unwrap_or(now);
            return Err(StoreError::RevealLimit { until: first + 1.hour() });
        }
        let row =
            sql("SELECT name, id_number, phone FROM students WHERE id = ?").bind(values::id(attempt.student)).fetch_one(&mut write).await?;
        let mut fields = asked.fields.clone();
        fields.sort_unstable();
        fields.dedup();
        let plain = |field: MaskedField| {
            if fields.contains(&field) { self.unseal(&row, field.code(), attempt.student) } else { Ok(None) }
        };
        let revealed = Revealed {
            name: plain(MaskedField::Name)?,
            id_number: plain(MaskedField::IdNumber)?,
            phone: plain(MaskedField::Phone)?,
            left: REVEALS_AN_HOUR - used - 1,
        };
        sql("INSERT INTO reveals (id, school, season, attempt, actor, at) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(values::id(Uuid::now_v7()))
            .bind(&attempt.school)
            .bind(&attempt.season)
            .bind(values::id(id))
            .bind(values::id(principal.user))
            .bind(values::time(now))
            .execute(&mut write)
            .await?;
        let line = Line {
            season: Some(&attempt.season),
            unit: Some(&attempt.unit),
            actor: Some(principal.user),
            attempt: Some(id),
            details: vec![
                ("fields", fields.iter().map(|field| field.code()).collect::<Vec<_>>().join(",")),
                ("reason", asked.reason.code().to_owned()),
            ],
            ..Line::of(&attempt.school, "student.revealed")
        };
        audit::append(&mut write, now, line).await?;
        // On the disk before anybody sees it.
        write.commit().await?;
        Ok(revealed)
    }
}

/// The newest answer of a kind, where there is one.
pub async fn newest(write: &mut Write, student: Uuid, kind: ConsentKind) -> StoreResult<Option<bool>> {
    let given: Option<i64> = sql("SELECT given FROM consents WHERE student = ?1 AND kind = ?2 ORDER BY id DESC LIMIT 1")
        .bind(values::id(student))
        .bind(kind.code())
        .fetch_value_optional(write)
        .await?;
    Ok(given.map(|given| given != 0))
}
