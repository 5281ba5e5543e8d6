//! The chain over the audit: what a piece of it hashes to, what is signed, and whether a chain is whole. Pure functions over plain data.
//!
//! ```text
//! root n     SHA-256 of the school, root n−1 and every entry of the piece, each part with its length
//! signature  Ed25519 over the school, the piece's number, its end, its length, its root and its time
//! ```
//!
//! A changed, removed or added row changes its root and every root after it. Whoever can sign could make the whole chain anew: only a root that
//! was kept elsewhere shows that, so roots are meant to be kept elsewhere ([`Anchor`]).

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// The hash that a chain begins with.
pub const BEGINNING: [u8; 32] = [0; 32];

/// A row of the audit, as it is hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainedEntry {
    pub sequence: i64,
    pub season: Option<String>,
    pub unit: Option<String>,
    /// Microseconds since 1970.
    pub at: i64,
    pub actor: Option<Uuid>,
    pub action: String,
    pub attempt: Option<Uuid>,
    /// JSON, as it is kept.
    pub details: String,
}

/// The end of a piece of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// From 1, without gaps.
    pub number: i64,
    /// The last row it covers.
    pub through_sequence: i64,
    /// How many rows it covers.
    pub entries: i64,
    #[serde(with = "hexadecimal")]
    pub root: Vec<u8>,
    /// Microseconds since 1970.
    pub made_at: i64,
    #[serde(with = "hexadecimal")]
    pub signature: Vec<u8>,
}

/// A root that was kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub number: i64,
    pub root: Vec<u8>,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    #[error("checkpoint {number} is missing")]
    Gap { number: i64 },
    #[error("checkpoint {number} is not signed by this house")]
    Signature { number: i64 },
    #[error("rows up to {through} are not those that checkpoint {number} was made of")]
    Rows { number: i64, through: i64 },
    #[error("checkpoint {number} is not the one that was kept elsewhere")]
    Anchor { number: i64 },
}

impl ChainError {
    /// The stable code; texts are in `locales/` under `chain.<code>`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ChainError::Gap { .. } => "gap",
            ChainError::Signature { .. } => "signature",
            ChainError::Rows { .. } => "rows",
            ChainError::Anchor { .. } => "anchor",
        }
    }

    /// The checkpoint it is about.
    #[must_use]
    pub fn number(&self) -> i64 {
        match self {
            ChainError::Gap { number }
            | ChainError::Signature { number }
            | ChainError::Rows { number, .. }
            | ChainError::Anchor { number } => *number,
        }
    }
}

/// The root of a piece that follows `before`.
#[must_use]
pub fn root<'a>(school: &str, before: &[u8], entries: impl IntoIterator<Item = &'a ChainedEntry>) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    part(b"zhaoshen audit 1");
    part(school.as_bytes());
    part(before);
    for entry in entries {
        part(&entry.sequence.to_be_bytes());
        // What is absent is told from what is empty.
        for text in [&entry.season, &entry.unit] {
            part(&text.as_ref().map_or_else(Vec::new, |text| [b"+", text.as_bytes()].concat()));
        }
        part(&entry.at.to_be_bytes());
        part(entry.actor.as_ref().map_or(&[][..], |actor| actor.as_bytes()));
        part(entry.action.as_bytes());
        part(entry.attempt.as_ref().map_or(&[][..], |attempt| attempt.as_bytes()));
        part(entry.details.as_bytes());
    }
    hash.finalize().into()
}

/// What is signed of a checkpoint.
#[must_use]
pub fn message(school: &str, checkpoint: &Checkpoint) -> Vec<u8> {
    let numbers = [checkpoint.number, checkpoint.through_sequence, checkpoint.entries, checkpoint.made_at];
    let mut message = b"zhaoshen audit checkpoint 1".to_vec();
    message.extend_from_slice(&(school.len() as u64).to_be_bytes());
    message.extend_from_slice(school.as_bytes());
    message.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    message.extend_from_slice(&checkpoint.root);
    message
}

/// Walks along a chain, piece by piece.
#[derive(Debug)]
pub struct Walk<'a> {
    school: &'a str,
    public_key: &'a [u8],
    anchors: &'a [Anchor],
    root: Vec<u8>,
    number: i64,
    through: i64,
}

impl<'a> Walk<'a> {
    /// At the beginning of the school's chain.
    #[must_use]
    pub fn new(school: &'a str, public_key: &'a [u8], anchors: &'a [Anchor]) -> Walk<'a> {
        Walk { school, public_key, anchors, root: BEGINNING.to_vec(), number: 0, through: 0 }
    }

    /// The last row that was covered.
    #[must_use]
    pub fn through(&self) -> i64 {
        self.through
    }

    /// Takes the next checkpoint and the rows that lie after the one before, up to its end.
    ///
    /// # Errors
    /// What is wrong with it. Rows that are missing, changed or too many are one: which, nobody can tell from a hash.
    pub fn step(&mut self, checkpoint: &Checkpoint, entries: &[ChainedEntry]) -> Result<(), ChainError> {
        let number = self.number + 1;
        if checkpoint.number != number {
            return Err(ChainError::Gap { number });
        }
        let key = UnparsedPublicKey::new(&ED25519, self.public_key);
        if key.verify(&message(self.school, checkpoint), &checkpoint.signature).is_err() {
            return Err(ChainError::Signature { number });
        }
        let rows = i64::try_from(entries.len()).unwrap_or(i64::MAX);
        if rows != checkpoint.entries || root(self.school, &self.root, entries).as_slice() != checkpoint.root {
            return Err(ChainError::Rows { number, through: checkpoint.through_sequence });
        }
        if self.anchors.iter().any(|anchor| anchor.number == number && anchor.root != checkpoint.root) {
            return Err(ChainError::Anchor { number });
        }
        self.root.clone_from(&checkpoint.root);
        (self.number, self.through) = (number, checkpoint.through_sequence);
        Ok(())
    }

    /// Ends the walk: a chain that is shorter than a root that was kept elsewhere was cut.
    ///
    /// # Errors
    /// The first checkpoint that is missing.
    pub fn end(&self) -> Result<i64, ChainError> {
        match self.anchors.iter().map(|anchor| anchor.number).filter(|number| *number > self.number).min() {
            Some(number) => Err(ChainError::Gap { number }),
            None => Ok(self.number),
        }
    }
}

mod hexadecimal {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crate::backend::vault::hexadecimal(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        crate::backend::vault::from_hexadecimal(&String::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("no hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::vault::Vault;

    fn entry(sequence: i64, action: &str) -> ChainedEntry {
        ChainedEntry {
            sequence,
            season: Some("2027".into()),
            unit: None,
            at: 5,
            actor: Some(Uuid::from_u128(1)),
            action: action.into(),
            attempt: None,
            details: "{}".into(),
        }
    }

    struct House {
        vault: Vault,
        pieces: Vec<(Checkpoint, Vec<ChainedEntry>)>,
    }

    impl House {
        fn of_three() -> House {
            let vault = Vault::filled(&[1; 32], "school").unwrap();
            let mut before = BEGINNING.to_vec();
            let pieces = (1..=3i64).map(|number| {
                // Numbers have gaps, as PostgreSQL's do.
                let entries: Vec<_> = (1..=3).map(|index| entry(number * 10 + index, &format!("action {number} {index}"))).collect();
                let root = root("school", &before, &entries).to_vec();
                before.clone_from(&root);
                let mut checkpoint =
                    Checkpoint { number, through_sequence: number * 10 + 3, entries: 3, root, made_at: number, signature: vec![] };
                checkpoint.signature = vault.sign(&message("school", &checkpoint)).unwrap();
                (checkpoint, entries)
            });
            let pieces = pieces.collect();
            House { vault, pieces }
        }

        fn walk(&self, anchors: &[Anchor]) -> Result<i64, ChainError> {
            let key = self.vault.public_key().unwrap();
            let mut walk = Walk::new("school", &key, anchors);
            for (checkpoint, entries) in &self.pieces {
                walk.step(checkpoint, entries)?;
            }
            walk.end()
        }
    }

    #[test]
    fn a_whole_chain_is_whole_and_every_change_is_found() {
        assert_eq!(House::of_three().walk(&[]), Ok(3));
        let changed = |change: &dyn Fn(&mut House)| {
            let mut house = House::of_three();
            change(&mut house);
            house.walk(&[]).unwrap_err().code()
        };
        assert_eq!(changed(&|house| house.pieces[1].1[1].action = "other".into()), "rows");
        assert_eq!(changed(&|house| house.pieces[1].1[1].season = None), "rows");
        assert_eq!(changed(&|house| house.pieces[1].1[1].actor = None), "rows");
        assert_eq!(changed(&|house| drop(house.pieces[1].1.remove(0))), "rows");
        assert_eq!(changed(&|house| house.pieces[1].1.swap(0, 1)), "rows");
        assert_eq!(changed(&|house| house.pieces[1].1.push(entry(24, "added"))), "rows");
        assert_eq!(changed(&|house| drop(house.pieces.remove(0))), "gap");
        assert_eq!(changed(&|house| house.pieces[2].0.made_at += 1), "signature");
        assert_eq!(changed(&|house| house.pieces[2].0.signature = house.pieces[1].0.signature.clone()), "signature");
    }

    #[test]
    fn a_chain_made_anew_or_cut_is_found_by_a_root_that_was_kept_elsewhere() {
        let mut house = House::of_three();
        let kept = Anchor { number: 3, root: house.pieces[2].0.root.clone() };
        assert_eq!(house.walk(std::slice::from_ref(&kept)), Ok(3));
        // By somebody who can sign: the last piece without one of its rows.
        let before = house.pieces[1].0.root.clone();
        let (checkpoint, entries) = &mut house.pieces[2];
        entries.remove(1);
        checkpoint.entries = 2;
        checkpoint.root = root("school", &before, &*entries).to_vec();
        checkpoint.signature = house.vault.sign(&message("school", checkpoint)).unwrap();
        assert_eq!(house.walk(&[]), Ok(3));
        assert_eq!(house.walk(std::slice::from_ref(&kept)), Err(ChainError::Anchor { number: 3 }));
        house.pieces.pop();
        assert_eq!(house.walk(&[kept]), Err(ChainError::Gap { number: 3 }));
    }

    #[test]
    fn another_schools_chain_does_not_pass_for_this_ones() {
        let house = House::of_three();
        let key = house.vault.public_key().unwrap();
        let (checkpoint, entries) = &house.pieces[0];
        assert_eq!(Walk::new("other", &key, &[]).step(checkpoint, entries), Err(ChainError::Signature { number: 1 }));
    }

    #[test]
    fn every_code_has_a_text() {
        use crate::language::{Language, has_text};
        for code in ["gap", "signature", "rows", "anchor"] {
            assert!(Language::ALL.iter().all(|language| has_text(*language, &format!("chain.{code}"))), "{code}");
        }
    }

    #[test]
    fn what_is_absent_is_not_what_is_empty() {
        let mut empty = entry(1, "x");
        empty.season = Some(String::new());
        let mut absent = entry(1, "x");
        absent.season = None;
        assert_ne!(root("s", &BEGINNING, [&empty]), root("s", &BEGINNING, [&absent]));
    }
}
