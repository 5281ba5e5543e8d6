//! Offers of golden items: who gets which and when, what the made-up student looks like, and the statements that find both.

use super::*;

/// Ends the notice of a golden item as the newest real one of its season ended, without a word to anybody. Says whether it was one.
pub async fn end_notice(write: &mut Write, job: &Job, now: Timestamp) -> StoreResult<bool> {
    let Some(row) =
        sql("SELECT n.school, n.season FROM notices n JOIN attempts a ON a.id = n.attempt WHERE n.id = ? AND a.golden_for IS NOT NULL")
            .bind(values::id(job.subject))
            .fetch_optional(&mut *write)
            .await?
    else {
        return Ok(false);
    };
    let season = row.text("season")?;
    let state: Option<String> =
        sql("SELECT state FROM notices WHERE school = ? AND season = ? AND state <> 'waiting' ORDER BY id DESC LIMIT 1")
            .bind(row.text("school")?)
            .bind(shared(&season))
            .fetch_value_optional(&mut *write)
            .await?;
    match state {
        Some(state) => {
            sql("UPDATE notices SET state = ?2, delivered_at = CASE WHEN ?2 = 'delivered' THEN ?3 END WHERE id = ?1 AND state = 'waiting'")
                .bind(values::id(job.subject))
                .bind(state)
                .bind(values::time(now))
                .execute(&mut *write)
                .await?;
            jobs::finish(write, job).await?;
        }
        None => jobs::put_back(write, job, now + Duration::from_mins(1), None).await?,
    }
    Ok(true)
}

/// An item that a reviewer gets, or will.
pub(super) struct Offer {
    pub(super) id: Uuid,
    pub(super) school: String,
    pub(super) season: String,
    pub(super) unit: String,
    pub(super) golden: Uuid,
    pub(super) reviewer: Uuid,
    pub(super) attempt: Option<Uuid>,
}

pub(super) const OFFER: Spelling = locked!("SELECT id, school, season, unit, golden, reviewer, attempt FROM golden_offers WHERE id = ?");

impl Offer {
    pub(super) fn read(row: &Row) -> StoreResult<Offer> {
        Ok(Offer {
            id: row.id("id")?,
            school: row.text("school")?,
            season: row.text("season")?,
            unit: row.text("unit")?,
            golden: row.id("golden")?,
            reviewer: row.id("reviewer")?,
            attempt: row.id_or_null("attempt")?,
        })
    }
}

/// Whether a photo could come in to this unit now, and the one to be shown: the season and the unit are open, somebody is still missing, the
/// item stands and its picture is there.
pub(super) const POSSIBLE: &str = "SELECT a.id AS source, s.id AS student, s.name, s.id_number, s.phone,
         l.student_number AS like_number, l.name IS NOT NULL AS with_name, l.id_number IS NOT NULL AS with_id_number,
         l.phone IS NOT NULL AS with_phone
     FROM golden_items g JOIN attempts a ON a.id = g.attempt JOIN students s ON s.id = a.student
     JOIN seasons se ON se.school = ?1 AND se.code = ?2 JOIN units u ON u.school = ?1 AND u.season = ?2 AND u.code = ?3
     JOIN unit_counters c ON c.school = ?1 AND c.season = ?2 AND c.unit = ?3
     JOIN students l ON l.id = (SELECT x.id FROM students x WHERE x.school = ?1 AND x.season = ?2 AND x.unit = ?3 ORDER BY x.id DESC LIMIT 1)
     LEFT JOIN unit_counters own ON own.school = ?1 AND own.season = ?5 AND own.unit = ?3
     WHERE g.id = ?4 AND g.retired_at IS NULL AND a.status IN ('approved', 'rejected') AND a.decision = g.verdict
         AND c.captured_students + coalesce(own.captured_students, 0) < c.students AND c.enrolled_invited > coalesce(own.students, 0)
         AND (coalesce(u.closes_at, se.closes_at) IS NULL OR coalesce(u.closes_at, se.closes_at) > ?6)
         AND EXISTS (SELECT 1 FROM blobs b WHERE b.attempt = a.id AND b.kind = 'standard' AND b.purging_at IS NULL)";

/// The season of a reviewer's own and what of the shared one it needs; the flag says whether it is about one unit.
pub(super) const FOUND_SEASON: [(&str, bool); 3] = [
    (
        "INSERT INTO seasons (school, code, name, kind, rules, created_at)
         SELECT school, ?1, name, kind, rules, created_at FROM seasons WHERE school = ?2 AND code = ?3 ON CONFLICT DO NOTHING",
        false,
    ),
    (
        "INSERT INTO units (school, season, code, name)
         SELECT school, ?1, code, name FROM units WHERE school = ?2 AND season = ?3 AND code = ?4 ON CONFLICT DO NOTHING",
        true,
    ),
    (
        "INSERT INTO unit_counters (school, season, unit)
         SELECT school, ?1, code FROM units WHERE school = ?2 AND season = ?3 AND code = ?4 ON CONFLICT DO NOTHING",
        true,
    ),
];

/// What waits although its reviewer has spoken or asked for a lead (`since` then), or although it has lain for long.
pub(super) const TO_SETTLE: &str = "SELECT x.id, x.since, x.verdict, x.reasons, x.made_by FROM (
         SELECT a.id, a.submitted_at, a.lease_user, g.verdict, g.reasons, g.made_by,
             coalesce((SELECT max(r.at) FROM reviews r WHERE r.attempt = a.id AND r.reviewer = a.golden_for AND r.withdrawn_at IS NULL),
                 (SELECT min(k.at) FROM skips k WHERE k.attempt = a.id AND k.asks_lead = 1)) AS since
         FROM attempts a JOIN golden_offers f ON f.attempt = a.id JOIN golden_items g ON g.id = f.golden
         WHERE a.golden_for IS NOT NULL AND a.status = 'pending') x
     WHERE x.since IS NOT NULL OR (x.lease_user IS NULL AND x.submitted_at <= ?1)";

pub(super) fn eight(hash: &Hash, at: usize) -> [u8; 8] {
    hash[at..at + 8].try_into().expect("eight of 32 bytes")
}

/// A number within the bounds, drawn by four bytes of a hash.
pub(super) fn between(draw: &Hash, at: usize, (least, most): (u64, u64)) -> u64 {
    let drawn = u32::from_be_bytes(draw[at..at + 4].try_into().expect("four of 32 bytes"));
    least + u64::from(drawn) % (most - least + 1)
}

/// The same text with other digits in its last four places; what is no digit stays.
pub(super) fn other_digits(like: &str, mut digits: u64) -> String {
    let mut characters: Vec<char> = like.chars().collect();
    for character in characters.iter_mut().rev().take(4).filter(|character| character.is_ascii_digit()) {
        *character = char::from_digit((digits % 10) as u32, 10).expect("a digit");
        digits /= 10;
    }
    characters.into_iter().collect()
}

/// What this reviewer may still get: items that stand as they were made, of students whose photos the reviewer never judged, those shown in
/// another unit than their own first.
pub(super) const FOR_REVIEWER: &str = "SELECT g.id FROM golden_items g JOIN attempts a ON a.id = g.attempt
     WHERE g.school = ?1 AND g.season = ?2 AND g.retired_at IS NULL AND a.status IN ('approved', 'rejected') AND a.decision = g.verdict
         AND NOT EXISTS (SELECT 1 FROM golden_offers f WHERE f.golden = g.id AND f.reviewer = ?3)
         AND NOT EXISTS (SELECT 1 FROM attempts x CROSS JOIN reviews r WHERE x.student = a.student AND r.attempt = x.id AND r.reviewer = ?3)
     ORDER BY CASE WHEN a.unit = ?4 THEN 1 ELSE 0 END, g.id LIMIT 32";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_change_and_nothing_else() {
        assert_eq!(other_digits("25010001", 9_876), "25019876");
        assert_eq!(other_digits("6101**********001X", 4_321), "6101**********321X");
        assert_eq!(other_digits("7", 5), "5");
    }

    #[test]
    fn a_season_of_ones_own_is_told_from_those_people_name() {
        let reviewer = Uuid::from_u128(7);
        let own = own("2027-summer", reviewer);
        assert_eq!((shared(&own), shared("2027-summer")), ("2027-summer", "2027-summer"));
        assert!(!is_shared(&own) && is_shared("2027-summer"));
    }
}
