//! `report.html`: a contact sheet of a run, for people who were not there. One page without a script, beside it a folder of small pictures
//! of the sources; the finished photos are shown from where they lie. The page is written row by row, whatever the number of photos.
//!
//! Names of files are foreign text and may tell who somebody is: everything is escaped, and page and pictures are their owner's alone.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::pages::{FOLDER, GENERATOR, Pages, Previews, preview_name};
use super::record::{Record, Status};
use super::summary::Summary;
use crate::cli::pictures::{self, Problem, Readers};
use crate::cli::remote::visible;
use crate::cli::{Context, check};
use crate::domain::check::{Check, Verdict};
use crate::photo::Standard;

const STYLE: &str = include_str!("report.css");

/// Writes the page, and clears away what belonged to an earlier one; `stopped` tells of a run that ended early, whose rest may still need that.
///
/// # Errors
/// A folder that cannot be written.
pub fn write(
    previews: &Previews,
    pages: &Pages,
    standard: &Standard,
    summary: &Summary,
    stopped: Option<&str>,
    records: impl Iterator<Item = Record>,
    context: &Context,
) -> Result<(), Problem> {
    let mut shown = HashSet::new();
    pictures::write_with(pages.page(), Readers::OwnerAlone, |file| {
        let mut page = Page { out: BufWriter::new(file), context };
        page.head(standard, summary, stopped)?;
        for record in records {
            let has_preview = !record.input_sha256.is_empty() && previews.path(&record.input_sha256).exists();
            let preview = has_preview.then(|| preview_name(&record.input_sha256));
            page.card(&record, preview.as_ref().map(|name| format!("{FOLDER}/{name}")).as_deref())?;
            shown.extend(preview);
        }
        page.out.write_all(b"</main>\n</body>\n</html>\n")?;
        page.out.flush()
    })?;
    pages.remove_others().map_err(Problem::Write)?;
    if stopped.is_none() { pages.clear(&shown).map_err(Problem::Write) } else { Ok(()) }
}

/// The classes by which the page is filtered.
const FILTERS: [&str; 5] = ["all", "clean", "with_findings", "refused", "errors"];

struct Page<'a> {
    out: BufWriter<&'a mut File>,
    context: &'a Context,
}

impl Page<'_> {
    fn word(&self, name: &str) -> String {
        escape(&self.context.text(&format!("batch.report.{name}"), &[]))
    }

    fn head(&mut self, standard: &Standard, summary: &Summary, stopped: Option<&str>) -> io::Result<()> {
        let title = self.word("title");
        let language = self.context.language.tag();
        // No script, nothing from elsewhere: only the pictures beside the page.
        let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file:; base-uri 'none'; form-action 'none'";
        write!(
            self.out,
            "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n{GENERATOR}\n<meta http-equiv=\"Content-Security-Policy\" \
             content=\"{policy}\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
             </head>\n<body>\n<header>\n<h1>{title}</h1>\n<p>{} {} · {} {}</p>\n",
            self.word("standard"),
            escape(&standard.name),
            self.word("engine"),
            env!("CARGO_PKG_VERSION"),
        )?;
        if let Some(stopped) = stopped {
            writeln!(self.out, "<p class=\"unfinished\">{}</p>", escape(stopped))?;
        }
        self.out.write_all(b"</header>\n")?;
        for (index, filter) in FILTERS.iter().enumerate() {
            let checked = if index == 0 { " checked" } else { "" };
            writeln!(self.out, "<input type=\"radio\" name=\"show\" id=\"show-{filter}\"{checked}>")?;
        }
        writeln!(self.out, "<nav aria-label=\"{}\">", self.word("show"))?;
        let counts = [summary.files(), summary.clean, summary.with_findings, summary.refused, summary.errors];
        for (filter, count) in FILTERS.iter().zip(counts) {
            writeln!(self.out, "<label for=\"show-{filter}\" class=\"{filter}\">{} <b>{count}</b></label>", self.word(filter))?;
        }
        self.out.write_all(b"</nav>\n<main>\n")
    }

    fn card(&mut self, record: &Record, preview: Option<&str>) -> io::Result<()> {
        let class = match record.status {
            Status::Ok if record.has_findings() => "with_findings",
            Status::Ok => "clean",
            Status::Refused => "refused",
            Status::Error => "errors",
        };
        let name = Path::new(&record.input).file_name().map_or_else(|| record.input.clone(), |name| name.to_string_lossy().into_owned());
        write!(self.out, "<article class=\"{class}\">\n<div class=\"pair\">")?;
        let result = (record.status == Status::Ok).then(|| in_address(&record.name));
        self.figure("source", preview)?;
        self.figure("result", result.as_deref())?;
        writeln!(
            self.out,
            "</div>\n<h2 title=\"{}\">{}</h2>\n<p class=\"status\">{}</p>",
            escape(&record.input),
            escape(&name),
            self.word(class)
        )?;
        let reasons = record.reason_texts(self.context).into_iter().chain(record.problem_text(self.context));
        for reason in reasons {
            writeln!(self.out, "<p class=\"reason\">{}</p>", escape(&reason))?;
        }
        self.measures(record)?;
        self.findings(record)?;
        self.out.write_all(b"</article>\n")
    }

    fn figure(&mut self, which: &str, address: Option<&str>) -> io::Result<()> {
        let caption = self.word(which);
        match address {
            Some(address) => write!(
                self.out,
                "<figure><a href=\"{address}\"><img src=\"{address}\" alt=\"{caption}\" loading=\"lazy\" decoding=\"async\"></a>\
                 <figcaption>{caption}</figcaption></figure>"
            ),
            None => write!(self.out, "<figure><div class=\"none\">—</div><figcaption>{caption}</figcaption></figure>"),
        }
    }

    /// Where things lie in the finished photo, or would have lain, and how it was cut out of the source.
    fn measures(&mut self, record: &Record) -> io::Result<()> {
        let Some(report) = &record.report else { return Ok(()) };
        let mut tell = |key: &str, numbers: &[(&str, String)]| {
            let numbers: Vec<(&str, &str)> = numbers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            writeln!(self.out, "<p class=\"measures\">{}</p>", escape(&self.context.text(key, &numbers)))
        };
        if let Some(geometry) = report.geometry {
            let pixels = |value: f64| format!("{value:.0}");
            let numbers = [
                ("hair_top", pixels(geometry.hair_top)),
                ("eye_line", pixels(geometry.eye_line)),
                ("face_width", pixels(geometry.face_width)),
                ("centre_x", pixels(geometry.centre_x)),
                ("roll", format!("{:.1}", geometry.roll_deg)),
            ];
            tell("batch.report.geometry", &numbers)?;
        }
        if let Some(transform) = report.transform.filter(|_| record.status == Status::Ok) {
            let numbers =
                [("x", format!("{:.0}", transform.x)), ("y", format!("{:.0}", transform.y)), ("scale", format!("{:.3}", transform.scale))];
            tell("batch.report.transform", &numbers)?;
        }
        Ok(())
    }

    fn findings(&mut self, record: &Record) -> io::Result<()> {
        // A refused photo's doubts are beside the point: the reasons that keep it out are told.
        let least = if record.status == Status::Ok { Verdict::Warn } else { Verdict::Fail };
        let found: Vec<&Check> = record.report.iter().flat_map(|report| &report.checks).filter(|check| check.verdict >= least).collect();
        if found.is_empty() {
            return Ok(());
        }
        self.out.write_all(b"<ul>\n")?;
        for check in found {
            let class = if check.verdict == Verdict::Fail { "fail" } else { "warn" };
            writeln!(self.out, "<li class=\"{class}\">{}</li>", escape(&check::finding(check, self.context)))?;
        }
        self.out.write_all(b"</ul>\n")
    }
}

/// Foreign text between tags or in a quoted attribute; what could turn lines around is made visible.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

/// The name of a file as a relative address.
fn in_address(name: &str) -> String {
    let mut out = String::from("./");
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reason::Reason;
    use crate::language::Language;
    use std::path::PathBuf;

    fn page(records: Vec<Record>, language: Language) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let previews = Previews::new(folder.path());
        let context = Context { language };
        let pages = Pages::of(folder.path());
        write(&previews, &pages, &Standard::default(), &Summary::default(), None, records.into_iter(), &context).unwrap();
        let text = std::fs::read_to_string(pages.page()).unwrap();
        (folder, text)
    }

    fn record(input: &str, name: &str, status: Status) -> Record {
        let mut record = Record::of(Path::new(input), name, "0f".repeat(32), "");
        record.status = status;
        record
    }

    #[test]
    fn names_are_text_and_never_markup() {
        let evil = "<script>alert(1)</script>\"'&\u{202e}.jpg";
        let (_folder, text) = page(vec![record(evil, evil, Status::Ok)], Language::English);
        assert!(!text.contains("<script") && !text.contains('\u{202e}'));
        assert!(text.contains("&lt;script&gt;alert(1)&lt;") && text.contains("src=\"./%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27%26"));
        assert_eq!(in_address("a b/../#?照.jpg"), "./a%20b%2F..%2F%23%3F%E7%85%A7.jpg");
    }

    #[test]
    fn the_page_is_in_the_readers_language_and_the_owners_alone() {
        let mut refused = record("in/a.jpg", "a.jpg", Status::Refused);
        refused.reasons = vec![Reason::Tilted];
        for (language, word) in [(Language::Chinese, "头部倾斜"), (Language::English, "head tilted")] {
            let (folder, text) = page(vec![refused.clone()], language);
            assert!(text.to_lowercase().contains(word) && !text.contains("batch.") && !text.contains("%{"), "{text}");
            assert!(text.contains(&format!("<html lang=\"{}\">", language.tag())));
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = std::fs::metadata(folder.path().join("report.html")).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
            }
            drop(folder);
        }
    }

    /// A folder with small pictures of two sources, and their records.
    fn with_previews() -> (tempfile::TempDir, Previews, [Record; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let previews = Previews::new(folder.path());
        let mut png = io::Cursor::new(Vec::new());
        image::RgbImage::new(600, 800).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let records = ["ab", "cd"].map(|byte| {
            let mut record = record("a.png", "a.jpg", Status::Refused);
            record.input_sha256 = byte.repeat(32);
            previews.write(png.get_ref(), &record.input_sha256).unwrap();
            record
        });
        (folder, previews, records)
    }

    fn page_of(folder: &Path, previews: &Previews, records: &[Record], stopped: Option<&str>) -> PathBuf {
        let (pages, context) = (Pages::of(folder), Context { language: Language::Chinese });
        write(previews, &pages, &Standard::default(), &Summary::default(), stopped, records.iter().cloned(), &context).unwrap();
        pages.page().to_owned()
    }

    #[test]
    fn a_small_picture_is_shown_where_there_is_one() {
        let (folder, previews, [with, _]) = with_previews();
        let page = page_of(folder.path(), &previews, &[with, record("b.png", "b.jpg", Status::Refused)], None);
        let text = std::fs::read_to_string(page).unwrap();
        assert_eq!(text.matches("<img ").count(), 1);
        assert!(text.contains(&format!("report/{}.jpg", "ab".repeat(16))));
    }

    #[test]
    fn small_pictures_go_with_the_last_card_that_shows_them() {
        let (folder, previews, [first, second]) = with_previews();
        let own = folder.path().join(FOLDER);
        std::fs::write(own.join(".zhaoshen-left"), b"half").unwrap();
        std::fs::write(own.join("mine.jpg"), b"somebody's").unwrap();
        page_of(folder.path(), &previews, std::slice::from_ref(&first), Some("stopped"));
        assert!(previews.path(&second.input_sha256).exists(), "who stopped has not come to it yet");
        page_of(folder.path(), &previews, std::slice::from_ref(&first), None);
        assert!(previews.path(&first.input_sha256).exists() && !previews.path(&second.input_sha256).exists());
        assert!(!own.join(".zhaoshen-left").exists() && own.join("mine.jpg").exists());
        Pages::of(folder.path()).remove().unwrap();
        assert!(!folder.path().join("report.html").exists() && !previews.path(&first.input_sha256).exists());
        assert!(own.join("mine.jpg").exists());
    }

    #[test]
    fn a_page_that_is_not_ours_is_left_alone() {
        let (folder, previews, [first, _]) = with_previews();
        let foreign = folder.path().join("report.html");
        std::fs::write(&foreign, "<html>somebody's</html>").unwrap();
        let second = folder.path().join("report-2.html");
        for _ in 0..2 {
            assert_eq!(page_of(folder.path(), &previews, std::slice::from_ref(&first), None), second, "again the same one");
        }
        Pages::of(folder.path()).remove().unwrap();
        assert!(foreign.exists() && !second.exists());
        page_of(folder.path(), &previews, std::slice::from_ref(&first), None);
        std::fs::remove_file(&foreign).unwrap();
        std::fs::rename(&second, &foreign).unwrap();
        std::fs::copy(&foreign, &second).unwrap();
        assert_eq!(page_of(folder.path(), &previews, &[first], None), foreign);
        assert!(!second.exists(), "one page a folder");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let own = folder.path().join(FOLDER);
            std::fs::create_dir(&own).unwrap();
            std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o755)).unwrap();
            let mut png = io::Cursor::new(Vec::new());
            image::RgbImage::new(60, 80).write_to(&mut png, image::ImageFormat::Png).unwrap();
            previews.write(png.get_ref(), &"ef".repeat(32)).unwrap();
            assert_eq!(std::fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o700, "also where it was there before");
        }
    }
}
