//! Headings: which column holds what. Knows the codes of CHSI's tables, the words of schools, and English ones.

use super::RosterError;
use super::cell::half_width;
use crate::api::roster::ColumnMatch;

/// What a column may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
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
}

impl Field {
    pub(super) const ALL: [Field; 13] = [
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
    ];

    pub(super) fn code(self) -> &'static str {
        match self {
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
        }
    }

    /// Headings that mean this field, as [`plain`] writes them. Where a file has several of them, the first of this list counts.
    fn headings(self) -> &'static [&'static str] {
        match self {
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
        }
    }
}

/// Where each known field stands in the rows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    /// Field, index of its column from 0, heading as it stands in the file; sorted by column.
    known: Vec<(Field, usize, String)>,
}

impl Columns {
    /// Reads a row as headings.
    ///
    /// # Errors
    /// [`RosterError::ColumnTwice`] where two columns carry the very same heading word for one field.
    pub(super) fn read(cells: &[String]) -> Result<Columns, RosterError> {
        let plain_cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        let mut known = Vec::new();
        for field in Field::ALL {
            for heading in field.headings() {
                let mut found = plain_cells.iter().enumerate().filter(|(_, cell)| cell == heading).map(|(index, _)| index);
                if let Some(index) = found.next() {
                    if found.next().is_some() {
                        return Err(RosterError::ColumnTwice(shown(&cells[index])));
                    }
                    known.push((field, index, shown(&cells[index])));
                    break;
                }
            }
        }
        known.sort_by_key(|(_, index, _)| *index);
        Ok(Columns { known })
    }

    /// How many fields were found.
    pub(super) fn count(&self) -> usize {
        self.known.len()
    }

    /// Where a field stands, and under which heading.
    pub(super) fn find(&self, field: Field) -> Option<(usize, &str)> {
        self.known.iter().find(|(known, _, _)| *known == field).map(|(_, index, heading)| (*index, heading.as_str()))
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (Field, usize)> + '_ {
        self.known.iter().map(|(field, index, _)| (*field, *index))
    }

    /// The index of the column under a heading.
    pub(super) fn place(&self, heading: &str) -> Option<usize> {
        self.known.iter().find(|(_, _, known)| known == heading).map(|(_, index, _)| *index)
    }

    /// The required columns that are not there, as people may write them.
    pub(super) fn missing(&self) -> Option<String> {
        let has = |field| self.find(field).is_some();
        let student = (!has(Field::StudentNumber) && !has(Field::IdNumber)).then_some("学号 XH / 身份证号 SFZH");
        let unit = (!has(Field::UnitName) && !has(Field::UnitCode)).then_some("办学单位 FY");
        let missing: Vec<&str> = student.into_iter().chain(unit).collect();
        (!missing.is_empty()).then(|| missing.join("; "))
    }

    pub(super) fn matches(&self) -> Vec<ColumnMatch> {
        self.known.iter().map(|(field, _, heading)| ColumnMatch { heading: heading.clone(), field: field.code().to_owned() }).collect()
    }
}

/// A heading without what does not matter: width, case, spaces, signs, and remarks in brackets.
fn plain(heading: &str) -> String {
    let half = half_width(heading);
    let before_remark = half.split(['(', '[', '【']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    before_remark.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
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
        Columns::read(&headings.iter().map(|heading| (*heading).to_owned()).collect::<Vec<_>>())
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
            assert_eq!(columns.missing(), None);
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
        let missing = columns.missing().unwrap();
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
}
