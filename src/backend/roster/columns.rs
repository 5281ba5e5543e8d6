//! Headings: which column holds what. Knows the codes of CHSI's tables, the words of schools, and English ones; whoever calls a column
//! something else says so by a mapping, which is asked before the headings.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::RosterError;
use super::cell::half_width;
use crate::api::columns::ColumnMapping;
use crate::api::roster::{ColumnMatch, MatchedBy};
use crate::domain::season::SeasonKind;

/// What a column may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    /// What a capture code calls a student.
    StudentKey,
    StudentNumber,
    CandidateNumber,
    Name,
    IdNumber,
    Phone,
    UnitCode,
    UnitName,
    Major,
    Level,
    Intake,
    Class,
    Sex,
    BirthDate,
    /// Whether the student takes part at all.
    Standing,
}

impl Field {
    pub(super) const ALL: [Field; 15] = [
        Field::StudentKey,
        Field::StudentNumber,
        Field::CandidateNumber,
        Field::Name,
        Field::IdNumber,
        Field::Phone,
        Field::UnitCode,
        Field::UnitName,
        Field::Major,
        Field::Level,
        Field::Intake,
        Field::Class,
        Field::Sex,
        Field::BirthDate,
        Field::Standing,
    ];

    pub(super) fn code(self) -> &'static str {
        match self {
            Field::StudentKey => "student_key",
            Field::StudentNumber => "student_number",
            Field::CandidateNumber => "candidate_number",
            Field::Name => "name",
            Field::IdNumber => "id_number",
            Field::Phone => "phone",
            Field::UnitCode => "unit_code",
            Field::UnitName => "unit",
            Field::Major => "major",
            Field::Level => "level",
            Field::Intake => "intake",
            Field::Class => "class",
            Field::Sex => "sex",
            Field::BirthDate => "birth_date",
            Field::Standing => "standing",
        }
    }

    /// The field that a person calls so: by its code, a word of schools or a code of CHSI's.
    fn of_word(word: &str) -> Option<Field> {
        let word = plain(word);
        Field::ALL.into_iter().find(|field| field.headings().contains(&word.as_str()))
    }

    /// Headings that mean this field, as [`plain`] writes them. Where a file has several of them, the first of this list counts.
    fn headings(self) -> &'static [&'static str] {
        match self {
            Field::StudentKey => {
                &["studentkey", "学生标识", "学生标识码", "学生识别码", "采集码", "图像采集码", "采集标识", "采集编号", "capturecode"]
            }
            Field::StudentNumber => &["xh", "学号", "学生号", "学籍号", "studentnumber", "studentno", "studentid"],
            Field::CandidateNumber => &["ksh", "考生号", "考号", "准考证号", "candidatenumber"],
            Field::Name => &["xm", "姓名", "学生姓名", "name", "fullname"],
            Field::IdNumber => &[
                "sfzh",
                "sfzhm",
                "zjhm",
                "身份证号",
                "身份证号码",
                "身份证",
                "证件号码",
                "证件号",
                "居民身份证号",
                "居民身份证号码",
                "公民身份号码",
                "idnumber",
                "idno",
            ],
            Field::Phone => {
                &["sj", "sjh", "sjhm", "手机", "手机号", "手机号码", "移动电话", "联系电话", "联系方式", "lxdh", "电话", "phone", "mobile"]
            }
            Field::UnitCode => &["fydm", "单位代码", "分院代码", "办学单位代码", "学习中心代码", "教学点代码", "站点代码", "unitcode"],
            Field::UnitName => &[
                "fy",
                "分院",
                "办学单位",
                "办学单位名称",
                "学习中心",
                "学习中心名称",
                "单位",
                "单位名称",
                "分院名称",
                "教学点",
                "教学点名称",
                "函授站",
                "分校",
                "unit",
                "unitname",
            ],
            Field::Major => &["zymc", "专业", "专业名称", "major"],
            Field::Level => &["cc", "层次", "培养层次", "学历层次", "专业层次", "level"],
            Field::Intake => &["rxrq", "入学日期", "入学时间", "入学年月", "入学季", "年级", "批次", "intake"],
            Field::Class => &["bh", "班号", "班级", "班级名称", "班级号", "class"],
            Field::Sex => &["xb", "性别", "sex", "gender"],
            Field::BirthDate => &["csrq", "出生日期", "出生年月日", "birthdate", "dateofbirth"],
            // Not 学籍状态: its words are many, and most have nothing to do with a season. A mapping may name it.
            Field::Standing => &["standing", "参加状态", "采集状态", "采集资格"],
        }
    }
}

/// A mapping whose fields are understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mapped(BTreeMap<Field, String>);

impl Mapped {
    /// Understands the names of a mapping's fields.
    ///
    /// # Errors
    /// For a name that means no field, two names that mean one, and one heading for two fields.
    pub(super) fn of(mapping: &ColumnMapping) -> Result<Mapped, RosterError> {
        let mut mapped = BTreeMap::new();
        let mut headings: Vec<String> = Vec::new();
        for (word, heading) in &mapping.0 {
            let field = Field::of_word(word).ok_or_else(|| RosterError::FieldUnknown(shown(word)))?;
            let known = plain(heading);
            if mapped.insert(field, heading.clone()).is_some() || (!known.is_empty() && headings.contains(&known)) {
                return Err(RosterError::MappedTwice(shown(if heading.is_empty() { word } else { heading })));
            }
            headings.push(known);
        }
        Ok(Mapped(mapped))
    }

    /// The mapping by the fields' codes: what is remembered.
    pub(super) fn canonical(&self) -> ColumnMapping {
        ColumnMapping(self.0.iter().map(|(field, heading)| (field.code().to_owned(), heading.clone())).collect())
    }

    /// This mapping, with what `over` says about a field or a heading in place of what it says itself.
    pub(super) fn merged(&self, over: &Mapped) -> Mapped {
        let taken: Vec<String> = over.0.values().map(|heading| plain(heading)).filter(|heading| !heading.is_empty()).collect();
        let kept = self.0.iter().filter(|(_, heading)| !taken.contains(&plain(heading)));
        Mapped(kept.chain(&over.0).map(|(field, heading)| (*field, heading.clone())).collect())
    }
}

/// What a set of headings is remembered by: their order, width, case and remarks do not matter.
pub(super) fn heading_set(cells: &[String]) -> String {
    let mut headings: Vec<String> = cells.iter().map(|cell| plain(cell)).filter(|heading| !heading.is_empty()).collect();
    headings.sort_unstable();
    headings.dedup();
    Sha256::digest(headings.join("\n").as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where each known field stands in the rows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    /// Sorted by column.
    known: Vec<Known>,
    /// Headings of the mapping that are not in the row.
    absent: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    field: Field,
    /// From 0.
    index: usize,
    /// As it stands in the file.
    heading: String,
    by: MatchedBy,
}

impl Columns {
    /// Reads a row as headings: what `given` says counts before what `remembered` says, and that before the headings' own words.
    ///
    /// # Errors
    /// [`RosterError::ColumnTwice`] where two columns carry the very same heading word for one field.
    pub(super) fn read(cells: &[String], given: &Mapped, remembered: &Mapped) -> Result<Columns, RosterError> {
        let plain_cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        let mapped = remembered.merged(given);
        let (mut known, mut absent): (Vec<Known>, Vec<String>) = (Vec::new(), Vec::new());
        let only = |heading: &str| {
            let mut found = plain_cells.iter().enumerate().filter(|(_, cell)| *cell == heading).map(|(index, _)| index);
            let first = found.next();
            match (first, found.next()) {
                (Some(first), Some(_)) => Err(RosterError::ColumnTwice(shown(&cells[first]))),
                _ => Ok(first),
            }
        };
        for (field, heading) in mapped.0.iter().filter(|(_, heading)| !heading.is_empty()) {
            let by = if given.0.contains_key(field) { MatchedBy::Given } else { MatchedBy::Remembered };
            match only(&plain(heading))? {
                Some(index) => known.push(Known { field: *field, index, heading: shown(&cells[index]), by }),
                None => absent.push(shown(heading)),
            }
        }
        let spoken_for: Vec<usize> = known.iter().map(|known| known.index).collect();
        for field in Field::ALL.into_iter().filter(|field| !mapped.0.contains_key(field)) {
            for heading in field.headings().iter().filter(|heading| !heading.is_empty()) {
                match only(heading)? {
                    Some(index) if !spoken_for.contains(&index) => {
                        known.push(Known { field, index, heading: shown(&cells[index]), by: MatchedBy::Heading });
                        break;
                    }
                    _ => {}
                }
            }
        }
        known.sort_by_key(|known| known.index);
        Ok(Columns { known, absent })
    }

    /// How many fields were found.
    pub(super) fn count(&self) -> usize {
        self.known.len()
    }

    /// Where a field stands, and under which heading.
    pub(super) fn find(&self, field: Field) -> Option<(usize, &str)> {
        self.known.iter().find(|known| known.field == field).map(|known| (known.index, known.heading.as_str()))
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (Field, usize)> + '_ {
        self.known.iter().map(|known| (known.field, known.index))
    }

    /// The index of the column under a heading.
    pub(super) fn place(&self, heading: &str) -> Option<usize> {
        self.known.iter().find(|known| known.heading == heading).map(|known| known.index)
    }

    /// Headings that the mapping names and the row lacks, for people.
    pub(super) fn absent(&self) -> Option<String> {
        (!self.absent.is_empty()).then(|| self.absent.join("; "))
    }

    /// The required columns that are not there, as people may write them.
    pub(super) fn missing(&self, kind: SeasonKind) -> Option<String> {
        let has = |field| self.find(field).is_some();
        let student = match kind {
            SeasonKind::Roster => (!has(Field::StudentNumber) && !has(Field::IdNumber)).then_some("学号 XH / 身份证号 SFZH"),
            SeasonKind::CaptureCode => (!has(Field::StudentKey)).then_some("学生标识 / 图像采集码"),
        };
        let unit = (!has(Field::UnitName) && !has(Field::UnitCode)).then_some("办学单位 FY");
        let missing: Vec<&str> = student.into_iter().chain(unit).collect();
        (!missing.is_empty()).then(|| missing.join("; "))
    }

    pub(super) fn matches(&self) -> Vec<ColumnMatch> {
        let of = |known: &Known| ColumnMatch { heading: known.heading.clone(), field: known.field.code().to_owned(), by: known.by };
        self.known.iter().map(of).collect()
    }
}

/// A heading without what does not matter: width, case, spaces, signs, and remarks in brackets.
fn plain(heading: &str) -> String {
    let half = half_width(heading);
    let before_remark = half.split(['(', '[', '【']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let word: String = before_remark.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    // A heading of signs alone is what it is.
    if word.is_empty() { half.trim().to_owned() } else { word }
}

/// A heading for people: on one line, without anything that a terminal could run.
fn shown(heading: &str) -> String {
    heading
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(40)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headings: &[&str]) -> Result<Columns, RosterError> {
        read_with(headings, &[], &[])
    }

    fn read_with(headings: &[&str], given: &[&str], remembered: &[&str]) -> Result<Columns, RosterError> {
        let mapped = |pairs: &[&str]| Mapped::of(&ColumnMapping::from_pairs(pairs.iter().copied()).unwrap());
        let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
        Columns::read(&headings, &mapped(given)?, &mapped(remembered)?)
    }

    #[test]
    fn codes_words_and_english_are_understood_in_any_dress() {
        for headings in [
            ["XH", "XM", "SFZH", "FY", "SJ"],
            ["学号", "姓 名", "身份证号（必填）", "办学单位*", "联系电话："],
            ["ｘｈ", "\u{3000}姓名", "证件\n号码", "学习中心", "手机"],
            ["Student_Number", "NAME", "id number", "Unit", "Phone"],
        ] {
            let columns = read(&headings).unwrap();
            for (index, field) in
                [Field::StudentNumber, Field::Name, Field::IdNumber, Field::UnitName, Field::Phone].into_iter().enumerate()
            {
                assert_eq!(columns.find(field).map(|(index, _)| index), Some(index), "{headings:?} {field:?}");
            }
            assert_eq!(columns.missing(SeasonKind::Roster), None);
        }
    }

    #[test]
    fn of_two_words_for_one_field_the_closer_one_counts_and_the_same_word_twice_is_refused() {
        let columns = read(&["学号", "联系电话", "手机", "学习中心", "分院"]).unwrap();
        assert_eq!((columns.find(Field::Phone).unwrap().0, columns.find(Field::UnitName).unwrap().0), (2, 4));
        assert_eq!(read(&["学号", "分院", "学 号"]).unwrap_err(), RosterError::ColumnTwice("学号".into()));
    }

    #[test]
    fn what_is_missing_is_named_and_unknown_columns_are_left_alone() {
        let columns = read(&["姓名", "备注", "学制"]).unwrap();
        let missing = columns.missing(SeasonKind::Roster).unwrap();
        assert!(missing.contains("学号") && missing.contains("身份证号") && missing.contains("办学单位"));
        assert_eq!(columns.count(), 1);
    }

    #[test]
    fn no_heading_means_two_fields() {
        let mut all: Vec<&str> = Field::ALL.iter().flat_map(|field| field.headings()).copied().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(all.iter().all(|heading| plain(heading) == **heading), "a heading in the list could never match");
    }

    #[test]
    fn a_mapping_counts_before_headings_and_what_is_said_now_before_what_is_remembered() {
        let headings = ["编号", "学号", "联系", "手机", "站", "分院"];
        let columns =
            read_with(&headings, &["XH=编号", "手机=", "unit=站（名称）"], &["phone=联系", "student_number=学号", "class=分院"]).unwrap();
        let told: Vec<(String, String, MatchedBy)> =
            columns.matches().into_iter().map(|column| (column.heading, column.field, column.by)).collect();
        let expected =
            [("编号", "student_number", MatchedBy::Given), ("站", "unit", MatchedBy::Given), ("分院", "class", MatchedBy::Remembered)];
        assert_eq!(told, expected.map(|(heading, field, by)| (heading.to_owned(), field.to_owned(), by)));
    }

    #[test]
    fn a_mapped_heading_that_is_not_there_is_named_and_nonsense_is_refused() {
        assert_eq!(read_with(&["学号", "分院"], &["phone=电话号"], &[]).unwrap().absent().as_deref(), Some("电话号"));
        for (pairs, code) in [
            (&["shoe_size=鞋码"][..], "column_field_unknown"),
            (&["学号=a", "XH=b"], "column_mapped_twice"),
            (&["学号=a", "phone=A"], "column_mapped_twice"),
        ] {
            assert_eq!(read_with(&["学号"], pairs, &[]).unwrap_err().code(), code);
        }
        assert!(read_with(&["学号", "站"], &["phone=", "class="], &[]).is_ok(), "several fields may have no column");
    }

    #[test]
    fn every_field_is_found_by_its_code() {
        assert!(Field::ALL.iter().all(|field| Field::of_word(field.code()) == Some(*field)));
    }

    #[test]
    fn a_set_of_headings_is_known_again_in_any_order_and_dress() {
        let set = |headings: &[&str]| heading_set(&headings.iter().map(|heading| (*heading).to_owned()).collect::<Vec<_>>());
        assert_eq!(set(&["学号", "XM", ""]), set(&["ｘｍ", "学 号（必填）"]));
        assert_ne!(set(&["学号", "姓名"]), set(&["学号"]));
    }
}
