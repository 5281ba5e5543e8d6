//! Asking people: on a terminal that does not show secrets, or out of a pipe, one answer a line. Never from arguments.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::api::problem::{Problem, code};

/// How often the same may be asked on a terminal.
const TRIES: usize = 3;

/// Who answers questions.
pub trait Asker {
    /// One line, shown while it is typed.
    fn line(&mut self, prompt: &str) -> io::Result<String>;
    /// One line that is not shown.
    fn secret(&mut self, prompt: &str) -> io::Result<String>;
    /// How often the same question may be asked.
    fn patience(&self) -> usize;
}

/// Whoever is at the standard input.
#[must_use]
pub fn of_stdin() -> Box<dyn Asker> {
    let stdin = io::stdin();
    if stdin.is_terminal() { Box::new(Terminal) } else { Box::new(Lines(stdin.lock())) }
}

struct Terminal;

impl Asker for Terminal {
    fn line(&mut self, prompt: &str) -> io::Result<String> {
        write!(io::stderr(), "{prompt}")?;
        io::stderr().flush()?;
        next_line(&mut io::stdin().lock())
    }

    fn secret(&mut self, prompt: &str) -> io::Result<String> {
        rpassword::prompt_password(prompt)
    }

    fn patience(&self) -> usize {
        TRIES
    }
}

/// A pipe: answers in their order, one a line.
pub struct Lines<R>(pub R);

impl<R: BufRead> Asker for Lines<R> {
    fn line(&mut self, _: &str) -> io::Result<String> {
        next_line(&mut self.0)
    }

    fn secret(&mut self, _: &str) -> io::Result<String> {
        next_line(&mut self.0)
    }

    fn patience(&self) -> usize {
        1
    }
}

fn next_line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// The answer, or that there was none.
///
/// # Errors
/// `no_answer`.
pub fn answered(answer: io::Result<String>) -> Result<String, Problem> {
    answer.map_err(|_| Problem::new(0, "no_answer", "the input ended before the question was answered"))
}

/// Asks for a one-time code and tries it, again where it was wrong and there is patience left.
///
/// # Errors
/// What the last try said.
pub async fn with_code<T, F: Future<Output = Result<T, Problem>>>(
    asker: &mut dyn Asker,
    prompt: &str,
    complain: impl Fn(&Problem),
    mut attempt: impl FnMut(String) -> F,
) -> Result<T, Problem> {
    let mut left = asker.patience();
    loop {
        left -= 1;
        match attempt(answered(asker.line(prompt))?.trim().to_owned()).await {
            Err(problem) if problem.code == code::WRONG_CODE && left > 0 => complain(&problem),
            other => return other,
        }
    }
}
