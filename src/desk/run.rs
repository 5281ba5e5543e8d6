//! The loop: signals first, then keys, then finished work; at most one frame per 16 ms, and none while one is still being written.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{Timestamp, tz::TimeZone};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

use crate::{
    api::people::User,
    client::{
        Http,
        bundle::{Bundle, register::Register},
        outbox::Outbox,
    },
    desk::{
        effects::{OwnFiles, World},
        entry::Field,
        frames::Frames,
        message::{Effect, Event, Message, Moment, OutboxEvent},
        model::{Away, Model, Start},
        picture::policy::Graphics,
        record::Recorder,
        terminal::{
            guard::{self, Guard},
            input::{Answer, Input},
            probe::{Environment, Probe},
            reader::Reader,
            signals::{self, Signal, Signals},
        },
        theme::{Theme, ThemeError},
        update::update,
        views,
    },
    language::Language,
};

const FRAME: Duration = Duration::from_millis(16);
/// How long the terminal may think before the desk starts without its answer.
const PATIENCE: Duration = Duration::from_millis(200);
/// How often time passes when nothing else happens: countdowns count.
const TICK: Duration = Duration::from_secs(1);

/// What a desk needs.
#[derive(Debug)]
pub struct Config {
    pub http: Http,
    pub user: User,
    pub season: Option<String>,
    pub unit: Option<String>,
    pub language: Language,
    pub graphics: Graphics,
    /// `dark`, `light`, or the path of a file.
    pub theme: String,
    /// Where every message is written down, if anywhere.
    pub record: Option<PathBuf>,
    /// The user's own folder for the outbox.
    pub state_folder: PathBuf,
    /// Worked on in the server's place, without a network.
    pub bundle: Option<Arc<Bundle>>,
}

/// Why there is no desk.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error("there is no terminal")]
    NoTerminal,
    #[error(transparent)]
    Theme(#[from] ThemeError),
    #[error("the outbox cannot be opened: {0}")]
    Outbox(std::io::Error),
    #[error("the record cannot be written: {0}")]
    Record(std::io::Error),
    #[error("the terminal does not work: {0}")]
    Terminal(#[from] std::io::Error),
}

impl DeskError {
    /// The code whose text is in `locales/` under `desk.error.<code>`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            DeskError::NoTerminal => "no_terminal",
            DeskError::Theme(_) => "theme",
            DeskError::Outbox(_) => "outbox",
            DeskError::Record(_) => "record",
            DeskError::Terminal(_) => "terminal",
        }
    }
}

/// Runs the desk until its user leaves. Call it on a runtime with more than one thread, from the thread that blocks on it.
///
/// # Errors
/// [`DeskError`] when it cannot start; the terminal is restored in every case.
pub async fn run(config: Config) -> Result<(), DeskError> {
    if !guard::is_terminal() {
        return Err(DeskError::NoTerminal);
    }
    // Text without colours is the theme's affair; pictures keep theirs.
    crossterm::style::force_color_output(true);
    let environment = Environment::read(|name| std::env::var(name).ok(), kernel_cell());
    let size = crossterm::terminal::size()?;
    let probe = Probe::new(environment, size);
    let theme = Theme::load(&config.theme, probe.facts().depth)?;
    let outbox = Outbox::open(&config.state_folder, config.http.address(), config.user.id).map_err(DeskError::Outbox)?;
    let own = OwnFiles::new(&config.state_folder, config.user.id);
    let views = views::load(&config.state_folder);
    if let Err(error) = &views {
        tracing::warn!(%error, "the saved views cannot be read");
    }
    let start = Start {
        language: config.language,
        theme,
        user: config.user.name.clone(),
        size,
        facts: probe.facts(),
        graphics: config.graphics,
        zone: TimeZone::system(),
        season: config.season,
        unit: config.unit,
        views: views.ok(),
        away: config.bundle.as_ref().map(|bundle| Away { expires_at: bundle.expires_at() }),
    };
    let recorder = config.record.map(|path| Recorder::create(&path, &start)).transpose().map_err(DeskError::Record)?;
    let (events, work) = unbounded_channel();
    let (keys, inputs) = unbounded_channel();
    let signals = Signals::listen()?;
    let guard = Guard::enter()?;
    let _reader = Reader::start(keys)?;
    let desk = Desk {
        began: Instant::now(),
        model: Model::new(start),
        world: World::new(config.http, outbox, own, Register::of(&config.state_folder), config.bundle, config.state_folder, events),
        probe,
        recorder,
        frames: Frames::start()?,
        dirty: true,
        keeping: 0,
        drawn_at: None,
        guard,
        leaving: false,
    };
    desk.work(signals, inputs, work).await
}

struct Desk {
    began: Instant,
    model: Model,
    world: World,
    probe: Probe,
    recorder: Option<Recorder>,
    frames: Frames,
    dirty: bool,
    /// Intentions that are being written down. No frame may show what a crash would still undo.
    keeping: usize,
    drawn_at: Option<Instant>,
    guard: Guard,
    leaving: bool,
}

impl Desk {
    async fn work(
        mut self,
        mut signals: Signals,
        mut inputs: UnboundedReceiver<Option<Input>>,
        mut work: UnboundedReceiver<Event>,
    ) -> Result<(), DeskError> {
        let early = self.ask(&mut inputs).await;
        let facts = self.probe.facts();
        self.happen(Event::Terminal(facts));
        self.happen(Event::Started);
        for input in early {
            self.input(input);
        }
        while !self.leaving {
            if self.dirty && self.keeping == 0 && !self.frames.busy() && self.drawn_at.is_none_or(|at| at.elapsed() >= FRAME) {
                self.draw()?;
            } else if !self.dirty {
                self.frames.send_ahead(&self.model, self.probe.facts().answers);
            }
            let wait = self.wait();
            tokio::select! {
                biased;
                signal = signals.next() => self.signal(signal)?,
                input = inputs.recv() => match input.flatten() {
                    Some(input) => {
                        self.input(input);
                        // What was typed together is drawn once.
                        while let Ok(Some(input)) = inputs.try_recv() {
                            self.input(input);
                        }
                    }
                    None => self.leaving = true,
                },
                Some(event) = work.recv() => self.worked(event),
                () = self.frames.idle(), if self.frames.writing() => {}
                () = tokio::time::sleep(wait) => self.happen(Event::Tick),
            }
            for event in self.frames.seen() {
                self.seen(event);
            }
        }
        if let Some(claim) = &self.model.claim {
            self.world.release(claim.token).await;
        }
        // The last frame must be out before the screen is given back.
        let _ = timeout(Duration::from_millis(500), self.frames.idle()).await;
        self.forget_pictures();
        let _ = timeout(Duration::from_millis(100), self.frames.idle()).await;
        Ok(())
    }

    /// Asks the terminal what it can do, and waits a little; keys typed meanwhile are kept.
    async fn ask(&mut self, inputs: &mut UnboundedReceiver<Option<Input>>) -> Vec<Input> {
        self.frames.write(self.probe.questions().into_bytes());
        let mut early = Vec::new();
        let until = tokio::time::Instant::now() + PATIENCE;
        while !self.probe.done() {
            match tokio::time::timeout_at(until, inputs.recv()).await {
                Ok(Some(Some(Input::Answer(answer)))) => drop(self.probe.take(answer)),
                Ok(Some(Some(key))) => early.push(key),
                Ok(_) => {
                    self.leaving = true;
                    break;
                }
                Err(_) => break,
            }
        }
        early
    }

    fn wait(&self) -> Duration {
        let tick = self.model.due().map_or(TICK, |due| Duration::from_millis(due.saturating_sub(self.now().ms))).min(TICK);
        match (self.dirty && self.keeping == 0 && !self.frames.writing(), self.drawn_at) {
            (true, Some(at)) => FRAME.saturating_sub(at.elapsed()).max(self.frames.wait().unwrap_or_default()).min(tick),
            _ => tick,
        }
    }

    fn now(&self) -> Moment {
        Moment { ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX), wall: Timestamp::now() }
    }

    fn happen(&mut self, event: Event) {
        self.dirty = true;
        self.happen_quietly(event);
    }

    /// A frame is through. That the photo was seen changes nothing to be seen; all else does.
    fn seen(&mut self, event: Event) {
        match event {
            Event::Shown(_) | Event::TilesShown(_) => self.happen_quietly(event),
            other => self.happen(other),
        }
    }

    /// Something that changes nothing to be seen.
    fn happen_quietly(&mut self, event: Event) {
        let message = Message { at: self.now(), event };
        if let Some(recorder) = &mut self.recorder
            && let Err(error) = recorder.write(&message, self.model.field().map(Field::purpose))
        {
            tracing::warn!(%error, "the record cannot be written");
            self.recorder = None;
        }
        for effect in update(&mut self.model, message) {
            match effect {
                Effect::Quit => self.leaving = true,
                Effect::Suspend => self.suspend(),
                other => {
                    self.keeping += usize::from(matches!(other, Effect::Act { .. } | Effect::KeepMine { .. }));
                    self.world.carry_out(other);
                }
            }
        }
    }

    fn input(&mut self, input: Input) {
        match input {
            Input::Key(key) => self.happen(Event::Key(key)),
            // The first is the answer to the probe; all others are to frames.
            Input::Answer(Answer::There) if self.probe.facts().answers => {
                for event in self.frames.answered() {
                    self.seen(event);
                }
            }
            // Pasted text is no command.
            Input::Paste(_) if self.model.field().is_none() => {}
            Input::Paste(text) => self.happen(Event::Paste(text)),
            Input::Answer(answer) => {
                if self.probe.take(answer) {
                    let facts = self.probe.facts();
                    self.happen(Event::Terminal(facts));
                }
            }
        }
    }

    fn worked(&mut self, event: Event) {
        if let Event::Picture { request, .. } = &event {
            self.world.finished(request);
        }
        if let Event::Outbox(OutboxEvent::Kept { .. } | OutboxEvent::NotKept { .. }) = &event {
            self.keeping = self.keeping.saturating_sub(1);
        }
        self.happen(event);
    }

    fn signal(&mut self, signal: Signal) -> Result<(), DeskError> {
        match signal {
            Signal::Leave => self.leaving = true,
            Signal::Suspend => self.suspend(),
            Signal::Continued => self.come_back(),
            Signal::Resized => {
                let (width, height) = crossterm::terminal::size()?;
                self.happen(Event::Resized { width, height });
            }
        }
        Ok(())
    }

    fn suspend(&mut self) {
        self.forget_pictures();
        self.guard.suspend();
        signals::stop_here();
        self.come_back();
    }

    fn come_back(&mut self) {
        if let Err(error) = self.guard.resume() {
            tracing::error!(%error, "the terminal does not work any more");
            self.leaving = true;
            return;
        }
        self.frames.clear();
        if let Ok((width, height)) = crossterm::terminal::size() {
            self.happen(Event::Resized { width, height });
        }
        self.happen(Event::Resumed);
    }

    fn forget_pictures(&mut self) {
        self.frames.forget(self.probe.facts().kitty);
    }

    fn draw(&mut self) -> Result<(), DeskError> {
        self.frames.draw(&self.model, self.probe.facts().answers)?;
        self.dirty = false;
        self.drawn_at = Some(Instant::now());
        Ok(())
    }
}

/// The pixels of a cell, where the kernel was told.
fn kernel_cell() -> Option<(u16, u16)> {
    let size = crossterm::terminal::window_size().ok()?;
    let cell = (size.width.checked_div(size.columns)?, size.height.checked_div(size.rows)?);
    Some(cell).filter(|(width, height)| *width > 0 && *height > 0)
}
