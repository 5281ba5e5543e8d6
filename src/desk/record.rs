//! The record: every message of a session as a line of JSON, only when asked for, mode 0600.
//!
//! People are replaced: numbers and names by a count, pictures by their hash, what is typed into a field by as many letters that say nothing.
//! What is left replays to frames one can look at.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::Path,
};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{
    api::submission::{MaskedStudent, SubmissionSummary},
    desk::{
        entry::Purpose,
        keymap::{Code, Key},
        message::{Event, Message},
        model::{Away, Start},
        picture::policy::{Facts, Graphics},
        theme::Theme,
    },
    language::Language,
};

#[derive(Serialize, Deserialize)]
struct Header {
    zhaoshen: String,
    language: Language,
    size: (u16, u16),
    facts: Facts,
    graphics: Graphics,
    season: Option<String>,
    unit: Option<String>,
    #[serde(default)]
    away: Option<Away>,
}

/// Writes a record.
#[derive(Debug)]
pub struct Recorder {
    file: File,
    scrubber: Scrubber,
}

impl Recorder {
    /// Begins a record; an older file of the name is not overwritten.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn create(path: &Path, start: &Start) -> io::Result<Recorder> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        let header = Header {
            zhaoshen: env!("CARGO_PKG_VERSION").to_owned(),
            language: start.language,
            size: start.size,
            facts: start.facts.clone(),
            graphics: start.graphics,
            season: start.season.clone(),
            unit: start.unit.clone(),
            away: start.away,
        };
        line(&mut file, &header)?;
        Ok(Recorder { file, scrubber: Scrubber::default() })
    }

    /// Writes a message down that comes while a field of this purpose is open, or none.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, message: &Message, field: Option<Purpose>) -> io::Result<()> {
        let mut message = message.clone();
        self.scrubber.scrub(&mut message, field);
        line(&mut self.file, &message)
    }
}

fn line(file: &mut File, value: &impl Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(value)?;
    bytes.push(b'\n');
    file.write_all(&bytes)
}

/// Reads a record: what the desk started with, and its messages.
///
/// # Errors
/// When the file cannot be read or is no record.
pub fn read(path: &Path) -> io::Result<(Start, Vec<Message>)> {
    let mut lines = BufReader::new(File::open(path)?).lines();
    let header: Header = serde_json::from_str(&lines.next().transpose()?.unwrap_or_default())?;
    let messages = lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect::<io::Result<Vec<Message>>>()?;
    let start = Start {
        language: header.language,
        theme: Theme::dark(header.facts.depth),
        user: "reviewer".to_owned(),
        size: header.size,
        facts: header.facts,
        graphics: header.graphics,
        zone: TimeZone::UTC,
        season: header.season,
        unit: header.unit,
        views: Some(vec![]),
        away: header.away,
    };
    Ok((start, messages))
}

/// Replaces people, the same person always by the same count.
#[derive(Debug, Default)]
pub struct Scrubber {
    students: HashMap<String, usize>,
}

impl Scrubber {
    /// Replaces everybody in a message, and whatever is typed into a field of this purpose.
    pub fn scrub(&mut self, message: &mut Message, field: Option<Purpose>) {
        match &mut message.event {
            Event::Key(Key { code: Code::Char(c), ctrl: false, .. }) => *c = field.map_or(*c, |purpose| purpose.recorded(*c)),
            Event::Paste(text) => {
                let purpose = field.unwrap_or(Purpose::Secret);
                *text = text.chars().map(|c| purpose.recorded(c)).collect();
            }
            Event::Page { page: Ok(page), .. } => page.items.iter_mut().for_each(|row| self.row(row)),
            Event::Detail { detail: Ok(detail), .. } | Event::Stands { detail: Ok(detail), .. } => self.row(&mut detail.summary),
            Event::Claimed(Ok(claim)) => claim.items.iter_mut().for_each(|row| self.row(row)),
            _ => {}
        }
    }

    fn row(&mut self, row: &mut SubmissionSummary) {
        let next = self.students.len() + 1;
        let number = *self.students.entry(std::mem::take(&mut row.student.student_number)).or_insert(next);
        row.student = MaskedStudent {
            student_number: format!("S{number:06}"),
            name: row.student.name.as_ref().map(|_| format!("学*{number}")),
            id_number: row.student.id_number.as_ref().map(|_| "9900**********0000".to_owned()),
            phone: None,
        };
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;

    use super::*;
    use crate::desk::{
        fixtures::{self, Bench, text_of},
        message::Moment,
        model::Model,
        update::update,
    };

    /// Every frame whole: symbols, colours, attributes.
    fn frames(start: Start, messages: Vec<Message>) -> Vec<Buffer> {
        let mut model = Model::new(start);
        let frame = |message| {
            update(&mut model, message);
            fixtures::draw(&model).0
        };
        messages.into_iter().map(frame).collect()
    }

    /// A day at the desk: lists, pictures, decisions of both kinds, a refusal, an undoing, another size, and every panel.
    fn day(language: Language, size: (u16, u16)) -> Bench {
        let mut bench = Bench::reviewing(language, size, 30);
        bench.slowly("avx0612");
        bench.key(Code::Enter);
        bench.settle();
        bench.refusing = true;
        bench.slowly("a");
        bench.refusing = false;
        bench.slowly("c");
        bench.key(Code::Escape);
        bench.slowly("u2npg");
        bench.happen(Event::Resized { width: size.0 - 3, height: size.1 - 1 });
        bench.settle();
        bench.happen(Event::Resized { width: size.0, height: size.1 });
        bench.settle();
        bench.key(Code::Escape);
        bench.slowly("jj");
        bench.key(Code::Tab);
        bench.settle();
        bench.slowly("?");
        bench
    }

    #[test]
    fn a_record_replays_to_the_same_frames_and_names_nobody() {
        let folder = tempfile::tempdir().unwrap();
        for language in Language::ALL {
            for size in [(40, 12), (80, 24), (120, 36), (200, 60)] {
                let bench = day(language, size);
                let path = folder.path().join(format!("{}_{}", language.tag(), size.0));
                let mut recorder = Recorder::create(&path, &fixtures::start(language, size)).unwrap();
                let mut scrubber = Scrubber::default();
                let mut live = bench.messages.clone();
                for message in &mut live {
                    recorder.write(message, None).unwrap();
                    scrubber.scrub(message, None);
                }
                let written = std::fs::read_to_string(&path).unwrap();
                assert!(!written.contains("2027000000") && !written.contains("欧阳"));

                let (mut start, messages) = read(&path).unwrap();
                start.user = "lin".into();
                assert_eq!(messages.len(), live.len());
                let (replayed, seen) = (frames(start, messages), frames(fixtures::start(language, size), live));
                for (at, (replayed, seen)) in replayed.iter().zip(&seen).enumerate() {
                    assert_eq!(replayed, seen, "frame {at}, {language:?}, {size:?}");
                }
                // Numbers and names have their own lengths; what has neither is what was on the screen.
                let last = bench.frame().0;
                assert_eq!(text_of(replayed.last().unwrap()), text_of(&last));
                assert!(replayed.iter().zip(&replayed[1..]).any(|(one, next)| one != next));
            }
        }
    }

    #[test]
    fn what_is_typed_into_a_field_is_not_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record");
        let mut recorder = Recorder::create(&path, &fixtures::start(Language::English, (80, 24))).unwrap();
        let mut write = |event, field| recorder.write(&Message { at: Moment::default(), event }, field).unwrap();
        for field in [Purpose::Secret, Purpose::Words] {
            "swordfish 张三".chars().for_each(|c| write(Event::Key(Key::char(c)), Some(field)));
            write(Event::Paste("swordfish 610102199001010017".into()), Some(field));
        }
        write(Event::Paste("swordfish".into()), None);
        write(Event::Key(Key::new(Code::Enter)), Some(Purpose::Secret));
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(!written.contains("swordfish") && !written.contains("6101") && !written.contains('张'), "{written}");
        for c in "swordfish张三".chars() {
            assert!(!written.contains(&format!("\"char\":\"{c}\"")), "{written}");
        }
        let (_, messages) = read(&path).unwrap();
        assert_eq!(messages.len(), 2 * 13 + 2);
        let Event::Paste(pasted) = &messages[12].event else { panic!() };
        assert_eq!(pasted, "xxxxxxxxx 000000000000000000");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it_and_nothing_is_overwritten() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record");
        let start = fixtures::start(Language::Chinese, (80, 24));
        Recorder::create(&path, &start).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(Recorder::create(&path, &start).is_err());
    }
}
