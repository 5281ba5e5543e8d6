//! What is written beside the code keeps its word: links lead somewhere, both languages say the same things, files stay readable in one
//! sitting, and nothing names the machine it was written on.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use crate::{house::rust_files, support::root};

#[test]
fn relative_links_of_the_papers_exist() {
    let mut broken = Vec::new();
    for file in committed_files().iter().filter(|file| file.ends_with(".md")) {
        let text = fs::read_to_string(root().join(file)).expect("a paper is text");
        let folder = root().join(file).parent().expect("a file lies in a folder").to_owned();
        for link in links(&text).into_iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let path = link.split('#').next().expect("a split has a first part");
            if !path.is_empty() && !folder.join(path).exists() {
                broken.push(format!("{file}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

/// The targets of `[…](target)`, `![…](target)` and of `src="target"` and `href="target"`.
fn links(text: &str) -> Vec<&str> {
    let after = |opener: &'static str, closer: char| {
        text.match_indices(opener).filter_map(move |(at, _)| text[at + opener.len()..].split_once(closer).map(|(link, _)| link.trim()))
    };
    after("](", ')').chain(after("src=\"", '"')).chain(after("href=\"", '"')).collect()
}

#[test]
fn links_are_found() {
    assert_eq!(links("see [a](b.md#c) ![p](docs/p.png) <img src=\"q.png\">"), ["b.md#c", "docs/p.png", "q.png"]);
}

#[test]
fn both_languages_say_the_same_things() {
    let folder = root().join("locales");
    let mut parts: BTreeSet<String> = BTreeSet::new();
    for entry in fs::read_dir(&folder).expect("texts") {
        let name = entry.expect("texts").file_name().to_string_lossy().into_owned();
        parts.insert(name.split('.').next().expect("a split has a first part").to_owned());
    }
    let mut differences = Vec::new();
    // The files of a language are read in the order of the file system: of two texts for one key chance would choose.
    let mut home: BTreeMap<String, &str> = BTreeMap::new();
    for part in &parts {
        let [chinese, english] = ["zh-CN", "en"].map(|language| {
            texts(&fs::read_to_string(folder.join(format!("{part}.{language}.yml"))).unwrap_or_else(|_| panic!("{part} has no {language}")))
        });
        for key in chinese.keys() {
            if let Some(other) = home.insert(key.clone(), part) {
                differences.push(format!("{key} is in {other} and in {part}"));
            }
        }
        for key in chinese.keys().chain(english.keys()).collect::<BTreeSet<_>>() {
            match (chinese.get(key), english.get(key)) {
                (Some(chinese), Some(english)) if parameters(chinese) == parameters(english) => {}
                (Some(_), Some(_)) => differences.push(format!("{part}: {key} has other parameters")),
                (Some(_), None) => differences.push(format!("{part}: {key} is not in English")),
                (None, _) => differences.push(format!("{part}: {key} is not in Chinese")),
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Reads the part of YAML that the texts use: nested keys by indentation, one value a line, `|` and `>` blocks.
fn texts(yaml: &str) -> BTreeMap<String, String> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut block: Option<(usize, String)> = None;
    for line in yaml.lines() {
        let indent = line.len() - line.trim_start().len();
        if let Some((outer, key)) = &block {
            if line.trim().is_empty() || indent > *outer {
                let text = texts.entry(key.clone()).or_default();
                text.push_str(line.trim());
                text.push('\n');
                continue;
            }
            block = None;
        }
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (key, value) = content.split_once(':').unwrap_or_else(|| panic!("not a key: {line}"));
        path.retain(|(outer, _)| *outer < indent);
        path.push((indent, key.trim_matches('"').to_owned()));
        let full = path.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>().join(".");
        match value.trim() {
            "" => {}
            "|" | ">" | "|-" | ">-" => block = Some((indent, full)),
            value => assert!(texts.insert(full, value.to_owned()).is_none(), "twice: {line}"),
        }
    }
    texts
}

/// The names in `%{…}`, sorted, each once.
fn parameters(text: &str) -> BTreeSet<&str> {
    text.match_indices("%{").filter_map(|(at, _)| text[at + 2..].split_once('}').map(|(name, _)| name)).collect()
}

#[test]
fn texts_are_read_as_the_translator_wrote_them() {
    let texts = texts("a:\n  b: one %{x}\n  c: |\n    two: %{y}\n\n    three\n# no key\nd: \"four: 4\"\n");
    assert_eq!(texts.keys().collect::<Vec<_>>(), ["a.b", "a.c", "d"]);
    assert_eq!(parameters(&texts["a.c"]).into_iter().collect::<Vec<_>>(), ["y"]);
    assert_eq!(parameters(&texts["a.b"]).into_iter().collect::<Vec<_>>(), ["x"]);
}

/// Lines that fit one sitting.
const ONE_SITTING: usize = 500;

#[test]
fn every_file_fits_one_sitting() {
    let long: Vec<String> = ["src", "tests"]
        .iter()
        .flat_map(|folder| rust_files(&root().join(folder)))
        .filter_map(|file| {
            let lines = fs::read_to_string(&file).expect("source is text").lines().count();
            (lines > ONE_SITTING).then(|| format!("{} has {lines} lines", file.strip_prefix(root()).unwrap_or(&file).display()))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    // In two halves, so that this file does not name one itself.
    let roots = ["home", "Users", "root", "work", "mnt", "media", "workspace"].map(|folder| format!("/{folder}/"));
    let tree = root().to_string_lossy().into_owned();
    let mut named = Vec::new();
    for file in committed_files() {
        let Ok(text) = fs::read_to_string(root().join(&file)) else { continue };
        for (number, line) in text.lines().enumerate() {
            if line.contains(&tree) || roots.iter().any(|root| names_path(line, root)) {
                named.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(named.is_empty(), "paths of a machine:\n{}", named.join("\n"));
}

/// Whether an absolute path below `root` stands in the line: not the middle of a longer, relative one.
fn names_path(line: &str, root: &str) -> bool {
    line.match_indices(root).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + root.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-.~/}*$>".contains(c))
            && after.is_some_and(|c| c.is_alphanumeric() || "_-.".contains(c))
    })
}

#[test]
fn a_path_of_a_machine_is_known_from_others() {
    let root = format!("/{}/", "home");
    assert!(names_path(&format!("see {root}somebody/notes"), &root));
    assert!(!names_path(&format!("see docs{root}index"), &root));
    assert!(!names_path(&format!("https://example.org{root}index"), &root));
}

/// What git would commit, relative to the root with `/`; where there is no git, nothing but the papers at the root.
fn committed_files() -> Vec<String> {
    let listed = Command::new("git").args(["ls-files", "-co", "--exclude-standard"]).current_dir(root()).output();
    match listed {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter(|file| Path::new(&root().join(file)).exists())
            .map(str::to_owned)
            .collect(),
        _ => fs::read_dir(root())
            .expect("the source tree")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".md") || name.ends_with(".toml"))
            .collect(),
    }
}
