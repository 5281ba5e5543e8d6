//! Everything that is built into the program, or used to test it, is under a licence that `deny.toml` allows, and nothing is built in that
//! it bans. The same file serves cargo-deny, which also knows advisories; this needs cargo alone.

use std::{collections::BTreeSet, fs, process::Command};

use serde::Deserialize;

use crate::support::root;

#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
}

/// Whether an SPDX expression can be satisfied. `AND` binds more than `OR`; an old `/` means `OR`.
fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    any_of(&mut words, allowed) && words.is_empty()
}

/// `words` are in reverse, the next one last.
fn any_of(words: &mut Vec<&str>, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut holds = all_of(words, allowed);
    while words.last() == Some(&"OR") {
        words.pop();
        holds |= all_of(words, allowed);
    }
    holds
}

fn all_of(words: &mut Vec<&str>, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut holds = one(words, allowed);
    while words.last() == Some(&"AND") {
        words.pop();
        holds &= one(words, allowed);
    }
    holds
}

fn one(words: &mut Vec<&str>, allowed: &dyn Fn(&str) -> bool) -> bool {
    match words.pop() {
        Some("(") => {
            let holds = any_of(words, allowed);
            words.pop() == Some(")") && holds
        }
        Some(licence) if words.last() == Some(&"WITH") => {
            words.pop();
            words.pop().is_some_and(|exception| allowed(&format!("{licence} WITH {exception}")))
        }
        Some(licence) => allowed(licence),
        None => false,
    }
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    let allowed = |licence: &str| ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].contains(&licence);
    for good in ["MIT", "GPL-2.0-only OR MIT", "Apache-2.0/MIT", "(GPL-2.0-only OR MIT) AND ISC", "Apache-2.0 WITH LLVM-exception"] {
        assert!(satisfied(good, &allowed), "{good}");
    }
    for bad in
        ["", "GPL-2.0-only", "MIT AND GPL-2.0-only", "ISC AND (GPL-2.0-only OR Apache-2.0)", "Apache-2.0 WITH other", "MIT ISC", "(MIT"]
    {
        assert!(!satisfied(bad, &allowed), "{bad}");
    }
}

#[test]
fn every_part_is_allowed_and_none_is_banned() {
    let policy: Policy = toml::from_str(&fs::read_to_string(root().join("deny.toml")).expect("deny.toml")).expect("a policy");
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--prefix", "none", "--edges", "normal,build,dev", "--format", "{p}\t{l}"])
        .current_dir(root())
        .output()
        .expect("cargo runs this test");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let listing = String::from_utf8(output.stdout).expect("names and licences are text");
    let parts: BTreeSet<(&str, &str)> = listing
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(package, licence)| (package.split(' ').next().expect("a split has a first part"), licence.trim_end_matches(" (*)").trim()))
        .collect();
    assert!(parts.len() > 100, "cargo listed only {} parts", parts.len());
    let mut wrong = Vec::new();
    for (name, licence) in &parts {
        let more = policy.licenses.exceptions.iter().filter(|exception| exception.name == *name).flat_map(|exception| &exception.allow);
        let allowed: Vec<&String> = policy.licenses.allow.iter().chain(more).collect();
        if !satisfied(licence, &|wanted| allowed.iter().any(|known| *known == wanted)) {
            wrong.push(format!("{name}: {licence}"));
        }
        if policy.bans.deny.iter().any(|banned| banned.name == *name) {
            wrong.push(format!("{name} is banned"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
