//! What resources are about, and what parameters mean wherever they stand.

/// A version in quotes.
pub const VERSION: &str = "^\"-?[0-9]{1,18}\"$";

/// A parameter's meaning.
pub struct Word {
    pub name: &'static str,
    pub about: &'static str,
    pub example: &'static str,
    pub pattern: Option<&'static str>,
}

const fn word(name: &'static str, about: &'static str, example: &'static str) -> Word {
    Word { name, about, example, pattern: None }
}

/// Parameters by their names.
pub const PARAMETERS: [Word; 23] = [
    word("season", "Code of the season.", "2027-summer"),
    word("unit", "Code of a unit; everything in scope where it is left out.", "101"),
    word("code", "Code of the season.", "2027-summer"),
    word("status", "Only those that stand here now.", "pending"),
    word("measured", "Codes of checks with commas between them: each row then tells what these said.", "blur,roll"),
    word("state", "Only those that stand here now.", "ready"),
    word("kind", "Which of the submission's pictures.", "standard"),
    word("cursor", "`next` of the page before; the first page where it is left out.", "AAYkAB0XWAABl_PCWjF8wLnVL09vGpw-"),
    word("limit", "Rows of the page: at most 200, 50 where nobody says.", "50"),
    word("format", "`json`, `csv` or `xlsx`; counts before `Accept`.", "json"),
    word("dry_run", "Only say what would happen.", "true"),
    word("columns", "Which columns hold what, as a JSON object of fields and headings.", "{\"student_number\":\"编号\"}"),
    word("from", "The first day; days are China's.", "2027-05-01"),
    word("to", "The last day.", "2027-05-31"),
    word("asks_lead", "Only those for which a lead was asked and that still wait for one.", "true"),
    word("id", "What the request is about.", "0197f3c2-5a31-7cc0-b9d5-2f4f6f1a9c3e"),
    word("reopening", "The question, as `POST …/reopenings` answered it.", "0197f3c2-91d0-7b52-8f0e-3c5a7be2d410"),
    word("token", "The claim's token.", "5b0e6a63-6a3c-4a53-9c1f-0d6f2f6f8b1a"),
    Word { pattern: Some(VERSION), ..word("if-match", "The version that was seen, in quotes, as `ETag` told it.", "\"3\"") },
    word("idempotency-key", "A UUIDv7 made for one intention and kept through every repetition.", "0197f3c2-7d44-7e61-9a70-1b2c3d4e5f60"),
    word("last-event-id", "The id of the last event that was read.", "4711-12"),
    word("bundle", "The offline bundle that the review comes back from.", "0197f3c4-2b1c-7a90-8d4e-5f6071829304"),
    word("lease-token", "The token of the asker's claim: advice, not law.", "5b0e6a63-6a3c-4a53-9c1f-0d6f2f6f8b1a"),
];

/// Resources in the order in which a season meets them.
pub const TAGS: [(&str, &str); 25] = [
    ("sessions", "Signing in and out."),
    ("users", "Who works for the school, with which role and units."),
    ("totp", "One-time codes for signing in."),
    ("access-policy", "Which roles need one-time codes."),
    ("seasons", "Seasons and their rules."),
    ("rosters", "The season's students, as tables."),
    ("submissions", "Photos coming in, and as reviewers meet them."),
    ("pictures", "The pictures themselves."),
    ("queue", "How long queues are, places in them, photos passed on, deadlines."),
    ("claims", "Photos reserved for one reviewer while they are on the screen."),
    ("bundles", "Photos taken along to be reviewed without a network."),
    ("decisions", "Reviews and what they decide; undoing; retake notices."),
    ("renditions", "Photos finished anew, within what the standard allows."),
    ("corrections", "A student's record put right before a decision, and withdrawals."),
    ("reopenings", "An approval taken back by two people."),
    ("deliveries", "Approved photos on their way to the register, and their prints."),
    ("progress", "How the season stands, by unit, day and as a whole."),
    ("statistics", "How people review, and golden items."),
    ("events", "What happens, as it happens."),
    ("audit", "Who did what to which thing."),
    ("consents", "What students agreed to, or did not."),
    ("persons", "Everything that is kept of a person, given out or erased."),
    ("retention", "How long what is kept."),
    ("notices", "What students are told, and whom to call."),
    ("system", "What is asked without signing in."),
];
