//! The walk of `docs/api.md`, as it stands there: every block of `sh` in its order, by a real curl against a real server.

use std::process::Stdio;

use crate::support::{
    has_tool,
    house::{House, students},
    root,
};

/// The blocks of a paper that are marked as `sh`, one after the other.
fn blocks(paper: &str) -> String {
    let mut inside = false;
    let mut script = String::new();
    for line in paper.lines() {
        match line.trim_end() {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => {
                script.push_str(line);
                script.push('\n');
            }
            _ => {}
        }
    }
    script
}

#[test]
fn the_blocks_of_a_paper_are_one_script() {
    assert_eq!(blocks("# A\n```sh\na=1\n```\ntext\n```toml\nb = 2\n```\n```sh\necho $a\n```\n"), "a=1\necho $a\n");
}

#[test]
fn the_walk_through_the_api_is_as_it_is_written() {
    if !has_tool("curl") || !has_tool("jq") {
        return;
    }
    let (mut house, [registrar]) = House::open([("registrar", None)]);
    let link = house.invite_more("walker", "admin");
    let photo = registrar.home.path("photo");
    std::fs::write(&photo, &students(&[0]).students[0].photo.bytes).expect("a file in an own folder");
    let script = blocks(&std::fs::read_to_string(root().join("docs/api.md")).expect("the paper is there"));
    let mut shell = registrar.home.command("sh");
    // Each command is told as it runs, so that a failed walk shows where.
    shell.args(["-x", "-c", &script]).env("HOST", house.address()).env("LINK", link.trim()).env("PHOTO", &photo);
    let output = shell.stdin(Stdio::null()).output().expect("a shell");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr).lines().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
    );
    let read = |name: &str| std::fs::read_to_string(registrar.home.path(name)).expect("the walk left it");
    assert!(read("progress.csv").contains("城东分校"), "{}", read("progress.csv"));
    assert!(read("missed.txt").contains("event: "), "{}", read("missed.txt"));
}
