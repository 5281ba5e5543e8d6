//! How people review: agreement, pace, what golden items say. Read out of the reviews themselves; nothing is kept beside them.
//!
//! One's own statistics count one's own golden items as what they seem; everybody's leave them out and tell their scores apart.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use super::{
    SqlStore,
    database::{Row, Sql, sql},
    golden, values,
};
use crate::{
    api::reviewing::{Agreement, DayOfReviews, GoldenScore, Pace, PairAgreement, ReasonOfReviews, ReviewStatistics, ReviewerStatistics},
    backend::store::{StoreError, StoreResult},
    domain::{access::Principal, agreement::Judged, reason::Reason, review::Decision},
};

/// Reviews of some seasons in a period, of one person or of everybody in scope.
macro_rules! reviews_of_period {
    ($more:literal) => {
        concat!(
            "FROM reviews r ", $more, " WHERE r.school = ?1 AND r.season IN (SELECT value FROM json_each(?2)) AND r.at >= ?3 AND r.at < ?4
                 AND (?5 IS NULL OR r.reviewer = ?5)
                 AND (?6 IS NULL OR EXISTS (SELECT 1 FROM attempts s WHERE s.id = r.attempt AND s.unit IN (SELECT value FROM json_each(?6))))"
        )
    };
}

/// Medians of the looks by reviewer and one more thing; the mean of the two in the middle where their number is even.
macro_rules! medians {
    ($part:literal, $more:literal) => {
        concat!(
            "SELECT reviewer, part, max(n) AS measured, CAST(avg(took) AS BIGINT) AS median FROM (
                 SELECT r.reviewer, ",
            $part,
            " AS part, r.took,
                     row_number() OVER (PARTITION BY r.reviewer, ",
            $part,
            " ORDER BY r.took) AS i,
                     count(*) OVER (PARTITION BY r.reviewer, ",
            $part,
            ") AS n ",
            reviews_of_period!($more),
            " AND r.took IS NOT NULL) m WHERE i IN ((n + 1) / 2, (n + 2) / 2) GROUP BY reviewer, part"
        )
    };
}

/// Days begin at midnight in China: `at` is in microseconds.
macro_rules! day {
    () => {
        "(r.at + 28800000000) / 86400000000"
    };
}

pub(super) const BY_DAY: &str = concat!(
    "SELECT r.reviewer, ",
    day!(),
    " AS part, count(*) AS reviews, count(*) FILTER (WHERE r.verdict = 'approve') AS approvals,
         count(r.withdrawn_at) AS undone ",
    reviews_of_period!(""),
    " GROUP BY r.reviewer, ",
    day!(),
    " ORDER BY r.reviewer, part"
);
const BY_REASON: &str = concat!(
    "SELECT r.reviewer, j.value AS part, count(*) AS reviews ",
    reviews_of_period!("CROSS JOIN json_each(r.reasons) j"),
    " GROUP BY r.reviewer, j.value ORDER BY r.reviewer, reviews DESC, part"
);
const PACE: &str = medians!("CAST(0 AS BIGINT)", "");
const PACE_BY_DAY: &str = medians!("(r.at + 28800000000) / 86400000000", "");
const PACE_BY_REASON: &str = medians!("j.value", "CROSS JOIN json_each(r.reasons) j");
const SKIPPED: &str =
    "SELECT r.reviewer, count(*) AS reviews FROM skips r WHERE r.school = ?1 AND r.season IN (SELECT value FROM json_each(?2))
     AND r.at >= ?3 AND r.at < ?4 AND (?5 IS NULL OR r.reviewer = ?5)
     AND (?6 IS NULL OR r.unit IN (SELECT value FROM json_each(?6))) GROUP BY r.reviewer";
/// Only where somebody else's review counts too.
const AGAINST_FINAL: &str = concat!(
    "SELECT r.reviewer, r.verdict, a.decision, count(*) AS times ",
    reviews_of_period!("JOIN attempts a ON a.id = r.attempt"),
    " AND r.withdrawn_at IS NULL AND a.status IN ('approved', 'rejected')
         AND EXISTS (SELECT 1 FROM reviews o WHERE o.attempt = r.attempt AND o.reviewer <> r.reviewer AND o.withdrawn_at IS NULL)
     GROUP BY r.reviewer, r.verdict, a.decision"
);
const PAIRS: &str = concat!(
    "SELECT r.reviewer, o.reviewer AS other, r.verdict, o.verdict AS other_verdict, count(*) AS times ",
    reviews_of_period!("JOIN reviews o ON o.attempt = r.attempt AND o.reviewer > r.reviewer AND o.withdrawn_at IS NULL"),
    " AND r.withdrawn_at IS NULL GROUP BY r.reviewer, o.reviewer, r.verdict, o.verdict ORDER BY r.reviewer, o.reviewer"
);
const GOLDEN: &str = "SELECT r.reviewer, r.verdict, r.reasons, g.verdict AS known, g.reasons AS known_reasons
     FROM golden_offers f JOIN golden_items g ON g.id = f.golden
     JOIN reviews r ON r.attempt = f.attempt AND r.reviewer = f.reviewer AND r.withdrawn_at IS NULL
     WHERE f.school = ?1 AND f.season IN (SELECT value FROM json_each(?2)) AND r.at >= ?3 AND r.at < ?4 AND (?5 IS NULL OR r.reviewer = ?5)
         AND (?6 IS NULL OR f.unit IN (SELECT value FROM json_each(?6)))";

/// Whose reviews of which time.
#[derive(Debug, Clone)]
pub struct Period {
    pub season: String,
    pub from: Option<Timestamp>,
    /// The first moment that is not in it any more.
    pub to: Option<Timestamp>,
}

/// How people review.
#[async_trait]
pub trait Statistics: Send + Sync {
    /// Everybody's, as far as the asker's scope goes.
    async fn reviewer_statistics(&self, principal: &Principal, period: &Period) -> StoreResult<ReviewStatistics>;
    /// The asker's own.
    async fn own_statistics(&self, principal: &Principal, period: &Period) -> StoreResult<ReviewerStatistics>;
}

/// What is asked of the reviews.
struct Question<'a> {
    principal: &'a Principal,
    seasons: String,
    period: &'a Period,
    reviewer: Option<Uuid>,
}

impl Question<'_> {
    fn ask(&self, text: &'static str) -> StoreResult<Sql> {
        Ok(sql(text)
            .bind(&self.principal.school)
            .bind(&self.seasons)
            .bind(self.period.from.map_or(i64::MIN, values::time))
            .bind(self.period.to.map_or(i64::MAX, values::time))
            .bind(self.reviewer.map(values::id))
            .bind(values::scope(self.principal)?))
    }
}

#[async_trait]
impl Statistics for SqlStore {
    async fn reviewer_statistics(&self, principal: &Principal, period: &Period) -> StoreResult<ReviewStatistics> {
        self.know_season(principal, &period.season).await?;
        let question = Question { principal, seasons: values::json(&[&period.season])?, period, reviewer: None };
        let mut reviewers = self.reviewers(&question).await?;
        let mut pairs: BTreeMap<(Uuid, Uuid), Judged> = BTreeMap::new();
        for row in question.ask(PAIRS)?.fetch_all(&self.database).await? {
            let pair = pairs.entry((row.id("reviewer")?, row.id("other")?)).or_default();
            pair.count(approves(&row, "verdict")?, approves(&row, "other_verdict")?, times(&row)?);
        }
        let mut scores: BTreeMap<Uuid, (Judged, GoldenScore)> = BTreeMap::new();
        for row in question.ask(GOLDEN)?.fetch_all(&self.database).await? {
            let (judged, score) = scores.entry(row.id("reviewer")?).or_default();
            let (said, known) = (approves(&row, "verdict")?, approves(&row, "known")?);
            judged.count(said, known, 1);
            if !said && !known {
                let (reasons, expected): (Vec<Reason>, Vec<Reason>) = (row.json("reasons")?, row.json("known_reasons")?);
                score.rejected_right += 1;
                score.reason_named += i64::from(reasons.iter().any(|reason| expected.contains(reason)));
            }
        }
        for (reviewer, (judged, score)) in scores {
            let golden = GoldenScore { agreement: judged.into(), ..score };
            entry(&mut reviewers, reviewer).golden = Some(golden);
        }
        let names = sql("SELECT id, name FROM users WHERE school = ?").bind(&principal.school).fetch_all(&self.database).await?;
        for row in &names {
            if let Some(reviewer) = reviewers.get_mut(&row.id("id")?) {
                reviewer.name = Some(row.text("name")?);
            }
        }
        let pair = |((first, second), judged): ((Uuid, Uuid), Judged)| PairAgreement { first, second, agreement: judged.into() };
        Ok(ReviewStatistics { reviewers: reviewers.into_values().collect(), pairs: pairs.into_iter().map(pair).collect() })
    }

    async fn own_statistics(&self, principal: &Principal, period: &Period) -> StoreResult<ReviewerStatistics> {
        self.know_season(principal, &period.season).await?;
        let seasons = values::json(&golden::seasons_of(principal, &period.season))?;
        let question = Question { principal, seasons, period, reviewer: Some(principal.user) };
        let mut reviewers = self.reviewers(&question).await?;
        entry(&mut reviewers, principal.user);
        reviewers.remove(&principal.user).ok_or(StoreError::Corrupt("nobody's statistics"))
    }
}

impl SqlStore {
    async fn reviewers(&self, question: &Question<'_>) -> StoreResult<BTreeMap<Uuid, ReviewerStatistics>> {
        let mut reviewers = BTreeMap::new();
        let by_day = self.paces(question, PACE_BY_DAY, |row| row.number("part")).await?;
        for row in question.ask(BY_DAY)?.fetch_all(&self.database).await? {
            let id = row.id("reviewer")?;
            let (day, reviews, approvals) = (row.number("part")?, row.number("reviews")?, row.number("approvals")?);
            let one = entry(&mut reviewers, id);
            one.reviews += reviews;
            one.approvals += approvals;
            one.rejections += reviews - approvals;
            one.undone += row.number("undone")?;
            one.days.push(DayOfReviews { day: date(day)?, reviews, pace: by_day.get(&(id, day)).copied().unwrap_or_default() });
        }
        let by_reason = self.paces(question, PACE_BY_REASON, |row| row.text("part")).await?;
        for row in question.ask(BY_REASON)?.fetch_all(&self.database).await? {
            let id = row.id("reviewer")?;
            let pace = by_reason.get(&(id, row.text("part")?)).copied().unwrap_or_default();
            let reason = ReasonOfReviews { reason: row.code("part")?, reviews: row.number("reviews")?, pace };
            entry(&mut reviewers, id).reasons.push(reason);
        }
        for ((id, _), pace) in self.paces(question, PACE, |row| row.number("part")).await? {
            entry(&mut reviewers, id).pace = pace;
        }
        for row in question.ask(SKIPPED)?.fetch_all(&self.database).await? {
            entry(&mut reviewers, row.id("reviewer")?).skipped = row.number("reviews")?;
        }
        let mut finals: BTreeMap<Uuid, Judged> = BTreeMap::new();
        for row in question.ask(AGAINST_FINAL)?.fetch_all(&self.database).await? {
            let judged = finals.entry(row.id("reviewer")?).or_default();
            judged.count(approves(&row, "verdict")?, approves(&row, "decision")?, times(&row)?);
        }
        for (id, one) in &mut reviewers {
            one.against_final = finals.get(id).copied().unwrap_or_default().into();
        }
        Ok(reviewers)
    }

    async fn paces<Part: Ord>(
        &self,
        question: &Question<'_>,
        text: &'static str,
        part: impl Fn(&Row) -> StoreResult<Part> + Send,
    ) -> StoreResult<BTreeMap<(Uuid, Part), Pace>> {
        let rows = question.ask(text)?.fetch_all(&self.database).await?;
        let pace = |row: &Row| {
            #[allow(clippy::cast_precision_loss, reason = "a look is shorter than ten minutes")]
            let seconds = row.number("median")? as f64 / 1000.0;
            Ok(((row.id("reviewer")?, part(row)?), Pace { measured: row.number("measured")?, median_seconds: Some(seconds) }))
        };
        rows.iter().map(pace).collect()
    }
}

fn entry(reviewers: &mut BTreeMap<Uuid, ReviewerStatistics>, reviewer: Uuid) -> &mut ReviewerStatistics {
    reviewers.entry(reviewer).or_insert_with(|| ReviewerStatistics {
        reviewer,
        name: None,
        reviews: 0,
        approvals: 0,
        rejections: 0,
        undone: 0,
        skipped: 0,
        pace: Pace::default(),
        days: vec![],
        reasons: vec![],
        against_final: Agreement::from(Judged::default()),
        golden: None,
    })
}

fn approves(row: &Row, column: &str) -> StoreResult<bool> {
    Ok(row.code::<Decision>(column)? == Decision::Approve)
}

fn times(row: &Row) -> StoreResult<u64> {
    u64::try_from(row.number("times")?).map_err(|_| StoreError::Corrupt("a count below nothing"))
}

fn date(day: i64) -> StoreResult<Date> {
    let days = i32::try_from(day).map_err(|_| StoreError::Corrupt("a day out of range"))?;
    let epoch = Date::constant(1970, 1, 1);
    epoch
        .checked_add(jiff::Span::new().try_days(days).map_err(|_| StoreError::Corrupt("a day out of range"))?)
        .map_err(|_| StoreError::Corrupt("a day out of range"))
}
