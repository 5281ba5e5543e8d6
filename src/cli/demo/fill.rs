//! Fills a backend with a season through its API, as an import would: season, roster, then photo after photo.
//!
//! Where the season comes from is a matter of data: the specimen cohort, or a folder of the user's own photos.

use std::{
    borrow::Cow,
    fs, io,
    path::{Path, PathBuf},
};

use super::cohort::Cohort;
use crate::{
    api::{problem::Problem, roster::Season, submission::NewSubmission},
    client::Http,
    domain::season::SeasonRules,
    photo::MAX_BYTES,
};

/// A picture to be handed in: at hand, or in a file that is read when its turn comes.
pub enum Picture {
    Here(Cow<'static, [u8]>),
    File(PathBuf),
}

impl Picture {
    fn read(self) -> io::Result<Vec<u8>> {
        match self {
            Picture::Here(bytes) => Ok(bytes.into_owned()),
            Picture::File(path) if fs::metadata(&path)?.len() > MAX_BYTES as u64 => Err(io::ErrorKind::FileTooLarge.into()),
            Picture::File(path) => fs::read(path),
        }
    }
}

/// A photo to be handed in.
pub struct Handed {
    /// The student's number.
    pub student: String,
    pub photo: Picture,
    pub id_card: Option<Picture>,
}

/// A season to fill a backend with.
pub struct Filling {
    pub season: Season,
    /// A roster file as `POST /v1/rosters` takes it.
    pub roster: Vec<u8>,
    pub photos: Vec<Handed>,
}

/// What became of the photos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filled {
    pub handed_in: usize,
    /// Refused at the door: no pictures at all, or not to be read.
    pub turned_away: usize,
}

impl Filling {
    /// The specimen cohort, the units taking turns so that all of them fill while one watches.
    #[must_use]
    pub fn specimens(cohort: Cohort) -> Filling {
        let roster = cohort.roster_csv();
        let units = cohort.units.len().max(1);
        let per_unit = cohort.students.len().div_ceil(units);
        let mut photos: Vec<(usize, Handed)> = cohort
            .students
            .into_iter()
            .enumerate()
            .map(|(index, student)| {
                let turn = (index % per_unit) * units + index / per_unit;
                (
                    turn,
                    Handed {
                        student: student.number,
                        photo: Picture::Here(student.photo.bytes),
                        id_card: student.id_portrait.map(|card| Picture::Here(Cow::Borrowed(card))),
                    },
                )
            })
            .collect();
        photos.sort_by_key(|(turn, _)| *turn);
        Filling { season: cohort.season, roster, photos: photos.into_iter().map(|(_, handed)| handed).collect() }
    }

    /// The pictures of `folder` (and of its folder `id-cards`, by the same stem), each a student of one unit known by a running number:
    /// the files' names stay here.
    ///
    /// # Errors
    /// What the file system says; `NotFound` when there is no picture.
    pub fn own_photos(folder: &Path) -> io::Result<Filling> {
        let files = pictures(folder)?;
        if files.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no .jpg, .jpeg, .png or .webp in the folder"));
        }
        let cards = pictures(&folder.join("id-cards")).unwrap_or_default();
        let mut roster = String::from("student_number,unit_code,unit\r\n");
        let mut photos = Vec::with_capacity(files.len());
        for (index, file) in files.iter().enumerate() {
            let student = format!("9{:06}", index + 1);
            roster.push_str(&format!("{student},own,自备照片\r\n"));
            let card = cards.iter().find(|card| card.file_stem() == file.file_stem());
            photos.push(Handed { student, photo: Picture::File(file.clone()), id_card: card.cloned().map(Picture::File) });
        }
        let season = Season {
            code: "demo-own".into(),
            name: "演示季（自备照片）".into(),
            kind: crate::domain::season::SeasonKind::Roster,
            rules: SeasonRules { reviews_needed_when_doubtful: 1, preview_approval: true, ..SeasonRules::default() },
            closes_at: None,
        };
        Ok(Filling { season, roster: roster.into_bytes(), photos })
    }
}

fn pictures(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let is_picture = |path: &Path| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        ["jpg", "jpeg", "png", "webp"].contains(&ending.as_str())
    };
    let mut files: Vec<_> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_file() && is_picture(path))
        .collect();
    files.sort();
    Ok(files)
}

/// Creates the season, takes the roster, hands in the photos one after another, telling `progress` how many are done.
///
/// # Errors
/// The first problem that is not a photo's own.
pub async fn fill(http: &Http, filling: Filling, mut progress: impl FnMut(usize, usize)) -> Result<Filled, Problem> {
    http.put_season(&filling.season).await?;
    let report = http.roster(&filling.season.code, filling.roster, &Default::default(), false).await?;
    if let Some(error) = report.errors.first() {
        return Err(Problem::new(422, error.code.clone(), "the roster was not taken").with("row", error.row));
    }
    let total = filling.photos.len();
    let mut filled = Filled::default();
    for (done, handed) in filling.photos.into_iter().enumerate() {
        progress(done, total);
        let about = NewSubmission { season: filling.season.code.clone(), student: handed.student };
        let (Ok(photo), Ok(id_card)) = (handed.photo.read(), handed.id_card.map(Picture::read).transpose()) else {
            filled.turned_away += 1;
            continue;
        };
        match http.submit(&about, photo, id_card).await {
            Ok(_) => filled.handed_in += 1,
            Err(problem) if (400..500).contains(&problem.status) && problem.status != 401 => filled.turned_away += 1,
            Err(problem) => return Err(problem),
        }
    }
    progress(total, total);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units_take_turns_and_nobody_is_lost() {
        let cohort = super::super::cohort::season();
        let (students, units) = (cohort.students.len(), cohort.units.len());
        let unit_of: std::collections::HashMap<String, &str> =
            cohort.students.iter().map(|student| (student.number.clone(), student.unit.code)).collect();
        let filling = Filling::specimens(cohort);
        assert_eq!(filling.photos.len(), students);
        let first: std::collections::HashSet<&str> = filling.photos.iter().take(units).map(|handed| unit_of[&handed.student]).collect();
        assert_eq!(first.len(), units);
    }

    #[test]
    fn own_photos_come_without_their_names() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Filling::own_photos(folder.path()).err().unwrap().kind(), io::ErrorKind::NotFound);
        fs::write(folder.path().join("张三.JPG"), b"picture").unwrap();
        fs::write(folder.path().join("notes.txt"), b"text").unwrap();
        fs::create_dir(folder.path().join("id-cards")).unwrap();
        fs::write(folder.path().join("id-cards/张三.png"), b"card").unwrap();
        let filling = Filling::own_photos(folder.path()).unwrap();
        assert_eq!(filling.photos.len(), 1);
        let card = filling.photos.into_iter().next().unwrap().id_card.unwrap();
        assert_eq!(card.read().unwrap(), b"card");
        assert!(!String::from_utf8(filling.roster).unwrap().contains('张'));
    }
}
