//! What happens, as it happens. Each stream reads for itself, within its asker's scope, when the process has seen that there is something new.

use std::{
    collections::VecDeque,
    convert::Infallible,
    time::{Duration, Instant},
};

use axum::{
    extract::State as Shared,
    http::{HeaderMap, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use serde::Deserialize;
use tokio::sync::watch;

use crate::{
    api::{
        live::{Moved, name},
        problem::Problem,
    },
    backend::{
        extract::{Arguments, SignedIn},
        problems::Failure,
        state::State,
        store::live::{Happened, Position},
    },
    domain::access::Permission,
};

/// How many events are read at once.
const AT_ONCE: u32 = 200;
/// How often a silent stream says that it lives, and looks whether its asker may still listen.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// How soon a client comes back after the stream ended.
const COME_BACK: Duration = Duration::from_secs(1);

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Code of the season.
    #[param(example = "2027-summer")]
    season: String,
    /// Code of a unit; all in scope where it is left out.
    #[param(example = "101")]
    unit: Option<String>,
}

/// Follows a season: server-sent events `submission`, `progress`, `ready` and `reset`. With `Last-Event-ID` the stream goes on where it broke
/// off; without, it begins now.
#[utoipa::path(get, path = "/v1/events", security(("token" = [])),
    params(Wanted, ("last-event-id" = Option<String>, Header, description = "The id of the last event that was read")),
    responses((status = 200, body = Moved, content_type = "text/event-stream",
            example = json!("id: 4711-12\nevent: submission\ndata: {\"submission\":\"0197f3c2-5a31-7cc0-b9d5-2f4f6f1a9c3e\",\"unit\":\"101\",\"kind\":\"attempt.held\",\"version\":4,\"at\":\"2027-05-01T08:00:00Z\"}\n\n")),
        (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn follow(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(wanted): Arguments<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let position = match headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default().parse::<Position>()) {
        Some(position) => position?,
        None => state.store.events_end().await?,
    };
    // Refuses what is out of scope before anything is streamed.
    state.store.events_after(&signed_in.principal(), &wanted.season, wanted.unit.as_deref(), position, 1).await?;
    let listener = Listener {
        news: state.news.clone(),
        stopping: state.stopping.clone(),
        waiting: VecDeque::from([named(name::READY, position)]),
        ready: true,
        looked_at: Instant::now(),
        state,
        signed_in,
        wanted,
        position,
    };
    let stream = futures_util::stream::unfold(listener, |mut listener| async move {
        listener.next().await.map(|event| (Ok::<_, Infallible>(event.retry(COME_BACK)), listener))
    });
    let mut response = Sse::new(stream).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE)).into_response();
    // A proxy that collects the answer would hold back every event.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// One stream.
struct Listener {
    state: State,
    signed_in: SignedIn,
    wanted: Wanted,
    position: Position,
    /// Read and not yet sent.
    waiting: VecDeque<Event>,
    /// Whether there may be more to read at once.
    ready: bool,
    news: watch::Receiver<Position>,
    stopping: watch::Receiver<bool>,
    /// When the session was last seen to be open.
    looked_at: Instant,
}

impl Listener {
    /// The next event; `None` ends the stream, and its client comes back with the last id.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if *self.stopping.borrow() {
                return None;
            }
            if self.looked_at.elapsed() >= SIGN_OF_LIFE {
                self.look_again().await?;
            }
            if self.ready {
                if let Err(failure) = self.read().await {
                    tracing::debug!(code = failure.0.code, "a stream of events ended");
                    return None;
                }
                continue;
            }
            tokio::select! {
                changed = self.news.changed() => {
                    changed.ok()?;
                    self.ready = true;
                }
                _ = self.stopping.changed() => return None,
                () = tokio::time::sleep(SIGN_OF_LIFE) => {}
            }
        }
    }

    /// Who was signed out or shut out meanwhile hears nothing more, and whose scope has changed hears of the new one.
    async fn look_again(&mut self) -> Option<()> {
        let session = self.state.store.session(&self.signed_in.token_hash, self.state.clock.now()).await.ok().flatten()?;
        if !session.principal().may(Permission::ReadProgress) || session.owes_codes {
            return None;
        }
        self.signed_in.session = session;
        self.looked_at = Instant::now();
        Some(())
    }

    async fn read(&mut self) -> Result<(), Failure> {
        let principal = self.signed_in.principal();
        let (season, unit) = (&self.wanted.season, self.wanted.unit.as_deref());
        let (events, read, more) = match self.state.store.events_after(&principal, season, unit, self.position, AT_ONCE).await? {
            Happened::Events { events, read, more } => (events, read, more),
            Happened::Forgotten { read } => {
                self.waiting.push_back(named(name::RESET, read));
                (vec![], read, false)
            }
        };
        for (position, moved) in &events {
            self.waiting.push_back(with(name::SUBMISSION, *position, moved)?);
        }
        let units: Vec<String> = events.into_iter().map(|(_, moved)| moved.unit).collect();
        if !units.is_empty() {
            for unit in self.state.store.progress_of(&principal, season, &units).await? {
                let unit = unit.derived(self.state.clock.now());
                self.waiting.push_back(with(name::PROGRESS, read, &unit)?);
            }
        }
        (self.position, self.ready) = (read, more);
        Ok(())
    }
}

fn named(name: &str, position: Position) -> Event {
    Event::default().event(name).id(position.to_string()).data("{}")
}

fn with(name: &str, position: Position, data: &impl serde::Serialize) -> Result<Event, Failure> {
    let event = Event::default().event(name).id(position.to_string());
    event.json_data(data).map_err(|error| Failure::internal(&error))
}
