//! The demo's season: a roster of invented students with photos and ID portraits, good ones and faults of many kinds.
//!
//! Deterministic: the same season every time, so that a test may know what a truthful machine and person find in it. ID numbers are of
//! region 990000, which was never assigned; phone numbers are of no subscriber. `write_to` touches the folder it is given and nothing else.

use std::{borrow::Cow, fmt::Write as _, fs, io, path::Path};

use super::{
    alteration,
    specimens::{PEOPLE, Sex},
    students::{Row, STUDENTS, Shot, UNITS},
};
use crate::{
    api::roster::Season,
    domain::{
        reason::Reason,
        resident_id::ResidentId,
        season::{SeasonKind, SeasonRules},
    },
};

/// What a truthful machine and person find in a photo. Of several reasons any one will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It meets the standard.
    Nothing,
    /// The machine refuses it.
    Refused(&'static [Reason]),
    /// The machine standardizes it and says that one of these is wrong or nearly so.
    Machine(&'static [Reason]),
    /// Either of the two, depending on how much room the crop has.
    MachineOrRefused(&'static [Reason]),
    /// It takes a person to see it.
    Person(&'static [Reason]),
}

impl Finding {
    /// The reasons of which one at least is true; none for a good photo.
    #[must_use]
    pub fn reasons(self) -> &'static [Reason] {
        match self {
            Finding::Nothing => &[],
            Finding::Refused(reasons) | Finding::Machine(reasons) | Finding::MachineOrRefused(reasons) | Finding::Person(reasons) => {
                reasons
            }
        }
    }
}

/// Whose portrait the student sent as their ID card's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    Own,
    /// The specimen person with this number: somebody else.
    Other(usize),
    None,
}

/// A school unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    pub code: &'static str,
    pub name: &'static str,
}

/// A photo as it was sent.
pub struct Photo {
    pub bytes: Cow<'static, [u8]>,
    /// How its file name ends, without the dot.
    pub extension: &'static str,
}

/// An invented student. There is no `Debug`: what reads like a person is not printed by accident, here as elsewhere.
pub struct Student {
    pub unit: Unit,
    /// 13 digits: intake, unit, running number.
    pub number: String,
    pub name: &'static str,
    pub sex: Sex,
    pub id_number: ResidentId,
    pub phone: String,
    pub photo: Photo,
    /// A portrait as an ID card shows it, JPEG.
    pub id_portrait: Option<&'static [u8]>,
    pub card: Card,
    pub finding: Finding,
}

/// A season's worth of students.
pub struct Cohort {
    pub season: Season,
    pub units: Vec<Unit>,
    /// Unit by unit.
    pub students: Vec<Student>,
}

/// The demo's season.
///
/// # Panics
/// Never: every specimen is a picture, and every made-up date is in the calendar; the tests make all of them.
#[must_use]
pub fn season() -> Cohort {
    let season = Season {
        code: "demo".into(),
        name: "演示季（样本人像）".into(),
        kind: SeasonKind::Roster,
        // One reviewer sits at a demo: nobody else could give the second opinion that doubt asks for elsewhere.
        rules: SeasonRules { cohort: "specimen".into(), reviews_needed_when_doubtful: 1, preview_approval: true, ..SeasonRules::default() },
        closes_at: None,
    };
    let units: Vec<Unit> = UNITS.iter().map(|&(code, name)| Unit { code, name }).collect();
    let students = STUDENTS.iter().enumerate().map(|(index, row)| student(index, row, units[row.unit])).collect();
    Cohort { season, units, students }
}

fn student(index: usize, row: &Row, unit: Unit) -> Student {
    let specimen = &PEOPLE[row.person];
    Student {
        unit,
        number: format!("237{}{:07}", unit.code, 1 + index),
        name: row.name,
        sex: specimen.sex,
        id_number: id_number(index, specimen.sex),
        phone: format!("1380000{:04}", 1 + index),
        photo: photo(index, row),
        id_portrait: match row.card {
            Card::Own => Some(specimen.portrait),
            Card::Other(person) => Some(PEOPLE[person].portrait),
            Card::None => None,
        },
        card: row.card,
        finding: row.finding,
    }
}

/// A number with a birth date of somebody between about 20 and 45 years old. Its check character is the one that the reader of numbers accepts.
fn id_number(index: usize, sex: Sex) -> ResidentId {
    let (year, month, day) = (1981 + index * 7 % 24, 1 + index * 5 % 12, 1 + index * 11 % 28);
    let sequence = 2 * (index + 1) + usize::from(sex == Sex::Male);
    let stem = format!("990000{year:04}{month:02}{day:02}{sequence:03}");
    "0123456789X"
        .chars()
        .find_map(|check| ResidentId::parse(&format!("{stem}{check}")).ok())
        .expect("a date in the calendar has one check character")
}

fn photo(index: usize, row: &Row) -> Photo {
    match &row.shot {
        Shot::Good => Photo { bytes: Cow::Borrowed(PEOPLE[row.person].photo), extension: "jpg" },
        Shot::Fault(fault) => Photo { bytes: Cow::Borrowed(fault.photo()), extension: "jpg" },
        Shot::Altered(steps, storage) => {
            let bytes = alteration::alter(PEOPLE[row.person].photo, steps, *storage, index as u64).expect("a specimen is a picture");
            Photo { bytes: Cow::Owned(bytes), extension: if *storage == alteration::Storage::Png { "png" } else { "jpg" } }
        }
        Shot::NoPicture => Photo { bytes: Cow::Borrowed("毕业证书照片见附件\r\n".as_bytes()), extension: "jpg" },
    }
}

impl Cohort {
    /// The roster as a registrar would send it: comma-separated, as a spreadsheet saves it in UTF-8.
    #[must_use]
    pub fn roster_csv(&self) -> Vec<u8> {
        let mut text = String::from("\u{feff}学号,姓名,性别,身份证号,联系电话,单位代码,办学单位,层次\r\n");
        for (index, student) in self.students.iter().enumerate() {
            let sex = if student.sex == Sex::Male { "男" } else { "女" };
            let level = if index % 3 == 0 { "专升本" } else { "高起专" };
            let Student { number, name, phone, unit, .. } = student;
            let id_number = student.id_number.reveal();
            write!(text, "{number},{name},{sex},{id_number},{phone},{},{},{level}\r\n", unit.code, unit.name)
                .expect("a string takes any text");
        }
        text.into_bytes()
    }

    /// Writes `roster.csv`, `photos/` and `id-cards/` (files named by student number) for an import by hand.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write_to(&self, folder: &Path) -> io::Result<()> {
        let (photos, id_cards) = (folder.join("photos"), folder.join("id-cards"));
        fs::create_dir_all(&photos)?;
        fs::create_dir_all(&id_cards)?;
        fs::write(folder.join("roster.csv"), self.roster_csv())?;
        for student in &self.students {
            fs::write(photos.join(format!("{}.{}", student.number, student.photo.extension)), &student.photo.bytes)?;
            if let Some(portrait) = student.id_portrait {
                fs::write(id_cards.join(format!("{}.jpg", student.number)), portrait)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::cli::demo::specimens::Fault;

    #[test]
    fn a_season_is_large_enough_and_everybody_is_somebody() {
        let cohort = season();
        assert_eq!(cohort.students.len(), 48);
        for unit in &cohort.units {
            assert_eq!(cohort.students.iter().filter(|student| student.unit == *unit).count(), 16, "{}", unit.name);
        }
        let distinct = |field: &dyn Fn(&Student) -> String| cohort.students.iter().map(field).collect::<HashSet<_>>().len();
        assert_eq!(distinct(&|student| student.number.clone()), 48);
        assert_eq!(distinct(&|student| student.name.to_owned()), 48);
        assert_eq!(distinct(&|student| student.phone.clone()), 48);
        assert_eq!(distinct(&|student| student.id_number.reveal().to_owned()), 48);
        for student in &cohort.students {
            let number = student.id_number.reveal();
            assert!(number.starts_with("990000"));
            assert_eq!(number.as_bytes()[16] % 2 == 1, student.sex == Sex::Male, "an odd sequence is a man's");
            assert_eq!((student.number.len(), student.phone.len()), (13, 11));
        }
    }

    #[test]
    fn no_face_stands_for_two_students_of_one_unit() {
        let faces: HashSet<_> = STUDENTS.iter().map(|row| (row.unit, row.person)).collect();
        assert_eq!(faces.len(), STUDENTS.len());
    }

    #[test]
    fn every_fault_is_there_and_belongs_to_the_person_it_shows() {
        let shown: Vec<(Fault, usize)> = STUDENTS
            .iter()
            .filter_map(|row| match row.shot {
                Shot::Fault(fault) => Some((fault, row.person)),
                _ => None,
            })
            .collect();
        for (index, fault) in Fault::ALL.iter().enumerate() {
            let person = shown.iter().find(|(known, _)| known == fault).expect("every fault has a student").1;
            match fault {
                Fault::TwoPeople => assert!([3, 9].contains(&person)),
                Fault::Nobody => {}
                _ => assert_eq!(person, index % 32, "{fault:?}"),
            }
        }
        assert_eq!(shown.len(), Fault::ALL.len());
    }

    #[test]
    fn a_reason_is_found_by_whom_the_standard_says() {
        use crate::domain::reason::Finder;
        for row in STUDENTS {
            let by_person = matches!(row.finding, Finding::Person(_));
            let wrong = if by_person { Finder::Machine } else { Finder::Human };
            assert!(row.finding.reasons().iter().all(|reason| reason.finder() != wrong), "{:?}", row.finding);
        }
    }

    #[test]
    fn photos_are_pictures_except_the_one_that_is_none_and_come_out_the_same_each_time() {
        let (cohort, again) = (season(), season());
        for (student, twin) in cohort.students.iter().zip(&again.students) {
            assert_eq!(student.photo.bytes, twin.photo.bytes);
            let unreadable = student.finding == Finding::Refused(&[Reason::Unreadable]);
            assert_eq!(image::load_from_memory(&student.photo.bytes).is_err(), unreadable, "{}", student.number);
        }
        assert_eq!(cohort.students.iter().filter(|student| student.id_portrait.is_none()).count(), 1);
        assert_eq!(cohort.students.iter().filter(|student| matches!(student.card, Card::Other(_))).count(), 1);
    }

    #[test]
    fn the_files_for_an_import_are_named_by_student_number() {
        let folder = tempfile::tempdir().unwrap();
        let cohort = season();
        cohort.write_to(folder.path()).unwrap();
        let roster = fs::read_to_string(folder.path().join("roster.csv")).unwrap();
        let rows: Vec<Vec<&str>> = roster.trim_start_matches('\u{feff}').lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(rows.len(), 49);
        assert!(rows.iter().all(|row| row.len() == 8), "no cell needs quotes");
        let count = |name: &str| fs::read_dir(folder.path().join(name)).unwrap().count();
        assert_eq!((count("photos"), count("id-cards")), (48, 47));
        for (row, student) in rows[1..].iter().zip(&cohort.students) {
            assert!(ResidentId::parse(row[3]).is_ok());
            let photo = folder.path().join("photos").join(format!("{}.{}", row[0], student.photo.extension));
            assert_eq!(fs::read(photo).unwrap(), &*student.photo.bytes);
        }
    }
}
