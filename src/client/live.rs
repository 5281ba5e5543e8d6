//! Following a season: the server's events one by one, and the place to go on from after a break.

use std::time::Duration;

use reqwest::{Method, Response};

use super::http::{Http, nonsense, unreachable};
use crate::api::{
    live::{Live, name},
    problem::Problem,
};

/// A stream that says nothing for this long is broken: the server gives a sign of life more often.
const SILENCE: Duration = Duration::from_secs(40);
/// An event is never larger; more is nonsense.
const LARGEST_EVENT: usize = 1 << 20;

/// An open stream.
pub struct Following {
    response: Response,
    lines: Lines,
    last_id: Option<String>,
}

impl Http {
    /// Follows a season, from where `last_id` says or from now on. `GET /v1/events`
    ///
    /// # Errors
    /// The server's problem, or the client's where no sensible answer came.
    pub async fn follow(&self, season: &str, unit: Option<&str>, last_id: Option<&str>) -> Result<Following, Problem> {
        let mut request = self.request(Method::GET, &["events"])?.query(&[("season", season)]).timeout(Duration::MAX);
        if let Some(unit) = unit {
            request = request.query(&[("unit", unit)]);
        }
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = self.send(request).await?;
        Ok(Following { response, lines: Lines::default(), last_id: last_id.map(str::to_owned) })
    }
}

impl Following {
    /// The next event; `None` when the server ended the stream, which is then followed anew from [`Following::last_id`].
    ///
    /// # Errors
    /// When the stream broke, fell silent or makes no sense.
    pub async fn next(&mut self) -> Result<Option<Live>, Problem> {
        loop {
            while let Some(event) = self.lines.event() {
                if let Some(id) = event.id {
                    self.last_id = Some(id);
                }
                let read = |error: serde_json::Error| {
                    tracing::debug!(%error, "an event makes no sense");
                    nonsense(200)
                };
                match event.name.as_str() {
                    name::SUBMISSION => return Ok(Some(Live::Submission(serde_json::from_str(&event.data).map_err(read)?))),
                    name::PROGRESS => return Ok(Some(Live::Progress(Box::new(serde_json::from_str(&event.data).map_err(read)?)))),
                    name::READY => return Ok(Some(Live::Ready)),
                    name::RESET => return Ok(Some(Live::Reset)),
                    // A newer server may say more.
                    _ => {}
                }
            }
            let silent = |_| Problem::new(0, crate::api::problem::code::UNREACHABLE, "the stream fell silent");
            match tokio::time::timeout(SILENCE, self.response.chunk()).await.map_err(silent)? {
                Ok(Some(bytes)) => self.lines.take(&bytes)?,
                Ok(None) => return Ok(None),
                Err(error) => return Err(unreachable(&error)),
            }
        }
    }

    /// The id of the last event that was read.
    #[must_use]
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }
}

/// An event of the wire.
#[derive(Debug, Default, PartialEq, Eq)]
struct Event {
    name: String,
    id: Option<String>,
    data: String,
}

/// What has come and is no whole event yet.
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.bytes.extend(bytes.iter().filter(|byte| **byte != b'\r'));
        if self.bytes.len() > LARGEST_EVENT { Err(nonsense(200)) } else { Ok(()) }
    }

    /// The next whole event: everything up to an empty line. Comments are signs of life and say nothing.
    fn event(&mut self) -> Option<Event> {
        loop {
            let end = self.bytes.windows(2).position(|pair| pair == b"\n\n")?;
            let block: Vec<u8> = self.bytes.drain(..end + 2).collect();
            let mut event = Event::default();
            for line in String::from_utf8_lossy(&block).lines() {
                let Some((field, value)) = line.split_once(':') else { continue };
                let value = value.strip_prefix(' ').unwrap_or(value);
                match field {
                    "event" => value.clone_into(&mut event.name),
                    "id" => event.id = Some(value.to_owned()),
                    "data" => {
                        if !event.data.is_empty() {
                            event.data.push('\n');
                        }
                        event.data.push_str(value);
                    }
                    _ => {}
                }
            }
            if !event.data.is_empty() {
                return Some(event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WIRE: &str =
        ": alive\n\nretry: 1000\nid: 7-1\nevent: ready\ndata: {}\n\n:\n\nid: 7-2\r\nevent: submission\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n";

    fn read(pieces: &[&[u8]]) -> Vec<Event> {
        let (mut lines, mut events) = (Lines::default(), vec![]);
        for piece in pieces {
            lines.take(piece).unwrap();
            events.extend(std::iter::from_fn(|| lines.event()));
        }
        events
    }

    #[test]
    fn events_are_read_past_signs_of_life() {
        let event = |name: &str, id: &str, data: &str| Event { name: name.into(), id: Some(id.into()), data: data.into() };
        assert_eq!(read(&[WIRE.as_bytes()]), [event("ready", "7-1", "{}"), event("submission", "7-2", "{\"a\":\n1}")]);
    }

    proptest! {
        #[test]
        fn how_the_wire_cuts_them_makes_no_difference(cuts in proptest::collection::vec(0..WIRE.len(), 0..9)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let (mut pieces, mut rest, mut at) = (vec![], WIRE.as_bytes(), 0);
            for cut in cuts {
                let (piece, left) = rest.split_at(cut - at);
                (rest, at) = (left, cut);
                pieces.push(piece);
            }
            pieces.push(rest);
            prop_assert_eq!(read(&pieces), read(&[WIRE.as_bytes()]));
        }
    }
}
