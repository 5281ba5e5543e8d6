//! Bundles: photos that are out of the house with one reviewer, reserved like any other lease and signed for; and whether one that comes back
//! still counts. Time is the server's.

use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    SqlStore,
    audit::{self, Line},
    claims,
    database::{Row, Write, locked, sql},
    seasons, values,
};
use crate::{
    api::{
        bundle::{BundleItem, BundleStanding, BundleStatement, MOST_OPEN, NewBundle, OpenBundle, SignedBundle},
        submission::{Page, ReviewOutcome},
    },
    backend::{
        store::{StoreError, StoreResult, types::GivenReview},
        vault::{from_hexadecimal, hexadecimal},
    },
    domain::access::{Permission, Principal},
};

/// Photos out of the house.
#[async_trait]
pub trait Bundles: Send + Sync {
    /// Reserves and signs for photos; the same intention again gives the same bundle.
    async fn take_bundle(&self, principal: &Principal, wanted: &NewBundle, now: Timestamp) -> StoreResult<SignedBundle>;
    /// How a bundle stands that comes back, once it is seen to be what was signed.
    async fn check_bundle(&self, principal: &Principal, id: Uuid, signed: &SignedBundle, now: Timestamp) -> StoreResult<BundleStanding>;
    /// Ends one's own bundle, or another's for who may; said again it is the same.
    async fn end_bundle(&self, principal: &Principal, id: Uuid, now: Timestamp) -> StoreResult<()>;
    /// What is out: one's own, or everybody's for who may end them.
    async fn open_bundles(
        &self,
        principal: &Principal,
        season: &str,
        cursor: Option<&str>,
        limit: u32,
        now: Timestamp,
    ) -> StoreResult<Page<OpenBundle>>;
    /// A review that was given without a network. What was answered once is answered again, also after the bundle's end.
    async fn review_from_bundle(
        &self,
        principal: &Principal,
        id: Uuid,
        review: &GivenReview,
        bundle: Uuid,
        now: Timestamp,
    ) -> StoreResult<ReviewOutcome>;
}

const ONE: super::database::Spelling = locked!("SELECT * FROM bundles WHERE id = ?");

const ERASED: &str = "SELECT i.attempt FROM bundle_items i JOIN attempts a ON a.id = i.attempt JOIN enrolments e ON e.student = a.student
     WHERE i.bundle = ? AND e.state = 'erased' ORDER BY i.attempt";

/// Whether somebody may see and end what others have out.
fn keeps_house(principal: &Principal) -> bool {
    principal.may(Permission::ManageRoster) || principal.may(Permission::LeadReviews)
}

/// Lets a review pass that comes from a bundle which still counts and in which the photo is.
///
/// # Errors
/// A refusal that names what is wrong.
pub(super) async fn admit(write: &mut Write, principal: &Principal, bundle: Uuid, attempt: Uuid, now: Timestamp) -> StoreResult<()> {
    let row = sql("SELECT b.school, b.reviewer, b.expires_at, b.ended_at, e.state FROM bundles b
         JOIN bundle_items i ON i.bundle = b.id AND i.attempt = ?2 JOIN attempts a ON a.id = i.attempt JOIN enrolments e ON e.student = a.student
         WHERE b.id = ?1")
    .bind(values::id(bundle))
    .bind(values::id(attempt))
    .fetch_optional(&mut *write)
    .await?
    .ok_or(StoreError::BundleForeign)?;
    if row.text("school")? != principal.school || row.id("reviewer")? != principal.user {
        return Err(StoreError::BundleForeign);
    }
    if row.text("state")? == "erased" {
        return Err(StoreError::Erased);
    }
    counts(&row, now)
}

/// Refuses what is over.
fn counts(row: &Row, now: Timestamp) -> StoreResult<()> {
    if row.time_or_null("ended_at")?.is_some() {
        return Err(StoreError::BundleEnded);
    }
    let at = row.time("expires_at")?;
    if at <= now { Err(StoreError::BundleExpired { at }) } else { Ok(()) }
}

#[async_trait]
impl Bundles for SqlStore {
    async fn take_bundle(&self, principal: &Principal, wanted: &NewBundle, now: Timestamp) -> StoreResult<SignedBundle> {
        let units = self.units_wanted(principal, &wanted.season, Some(&wanted.unit)).await?;
        let mut write = self.database.write().await?;
        let rules = seasons::rules(&mut write, &principal.school, &wanted.season).await?;
        write.alone_with(&format!("bundles {}", principal.user)).await?;
        if let Some(row) = sql(ONE).bind(values::id(wanted.id)).fetch_optional(&mut write).await? {
            let same = row.id("reviewer")? == principal.user
                && row.text("school")? == principal.school
                && row.text("season")? == wanted.season
                && row.text("unit")? == wanted.unit
                && row.id("device")? == wanted.device;
            if !same {
                return Err(StoreError::KeyReused);
            }
            counts(&row, now)?;
            return self.signed(&mut write, &row).await;
        }
        if rules.bundle_seconds == 0 {
            return Err(StoreError::BundlesOff);
        }
        let open: i64 = sql("SELECT count(*) FROM bundles WHERE reviewer = ? AND expires_at > ? AND ended_at IS NULL")
            .bind(values::id(principal.user))
            .bind(values::time(now))
            .fetch_value(&mut write)
            .await?;
        if open >= MOST_OPEN {
            return Err(StoreError::BundleLimit { limit: MOST_OPEN });
        }
        let until = now + Duration::from_secs(rules.bundle_seconds.into());
        self.reserve(&mut write, principal, wanted, (&rules, &units), (now, until)).await?;
        sql("INSERT INTO bundles (id, school, season, unit, reviewer, device, portraits, issued_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(values::id(wanted.id))
        .bind(&principal.school)
        .bind(&wanted.season)
        .bind(&wanted.unit)
        .bind(values::id(principal.user))
        .bind(values::id(wanted.device))
        .bind(rules.bundle_portraits)
        .bind(values::time(now))
        .bind(values::time(until))
        .execute(&mut write)
        .await?;
        let items = sql("INSERT INTO bundle_items (bundle, attempt, version, rendition, place)
             SELECT ?1, id, version, rendition, place_at FROM attempts WHERE lease_user = ?2 AND lease_token = ?1")
        .bind(values::id(wanted.id))
        .bind(values::id(principal.user))
        .execute(&mut write)
        .await?;
        let row = sql(ONE).bind(values::id(wanted.id)).fetch_one(&mut write).await?;
        let signed = self.signed(&mut write, &row).await?;
        let line = Line {
            season: Some(&wanted.season),
            unit: Some(&wanted.unit),
            actor: Some(principal.user),
            details: vec![
                ("bundle", wanted.id.to_string()),
                ("device", wanted.device.to_string()),
                ("photos", items.rows_affected().to_string()),
                ("expires_at", signed.statement.expires_at.to_string()),
            ],
            ..Line::of(&principal.school, "bundle.taken")
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await?;
        Ok(signed)
    }

    async fn check_bundle(&self, principal: &Principal, id: Uuid, signed: &SignedBundle, now: Timestamp) -> StoreResult<BundleStanding> {
        let statement = &signed.statement;
        let signature = from_hexadecimal(&signed.signature).ok_or(StoreError::BundleForged)?;
        let house = UnparsedPublicKey::new(&ED25519, self.vault.public_key()?);
        if statement.id != id || house.verify(&statement.message(), &signature).is_err() {
            return Err(StoreError::BundleForged);
        }
        if statement.reviewer != principal.user || statement.school != principal.school {
            return Err(StoreError::BundleForeign);
        }
        let row = sql("SELECT expires_at, ended_at FROM bundles WHERE id = ?").bind(values::id(id)).fetch_optional(&self.database).await?;
        // Signed here, and unknown: the house was brought back from before.
        let row = row.ok_or(StoreError::BundleForeign)?;
        let over = match counts(&row, now) {
            Ok(()) => false,
            Err(StoreError::BundleEnded | StoreError::BundleExpired { .. }) => true,
            Err(other) => return Err(other),
        };
        let erased = sql(ERASED).bind(values::id(id)).fetch_all(&self.database).await?;
        let erased = erased.iter().map(|row| row.id("attempt")).collect::<StoreResult<_>>()?;
        Ok(BundleStanding { id, now, expires_at: row.time("expires_at")?, over, erased })
    }

    async fn end_bundle(&self, principal: &Principal, id: Uuid, now: Timestamp) -> StoreResult<()> {
        let mut write = self.database.write().await?;
        let row = sql(ONE).bind(values::id(id)).fetch_optional(&mut write).await?.ok_or(StoreError::NotFound)?;
        let (reviewer, unit, season) = (row.id("reviewer")?, row.text("unit")?, row.text("season")?);
        let own = reviewer == principal.user;
        if row.text("school")? != principal.school || !(own || (keeps_house(principal) && principal.units.covers(&unit))) {
            return Err(StoreError::NotFound);
        }
        if row.time_or_null("ended_at")?.is_some() {
            return Ok(());
        }
        sql("UPDATE bundles SET ended_at = ?, ended_by = ? WHERE id = ?")
            .bind(values::time(now))
            .bind(values::id(principal.user))
            .bind(values::id(id))
            .execute(&mut write)
            .await?;
        claims::end_token(&mut write, id, reviewer).await?;
        let line = Line {
            season: Some(&season),
            unit: Some(&unit),
            actor: Some(principal.user),
            details: vec![("bundle", id.to_string())],
            ..Line::of(&principal.school, if own { "bundle.dropped" } else { "bundle.revoked" })
        };
        audit::append(&mut write, now, line).await?;
        write.commit().await
    }

    async fn open_bundles(
        &self,
        principal: &Principal,
        season: &str,
        cursor: Option<&str>,
        limit: u32,
        now: Timestamp,
    ) -> StoreResult<Page<OpenBundle>> {
        self.know_season(principal, season).await?;
        let of = (!keeps_house(principal)).then(|| values::id(principal.user));
        let rows = sql("SELECT b.id, b.unit, b.reviewer, b.device, b.issued_at, b.expires_at, u.name,
                 (SELECT count(*) FROM bundle_items i WHERE i.bundle = b.id) AS photos,
                 (SELECT count(*) FROM attempts a WHERE a.lease_token = b.id AND a.lease_user = b.reviewer) AS reserved
             FROM bundles b LEFT JOIN users u ON u.id = b.reviewer
             WHERE b.school = ?1 AND b.season = ?2 AND b.ended_at IS NULL AND b.id > ?3 AND b.expires_at > ?4
                 AND (?5 IS NULL OR b.unit IN (SELECT value FROM json_each(?5))) AND (?6 IS NULL OR b.reviewer = ?6)
             ORDER BY b.id LIMIT ?7")
        .bind(&principal.school)
        .bind(season)
        .bind(values::after(cursor)?)
        .bind(values::time(now))
        .bind(values::scope(principal)?)
        .bind(of)
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.database)
        .await?;
        let items = rows
            .iter()
            .map(|row| {
                Ok(OpenBundle {
                    id: row.id("id")?,
                    unit: row.text("unit")?,
                    reviewer: row.id("reviewer")?,
                    name: row.text_or_null("name")?,
                    device: row.id("device")?,
                    issued_at: row.time("issued_at")?,
                    expires_at: row.time("expires_at")?,
                    photos: row.number("photos")?,
                    reserved: row.number("reserved")?,
                })
            })
            .collect::<StoreResult<Vec<_>>>()?;
        Ok(values::page(items, limit, |last| last.id))
    }

    async fn review_from_bundle(
        &self,
        principal: &Principal,
        id: Uuid,
        review: &GivenReview,
        bundle: Uuid,
        now: Timestamp,
    ) -> StoreResult<ReviewOutcome> {
        self.review_once(principal, id, review, Some(bundle), now).await.map(|answered| answered.outcome)
    }
}

impl SqlStore {
    /// What the house says and signs of a bundle.
    async fn signed(&self, write: &mut Write, row: &Row) -> StoreResult<SignedBundle> {
        let id = row.id("id")?;
        let items = sql("SELECT attempt, version, rendition FROM bundle_items WHERE bundle = ? ORDER BY place, attempt")
            .bind(values::id(id))
            .fetch_all(&mut *write)
            .await?;
        let items = items
            .iter()
            .map(|row| {
                Ok(BundleItem { submission: row.id("attempt")?, version: row.number("version")?, rendition: row.id_or_null("rendition")? })
            })
            .collect::<StoreResult<_>>()?;
        let statement = BundleStatement {
            id,
            school: row.text("school")?,
            season: row.text("season")?,
            unit: row.text("unit")?,
            reviewer: row.id("reviewer")?,
            device: row.id("device")?,
            issued_at: row.time("issued_at")?,
            expires_at: row.time("expires_at")?,
            portraits: row.number("portraits")? != 0,
            items,
        };
        let signature = hexadecimal(&self.vault.sign(&statement.message())?);
        Ok(SignedBundle { statement, signature, public_key: hexadecimal(&self.vault.public_key()?) })
    }
}
