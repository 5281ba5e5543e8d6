//! One's own sessions: where one is signed in, and signing out from afar.

use std::io::Write;

use uuid::Uuid;

use crate::cli::{
    Context, Exit,
    remote::{self, Failure, visible},
};

/// Where one is signed in.
pub async fn list(context: &Context, json: bool, out: &mut dyn Write) -> Result<Exit, Failure> {
    for session in remote::connect()?.own_sessions().await? {
        if json {
            writeln!(out, "{}", serde_json::to_string(&session).map_err(std::io::Error::other)?)?;
            continue;
        }
        let here = if session.current { context.text("output.user.this_session", &[]) } else { String::new() };
        let (opened, seen) = (session.opened_at.to_string(), session.seen_at.to_string());
        let parameters =
            [("id", session.id.to_string()), ("client", visible(&session.client)), ("opened", opened), ("seen", seen), ("here", here)];
        let parameters = parameters.each_ref().map(|(name, value)| (*name, value.as_str()));
        writeln!(out, "{}", context.text("output.user.session", &parameters).trim_end())?;
    }
    Ok(Exit::Done)
}

/// Ends one of them.
pub async fn end(context: &Context, id: Uuid, out: &mut dyn Write) -> Result<Exit, Failure> {
    remote::connect()?.end_own_session(id).await?;
    writeln!(out, "{}", context.text("output.user.session_ended", &[]))?;
    Ok(Exit::Done)
}
