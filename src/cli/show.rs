//! `show FILE`: a picture in a plain terminal.
//!
//! viuer's own question whether the terminal speaks kitty's protocol waits for ever on a terminal that never answers, so it is never asked:
//! iTerm2's protocol is used where the environment names such a terminal, coloured half blocks everywhere else.

use std::io::IsTerminal;
use std::path::PathBuf;

use super::pictures::{self, Problem};
use super::{Context, Exit};
use crate::photo;

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Pixels a side beyond which no terminal shows more.
const ENOUGH: u32 = 1600;

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Exit {
    if !std::io::stdout().is_terminal() {
        eprintln!("{}", context.text("cli.show.no_terminal", &[]));
        return Exit::Usage;
    }
    let picture = pictures::read(&arguments.file).and_then(|bytes| Ok(photo::preview(&bytes, ENOUGH, ENOUGH, 95)?));
    match picture {
        Ok(jpeg) => print(&jpeg, context),
        Err(problem) => {
            eprintln!("{}", problem.text(context));
            problem.exit()
        }
    }
}

fn print(jpeg: &[u8], context: &Context) -> Exit {
    let Ok(picture) = image::load_from_memory(jpeg) else {
        eprintln!("{}", Problem::Photo(photo::PhotoError::Damaged).text(context));
        return Exit::Failed;
    };
    let config = viuer::Config { use_kitty: false, absolute_offset: false, ..viuer::Config::default() };
    match viuer::print(&picture, &config) {
        Ok(_) => Exit::Done,
        Err(error) => {
            eprintln!("{error}");
            Exit::Failed
        }
    }
}
