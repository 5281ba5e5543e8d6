//! `user totp`: sets up one-time codes for whoever is signed in, removes them, and for an admin resets another's and says which roles need them.
//!
//! Secret and recovery codes are shown once, on the user's own output; nothing here keeps them.

use std::io::{IsTerminal, Write};

use qrcode::{Color, EcLevel, QrCode};

use crate::{
    api::{
        people::AccessPolicy,
        problem::{Problem, code},
    },
    cli::{
        Context, Exit,
        asking::{self, Asker, answered},
        remote::{self, Failure, visible},
    },
    client::Http,
    domain::access::Role,
};

/// Light modules around the code, which cameras look for.
const QUIET: usize = 4;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(long)]
    remove: bool,
    #[arg(long, value_name = "NAME", conflicts_with = "remove")]
    reset: Option<String>,
    #[arg(long, value_name = "ROLE,ROLE", value_delimiter = ',', num_args = 0.., value_parser = super::parse_role, conflicts_with_all = ["remove", "reset"])]
    require: Option<Vec<Role>>,
}

/// Runs the command.
pub async fn run(context: &Context, arguments: Arguments, out: &mut dyn Write) -> Result<Exit, Failure> {
    let http = remote::connect()?;
    if let Some(name) = arguments.reset {
        http.reset_codes(super::manage::find(&http, &name).await?.user.id).await?;
        writeln!(out, "{}", context.text("output.totp.reset", &[("name", &visible(&name))]))?;
        return Ok(Exit::Done);
    }
    if let Some(roles) = arguments.require {
        let kept = http.put_access_policy(&AccessPolicy { codes_required_for: roles }).await?.codes_required_for;
        let roles: Vec<String> = kept.iter().map(|role| context.text(&format!("output.role.{}", role.code()), &[])).collect();
        let key = if roles.is_empty() { "output.totp.required_for_nobody" } else { "output.totp.required_for" };
        writeln!(out, "{}", context.text(key, &[("roles", &roles.join(", "))]))?;
        return Ok(Exit::Done);
    }
    let asker = &mut *asking::of_stdin();
    if arguments.remove { remove(context, &http, asker, out).await } else { set_up(context, &http, asker, out).await }
}

async fn set_up(context: &Context, http: &Http, asker: &mut dyn Asker, out: &mut dyn Write) -> Result<Exit, Failure> {
    let stands = http.codes_state().await?;
    if stands.confirmed {
        let left = stands.recovery_codes_left.to_string();
        writeln!(out, "{}", context.text("output.totp.confirmed", &[("left", &left)]))?;
        return Ok(Exit::Done);
    }
    let password = answered(asker.secret(&context.text("output.login.password", &[])))?;
    let shown = http.begin_codes(password).await?;
    writeln!(out, "{}", context.text("output.totp.scan", &[]))?;
    if std::io::stdout().is_terminal()
        && let Some(picture) = half_blocks(&shown.uri, std::env::var_os("NO_COLOR").is_none())
    {
        writeln!(out, "{picture}")?;
    }
    writeln!(out, "{}\n{}", grouped(&shown.secret), visible(&shown.uri))?;
    let codes = ask_code(context, asker, |code| http.confirm_codes(code)).await?.codes;
    writeln!(out, "{}", context.text("output.totp.recovery", &[]))?;
    for code in codes {
        writeln!(out, "{}", visible(&code))?;
    }
    Ok(Exit::Done)
}

async fn remove(context: &Context, http: &Http, asker: &mut dyn Asker, out: &mut dyn Write) -> Result<Exit, Failure> {
    ask_code(context, asker, |code| http.remove_codes(code)).await?;
    writeln!(out, "{}", context.text("output.totp.removed", &[]))?;
    Ok(Exit::Done)
}

async fn ask_code<T, F: Future<Output = Result<T, Problem>>>(
    context: &Context,
    asker: &mut dyn Asker,
    attempt: impl FnMut(String) -> F,
) -> Result<T, Problem> {
    let complain = |problem: &Problem| remote::complain(&remote::problem_text(context, problem));
    let done = asking::with_code(asker, &context.text("output.login.code", &[]), complain, attempt).await;
    // On a server without any there is nothing to confirm or remove.
    done.map_err(|problem| if problem.code == code::NOT_FOUND { Problem { code: code::WRONG_CODE.to_owned(), ..problem } } else { problem })
}

/// The secret in groups of four, as it is read out and typed.
fn grouped(secret: &str) -> String {
    let characters: Vec<char> = secret.chars().filter(char::is_ascii_alphanumeric).collect();
    characters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// The text as a QR code, two modules a character; in black on white where colours may be used, else for light letters on a dark ground.
fn half_blocks(text: &str, coloured: bool) -> Option<String> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let side = width + 2 * QUIET;
    let ink = |row: usize, column: usize| {
        let inside = (QUIET..QUIET + width).contains(&row) && (QUIET..QUIET + width).contains(&column);
        let dark = inside && modules[(row - QUIET) * width + column - QUIET] == Color::Dark;
        dark == coloured
    };
    let lines = (0..side).step_by(2).map(|row| {
        let line: String = (0..side)
            .map(|column| match (ink(row, column), row + 1 < side && ink(row + 1, column)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            })
            .collect();
        if coloured { format!("\u{1b}[30;107m{line}\u{1b}[0m") } else { line }
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_in_groups() {
        assert_eq!(grouped("GEZDGNBVGY3TQOJQ"), "GEZD GNBV GY3T QOJQ");
        assert_eq!(grouped("ABCDE\u{1b}F"), "ABCD EF");
    }

    #[test]
    fn the_picture_has_its_finders_and_a_quiet_border() {
        let picture = half_blocks("otpauth://totp/zhaoshen:li?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=zhaoshen", false).unwrap();
        let lines: Vec<Vec<char>> = picture.lines().map(|line| line.chars().collect()).collect();
        assert!(lines.iter().all(|line| line.len() == lines[0].len() && line.iter().all(|c| "█▀▄ ".contains(*c))));
        assert!(lines[..2].iter().flatten().all(|c| *c == '█'), "light all around");
        // Seven modules in a row of the finder at the top left, then the light one beside it.
        let finder: String = lines[2][QUIET - 1..QUIET + 8].iter().collect();
        assert_eq!(finder, "█ ▄▄▄▄▄ █");
        let coloured = half_blocks("x", true).unwrap();
        assert!(coloured.lines().all(|line| line.starts_with("\u{1b}[30;107m") && line.ends_with("\u{1b}[0m")));
    }
}
