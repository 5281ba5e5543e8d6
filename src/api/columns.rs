//! Which column of a roster holds what, where its headings do not say it themselves: a mapping from fields to headings.
//!
//! Clients write it, the backend reads and remembers it. What a field's name means is the backend's business (`backend::roster`): codes such as
//! `student_number`, the words of schools (学号) and the codes of CHSI's tables (XH) all name a field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// Fields and the headings of the columns that hold them. An empty heading says that no column does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct ColumnMapping(pub BTreeMap<String, String>);

/// Why something is no mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// What was given, shortened.
    #[error("{0:?} is not FIELD=HEADING")]
    NotAPair(String),
    #[error("the file is no TOML table of fields and headings (line {line})")]
    NotATable { line: usize },
    #[error("{0:?} is mapped twice")]
    Twice(String),
}

impl MappingError {
    /// The stable code; texts are in `locales/` under `problem.<code>`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            MappingError::NotAPair(_) => "column_pair",
            MappingError::NotATable { .. } => "columns_file",
            MappingError::Twice(_) => "column_mapped_twice",
        }
    }

    /// As a command tells it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let problem = Problem::new(0, self.code(), self.to_string());
        match self {
            MappingError::NotAPair(given) => problem.with("given", given),
            MappingError::NotATable { line } => problem.with("line", line),
            MappingError::Twice(field) => problem.with("heading", field),
        }
    }
}

impl ColumnMapping {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads pairs such as `学号=XH`.
    ///
    /// # Errors
    /// For what is no pair, and for a field that is named twice.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = &'a str>) -> Result<ColumnMapping, MappingError> {
        let mut mapping = BTreeMap::new();
        for pair in pairs {
            let (field, heading) = pair.split_once(['=', '＝']).ok_or_else(|| MappingError::NotAPair(pair.chars().take(40).collect()))?;
            let (field, heading) = (field.trim(), heading.trim());
            if field.is_empty() {
                return Err(MappingError::NotAPair(pair.chars().take(40).collect()));
            }
            if mapping.insert(field.to_owned(), heading.to_owned()).is_some() {
                return Err(MappingError::Twice(field.to_owned()));
            }
        }
        Ok(ColumnMapping(mapping))
    }

    /// Reads a TOML table: `学号 = "XH"`, one line a field, field names in quotes where they are Chinese.
    ///
    /// # Errors
    /// For what is no table of texts.
    pub fn from_toml(text: &str) -> Result<ColumnMapping, MappingError> {
        let line = |error: &toml::de::Error| error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        toml::from_str(text).map(ColumnMapping).map_err(|error| MappingError::NotATable { line: line(&error) })
    }

    /// This mapping with what `over` says in place of what it says itself.
    #[must_use]
    pub fn merged(&self, over: &ColumnMapping) -> ColumnMapping {
        ColumnMapping(self.0.iter().chain(&over.0).map(|(field, heading)| (field.clone(), heading.clone())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_tables_say_the_same() {
        let pairs = ColumnMapping::from_pairs(["学号=编号", " phone ＝ 联系 方式 ", "class="]).unwrap();
        let table = ColumnMapping::from_toml("\"学号\" = \"编号\"\nphone = \"联系 方式\"\nclass = \"\"\n").unwrap();
        assert_eq!(pairs, table);
        assert_eq!(pairs.0["phone"], "联系 方式");
    }

    #[test]
    fn what_is_no_mapping_says_why() {
        for (pairs, code) in [(&["学号"][..], "column_pair"), (&["=x"], "column_pair"), (&["a=1", "a=2"], "column_mapped_twice")] {
            assert_eq!(ColumnMapping::from_pairs(pairs.iter().copied()).unwrap_err().code(), code);
        }
        assert_eq!(ColumnMapping::from_toml("a = \"b\"\nc = 1\n").unwrap_err(), MappingError::NotATable { line: 2 });
        assert_eq!(ColumnMapping::from_toml("a = \"b\"\n\na = \"c\"\n").unwrap_err(), MappingError::NotATable { line: 3 });
    }

    #[test]
    fn the_later_word_counts() {
        let [earlier, later] = [["a=1", "b=2"], ["b=3", "c=4"]].map(|pairs| ColumnMapping::from_pairs(pairs).unwrap());
        assert_eq!(earlier.merged(&later), ColumnMapping::from_pairs(["a=1", "b=3", "c=4"]).unwrap());
        assert_eq!(earlier.merged(&ColumnMapping::default()), earlier);
    }
}
