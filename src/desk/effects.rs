//! Where the world is touched: the server, the outbox, pictures. Everything here works off the loop and answers with an [`Event`].

mod own_files;
mod sender;

use std::{
    collections::{HashMap, HashSet},
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc::UnboundedSender},
    task::{AbortHandle, spawn_blocking},
};
use uuid::Uuid;

use sender::Sender;

use crate::{
    api::{
        problem::{Problem, code},
        submission::PictureKind,
    },
    client::{
        Http,
        bundle::{Bundle, register::Register},
        http::{Days, SubmissionQuery},
        outbox::{Entry, Outbox},
    },
    desk::{
        away,
        message::{Effect, Event, Exported, OutboxEvent},
        picture::{
            Making, Origin, Picture, Request,
            cache::{Cache, Name},
            encode, resize,
        },
        views,
        workshop::{self, Shelf, Wish, Workshop},
    },
};

pub use own_files::OwnFiles;

/// Rows a page.
const PAGE: u32 = 100;
/// Pictures worked on at once.
const AT_ONCE: usize = 3;
/// Memory for pictures' bytes.
const CACHE: usize = 64 << 20;
/// The hands of the desk.
pub struct World {
    http: Http,
    /// Where photos come from in the server's place.
    bundle: Option<Arc<Bundle>>,
    events: UnboundedSender<Event>,
    /// The user's own, for what is kept between two desks.
    folder: PathBuf,
    outbox: Arc<Mutex<Outbox>>,
    wake: Arc<Notify>,
    own: Arc<OwnFiles>,
    cache: Arc<Mutex<Cache>>,
    workshop: Workshop,
    /// Wanted and not begun, the most urgent first.
    waiting: Vec<Request>,
    running: HashMap<Request, AbortHandle>,
    sender: AbortHandle,
    /// Pictures made so far: each has its own number, by which a terminal knows it.
    pictures: u32,
}

impl World {
    /// Takes the world in hand, and starts to send what the outbox holds. With a bundle the server is asked only to take decisions.
    #[must_use]
    pub fn new(
        http: Http,
        outbox: Outbox,
        own: OwnFiles,
        register: Register,
        bundle: Option<Arc<Bundle>>,
        folder: PathBuf,
        events: UnboundedSender<Event>,
    ) -> World {
        let _ = events.send(Event::Habits(own.habits()));
        let opened = OutboxEvent::Opened { unsent: outbox.unsent().to_vec(), conflicts: outbox.conflicts().to_vec() };
        let _ = events.send(Event::Outbox(opened));
        let _ = events.send(Event::Outbox(OutboxEvent::Oldest(outbox.oldest())));
        let outbox = Arc::new(Mutex::new(outbox));
        let wake = Arc::new(Notify::new());
        let sender = {
            let sender = Sender {
                http: http.clone(),
                outbox: Arc::clone(&outbox),
                wake: Arc::clone(&wake),
                events: events.clone(),
                bundle: bundle.clone(),
                register,
                checked: HashSet::new(),
            };
            tokio::spawn(sender.work()).abort_handle()
        };
        let cache = Arc::new(Mutex::new(Cache::new(CACHE)));
        let originals = (http.clone(), bundle.clone(), Arc::clone(&cache));
        let original = move |submission| {
            let (http, bundle, cache) = originals.clone();
            async move { bytes(&http, bundle, Some(&*cache), (submission, PictureKind::Original, None)).await }
        };
        let workshop = Workshop::new(original, events.clone());
        World {
            http,
            bundle,
            events,
            folder,
            outbox,
            wake,
            own: Arc::new(own),
            workshop,
            cache,
            waiting: Vec::new(),
            running: HashMap::new(),
            sender,
            pictures: 0,
        }
    }

    /// Carries an effect out, or starts to. Suspension and end are the loop's own.
    pub fn carry_out(&mut self, effect: Effect) {
        if let Some(events) = self.bundle.as_ref().and_then(|bundle| away::answer(bundle, &effect)) {
            for event in events {
                let _ = self.events.send(event);
            }
            return;
        }
        let http = self.http.clone();
        match effect {
            Effect::LoadSeasons => self.answer(async move { Event::Seasons(http.seasons().await) }),
            Effect::LoadProgress { season } => self.answer(async move { Event::Progress(Box::new(http.progress(&season).await)) }),
            Effect::LoadPage { ticket, season, unit, status, measured, cursor } => self.answer(async move {
                let query = SubmissionQuery { season, unit, status, measured, cursor, limit: Some(PAGE) };
                Event::Page { ticket, page: http.submissions(&query).await }
            }),
            Effect::LoadDetail { submission } => {
                self.answer(async move { Event::Detail { submission, detail: http.submission(submission).await.map(Box::new) } });
            }
            Effect::Pictures(wanted) => self.want(wanted),
            Effect::Fix { ticket, submission, standard, wanted } => self.workshop.wish(Wish { ticket, submission, standard, wanted }),
            Effect::Claim(claim) => self.answer(async move { Event::Claimed(http.claim(&claim).await) }),
            Effect::KeepClaim { token } => self.answer(async move { Event::Claimed(http.keep_claim(token).await) }),
            Effect::ReleaseClaim { token } => {
                tokio::spawn(async move { http.release_claim(token).await });
            }
            Effect::Act { submission, version, lease, act } => {
                self.keep(Entry {
                    submission,
                    version,
                    key: Uuid::now_v7(),
                    lease,
                    bundle: self.bundle.as_ref().map(|bundle| bundle.id()),
                    act,
                });
            }
            Effect::PassOn { submission, skip } => {
                self.answer(async move { Event::PassedOn { submission, result: http.skip(submission, &skip).await } });
            }
            Effect::SavePicture { submission, version, kind } => {
                // As it stands now, whatever was kept.
                let (own, bundle) = (Arc::clone(&self.own), self.bundle.clone());
                self.answer(async move {
                    let place = async {
                        let bytes = bytes(&http, bundle, None, (submission, kind, None)).await?;
                        let taken = spawn_blocking(move || own.take_out(&bytes)).await;
                        match taken {
                            Ok(Ok(path)) => Ok(path.display().to_string()),
                            Ok(Err(error)) => Err(Problem::new(0, "picture_not_saved", "not written").with("why", error.to_string())),
                            Err(_) => Err(Problem::new(0, "picture_not_saved", "not written").with("why", "stopped")),
                        }
                    };
                    Event::Saved { submission, version, place: place.await }
                });
            }
            Effect::KeepHabits(habits) => {
                let own = Arc::clone(&self.own);
                spawn_blocking(move || {
                    if let Err(error) = own.keep_habits(&habits) {
                        tracing::warn!(%error, "the habits cannot be written");
                    }
                });
            }
            Effect::LoadDays { season } => self.answer(async move { Event::Days(http.progress_days(&season, None).await) }),
            Effect::LoadMine { season } => {
                self.answer(async move { Event::Mine(Box::new(http.own_statistics(&season, Days::default()).await)) });
            }
            Effect::Export { season, path, format, language } => self.answer(async move {
                Event::Exported(match http.progress_table(&season, format, language).await {
                    Ok(table) => spawn_blocking(move || write_new(&path, &table)).await.unwrap_or(Exported::NotWritten),
                    Err(problem) => Exported::NotTold(problem),
                })
            }),
            Effect::KeepViews(views) => {
                let (folder, events) = (self.folder.clone(), self.events.clone());
                spawn_blocking(move || {
                    if let Err(error) = views::save(&folder, &views) {
                        tracing::warn!(%error, "the saved views cannot be written");
                        let _ = events.send(Event::ViewsNotKept);
                    }
                });
            }
            // On what stands now, seen over the network: the bundle has no part in it.
            Effect::KeepMine { refused, submission, version, act } => {
                self.keep(Entry { submission, version, key: Uuid::now_v7(), lease: None, bundle: None, act });
                self.seen(vec![refused]);
            }
            Effect::TakeBack { submission } => self.take_back(submission),
            Effect::LoadStanding { submission } => {
                self.answer(async move { Event::Stands { submission, detail: http.submission(submission).await.map(Box::new) } });
            }
            Effect::Seen(keys) => self.seen(keys),
            Effect::Suspend | Effect::Quit => {}
        }
    }

    /// A picture is done: the next may begin.
    pub fn finished(&mut self, request: &Request) {
        self.running.remove(request);
        self.pump();
    }

    /// Gives a claim back before leaving, if the server answers soon.
    pub async fn release(&self, token: Uuid) {
        let _ = tokio::time::timeout(Duration::from_millis(500), self.http.release_claim(token)).await;
    }

    fn answer(&self, work: impl Future<Output = Event> + Send + 'static) {
        let events = self.events.clone();
        tokio::spawn(async move {
            let _ = events.send(work.await);
        });
    }

    fn seen(&self, keys: Vec<Uuid>) {
        let outbox = Arc::clone(&self.outbox);
        spawn_blocking(move || {
            let mut outbox = outbox.lock().unwrap_or_else(PoisonError::into_inner);
            for key in keys {
                if let Err(error) = outbox.seen(key) {
                    tracing::warn!(%error, "the outbox cannot be written");
                }
            }
        });
    }

    fn take_back(&self, submission: Uuid) {
        let (outbox, events) = (Arc::clone(&self.outbox), self.events.clone());
        spawn_blocking(move || {
            let mut outbox = outbox.lock().unwrap_or_else(PoisonError::into_inner);
            let done = outbox.take_back(submission).unwrap_or_else(|error| {
                tracing::warn!(%error, "the outbox cannot be written");
                false
            });
            let _ = events.send(Event::Outbox(OutboxEvent::TakenBack { submission, done, unsent: outbox.unsent().len() }));
            let _ = events.send(Event::Outbox(OutboxEvent::Oldest(outbox.oldest())));
        });
    }

    /// Writes an intention down, then lets it be sent.
    fn keep(&self, entry: Entry) {
        let (outbox, events, wake) = (Arc::clone(&self.outbox), self.events.clone(), Arc::clone(&self.wake));
        spawn_blocking(move || {
            let mut outbox = outbox.lock().unwrap_or_else(PoisonError::into_inner);
            let (submission, act) = (entry.submission, entry.act.clone());
            let event = match outbox.add(entry) {
                Ok(()) => OutboxEvent::Kept { unsent: outbox.unsent().len() },
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be written");
                    OutboxEvent::NotKept { submission, act }
                }
            };
            let _ = events.send(Event::Outbox(event));
            let _ = events.send(Event::Outbox(OutboxEvent::Oldest(outbox.oldest())));
            wake.notify_one();
        });
    }

    fn want(&mut self, wanted: Vec<Request>) {
        self.running.retain(|request, task| {
            let keep = wanted.contains(request);
            if !keep {
                task.abort();
            }
            keep
        });
        self.waiting = wanted.into_iter().filter(|request| !self.running.contains_key(request)).collect();
        self.pump();
    }

    fn pump(&mut self) {
        while self.running.len() < AT_ONCE && !self.waiting.is_empty() {
            let request = self.waiting.remove(0);
            let (http, cache, events) = (self.http.clone(), Arc::clone(&self.cache), self.events.clone());
            let shelf = self.workshop.made();
            let bundle = self.bundle.clone().filter(|_| request.origin == Origin::Desk);
            let number = self.pictures;
            self.pictures = number.wrapping_add(1);
            let task = tokio::spawn(async move {
                let picture = picture(&http, bundle, &cache, &shelf, request, number).await;
                let _ = events.send(Event::Picture { request, picture });
            });
            self.running.insert(request, task.abort_handle());
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.sender.abort();
        self.running.values().for_each(AbortHandle::abort);
    }
}

/// Writes a file that was not there before: nothing is ever written over.
fn write_new(path: &str, bytes: &[u8]) -> Exported {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => match file.write_all(bytes).and_then(|()| file.sync_all()) {
            Ok(()) => Exported::Written,
            Err(error) => {
                // Half a table would be taken for a whole one.
                let _ = std::fs::remove_file(path);
                tracing::warn!(kind = ?error.kind(), "the table cannot be written");
                Exported::NotWritten
            }
        },
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Exported::Exists,
        Err(_) => Exported::NotWritten,
    }
}

async fn picture(
    http: &Http,
    bundle: Option<Arc<Bundle>>,
    cache: &Mutex<Cache>,
    shelf: &Shelf,
    request: Request,
    number: u32,
) -> Result<Picture, Problem> {
    let Request { submission, kind, .. } = request;
    // What is asked of the server outright may be another picture of the same name.
    let cache = (request.origin == Origin::Desk).then_some(cache);
    let (bytes, before) = match request.making {
        Making::Kept(rendition) => (bytes(http, bundle, cache, (submission, kind, rendition)).await?, None),
        Making::Tried(ticket) => (shelf.take(ticket)?, None),
        Making::Difference { ticket, rendition } => {
            (shelf.take(ticket)?, Some(bytes(http, bundle, cache, (submission, kind, Some(rendition))).await?))
        }
    };
    let draw = move || {
        let Some(before) = before else { return encode::picture(&bytes, &request, number) };
        let plain = workshop::difference(&resize::decode(&before)?, &resize::decode(&bytes)?)?;
        encode::encode(&plain, encode::hash(&bytes) ^ encode::hash(&before), request.cells, request.drawing, request.look, number)
    };
    let drawn = spawn_blocking(draw).await;
    match drawn {
        Ok(Ok(picture)) => Ok(picture),
        _ => Err(Problem::new(200, "picture_unreadable", "not a picture")),
    }
}

/// The bytes of a picture: out of memory, out of the bundle or from the server.
async fn bytes(http: &Http, bundle: Option<Arc<Bundle>>, cache: Option<&Mutex<Cache>>, name: Name) -> Result<Arc<[u8]>, Problem> {
    let known = cache.and_then(|cache| cache.lock().unwrap_or_else(PoisonError::into_inner).get(name));
    if let Some(bytes) = known {
        return Ok(bytes);
    }
    let bytes: Arc<[u8]> = match bundle {
        Some(bundle) => {
            let read = spawn_blocking(move || bundle.picture(name.0, name.1)).await;
            read.unwrap_or_else(|_| Err(Problem::new(0, code::INTERNAL, "reading a picture broke off")))?.into()
        }
        None => http.picture(name.0, name.1).await?.into(),
    };
    if let Some(cache) = cache {
        cache.lock().unwrap_or_else(PoisonError::into_inner).put(name, Arc::clone(&bytes));
    }
    Ok(bytes)
}
