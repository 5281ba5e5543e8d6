//! Texts and migrations are compiled in by macros that cargo does not watch: say that a change of theirs is a change of the crate.

fn main() {
    for folder in ["locales", "migrations", "themes"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
