//! What an admin does to users by name: who there is, what each may do, letting one in no more, a new password.

use std::io::Write;

use crate::{
    api::{
        people::{ChangedUser, KnownUser},
        problem::Problem,
    },
    cli::{
        Context, Exit,
        remote::{self, Failure, visible},
    },
    client::Http,
    domain::access::Role,
};

/// What is to be changed; the rest stays.
#[derive(Debug, Default)]
pub struct Change {
    pub role: Option<Role>,
    /// `Some(None)`: every unit.
    pub units: Option<Option<Vec<String>>>,
    pub disabled: Option<bool>,
}

/// The user of that name among those in scope.
pub async fn find(http: &Http, name: &str) -> Result<KnownUser, Problem> {
    let users = http.users().await?;
    users.into_iter().find(|known| known.user.name == name).ok_or_else(|| Problem::new(404, "user_unknown", "nobody has that name"))
}

/// Who there is.
pub async fn list(context: &Context, json: bool, out: &mut dyn Write) -> Result<Exit, Failure> {
    for known in remote::connect()?.users().await? {
        if json {
            writeln!(out, "{}", serde_json::to_string(&known).map_err(std::io::Error::other)?)?;
        } else {
            writeln!(out, "{}", line(context, &known))?;
        }
    }
    Ok(Exit::Done)
}

/// Changes one.
pub async fn change(context: &Context, name: &str, change: Change, out: &mut dyn Write) -> Result<Exit, Failure> {
    let http = remote::connect()?;
    let known = find(&http, name).await?;
    let wanted = ChangedUser {
        role: change.role.unwrap_or(known.user.role),
        units: change.units.unwrap_or(known.user.units),
        disabled: change.disabled.unwrap_or(known.disabled),
    };
    let now = http.change_user(known.user.id, &wanted).await?;
    writeln!(out, "{}", line(context, &now))?;
    Ok(Exit::Done)
}

/// Takes the password away and prints the link to choose a new one.
pub async fn reset_password(context: &Context, name: &str, out: &mut dyn Write) -> Result<Exit, Failure> {
    let http = remote::connect()?;
    let invitation = http.reset_password(find(&http, name).await?.user.id).await?;
    let until = invitation.expires_at.to_string();
    remote::complain(&context.text("output.user.reset", &[("name", &visible(name)), ("until", &until)]));
    // Alone on stdout, so that it can be piped to wherever links are sent from.
    writeln!(out, "{}/invite#{}", http.address(), invitation.code)?;
    Ok(Exit::Done)
}

/// Ends every session of one.
pub async fn end_sessions(context: &Context, name: &str, out: &mut dyn Write) -> Result<Exit, Failure> {
    let http = remote::connect()?;
    http.end_sessions(find(&http, name).await?.user.id).await?;
    writeln!(out, "{}", context.text("output.user.sessions_ended", &[("name", &visible(name))]))?;
    Ok(Exit::Done)
}

fn line(context: &Context, known: &KnownUser) -> String {
    let text = |key: &str| context.text(&format!("output.{key}"), &[]);
    let units = known.user.units.as_ref().map_or_else(|| text("user.all_units"), |units| units.join(", "));
    let mut words = vec![known.user.name.clone(), text(&format!("role.{}", known.user.role.code())), units];
    let marks = [(known.disabled, "user.is_disabled"), (!known.joined, "user.has_not_joined"), (known.totp, "user.has_codes")];
    words.extend(marks.into_iter().filter(|(is, _)| *is).map(|(_, key)| text(key)));
    visible(&words.join(" · "))
}
