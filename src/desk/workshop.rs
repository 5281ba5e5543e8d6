//! The desk's own engine, for Fix & accept: works on a thread of its own on the original's bytes. The newest wish wins; an older one is dropped
//! unless it has begun, and then its picture is. Loaded once, at the first wish. Pictures stay in memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    sync::{mpsc::UnboundedSender, watch},
    task::{AbortHandle, spawn_blocking},
};
use uuid::Uuid;

use super::{message::Event, model::TryEnd, picture::resize::NotAPicture};
use crate::{
    api::problem::{Problem, code},
    domain::{adjustment::Adjustments, check::CheckId},
    photo::{Engine, Outcome, PhotoError, ReworkError, Standard, content_hash},
};

/// Pictures that are kept: the one that is shown and the one that takes its place.
const KEPT: usize = 2;
/// How much more clearly a difference is shown than it is.
const AMPLIFIED: i32 = 4;

/// A wish.
#[derive(Debug, Clone)]
pub struct Wish {
    pub ticket: u64,
    pub submission: Uuid,
    pub standard: String,
    pub wanted: Adjustments,
}

type Made = Arc<Mutex<VecDeque<(u64, Arc<[u8]>)>>>;

/// The engine and what it made.
pub struct Workshop {
    wishes: watch::Sender<Option<Wish>>,
    made: Made,
    worker: AbortHandle,
}

impl Workshop {
    /// A workshop that gets a photo's original by `original`, and tells how a wish came out.
    pub fn new<F, Fut>(original: F, events: UnboundedSender<Event>) -> Workshop
    where
        F: Fn(Uuid) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Arc<[u8]>, Problem>> + Send + 'static,
    {
        let (wishes, newest) = watch::channel(None);
        let made = Made::default();
        let worker = tokio::spawn(work(original, newest, Arc::clone(&made), events)).abort_handle();
        Workshop { wishes, made, worker }
    }

    /// Takes a wish in the place of any that has not begun.
    pub fn wish(&self, wish: Wish) {
        self.wishes.send_replace(Some(wish));
    }

    /// The JPEG that came of a wish, while it is among the last.
    #[must_use]
    pub fn made(&self) -> Shelf {
        Shelf(Arc::clone(&self.made))
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

/// Where the last pictures lie.
#[derive(Clone)]
pub struct Shelf(Made);

impl Shelf {
    /// The JPEG of this ticket.
    ///
    /// # Errors
    /// When newer ones have taken its place.
    pub fn take(&self, ticket: u64) -> Result<Arc<[u8]>, Problem> {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = made.iter().find(|(of, _)| *of == ticket).map(|(_, jpeg)| Arc::clone(jpeg));
        found.ok_or_else(|| Problem::new(200, "picture_unreadable", "overtaken"))
    }
}

async fn work<F, Fut>(original: F, mut wishes: watch::Receiver<Option<Wish>>, made: Made, events: UnboundedSender<Event>)
where
    F: Fn(Uuid) -> Fut,
    Fut: Future<Output = Result<Arc<[u8]>, Problem>>,
{
    let mut engine: Option<Arc<Engine>> = None;
    while wishes.changed().await.is_ok() {
        let Some(Wish { ticket, submission, standard, wanted }) = wishes.borrow_and_update().clone() else { continue };
        let end = match original(submission).await {
            Err(problem) => TryEnd::Failed(problem),
            // Overtaken while it was fetched.
            Ok(_) if wishes.has_changed().unwrap_or(false) => continue,
            Ok(bytes) => {
                let known = engine.take();
                let done = spawn_blocking(move || finish(known, &bytes, &standard, &wanted)).await;
                let (kept, outcome) = done.unwrap_or_else(|_| (None, Err(Problem::new(0, code::INTERNAL, "the engine gave up"))));
                engine = kept;
                match outcome {
                    Err(problem) => TryEnd::Failed(problem),
                    Ok(Outcome::Refused { reasons, report }) => TryEnd::Refused { reasons, report: Box::new(report) },
                    Ok(Outcome::Standardized { jpeg, report }) => {
                        let sha256 = content_hash(&jpeg);
                        let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
                        made.push_back((ticket, jpeg.into()));
                        while made.len() > KEPT {
                            made.pop_front();
                        }
                        TryEnd::Made { sha256, report: Box::new(report) }
                    }
                }
            }
        };
        let _ = events.send(Event::Tried { ticket, end });
    }
}

/// The engine, loaded where it was not, and what it made.
fn finish(
    engine: Option<Arc<Engine>>,
    original: &[u8],
    standard: &str,
    wanted: &Adjustments,
) -> (Option<Arc<Engine>>, Result<Outcome, Problem>) {
    let engine = match engine.map_or_else(|| Engine::new().map(Arc::new), Ok) {
        Ok(engine) => engine,
        Err(error) => return (None, Err(of_photo(&error.into()))),
    };
    let Some(standard) = Standard::builtin(standard) else {
        return (Some(engine), Err(Problem::new(0, code::NONSENSE, "no such standard")));
    };
    let outcome = engine.rework(original, &standard, wanted).map_err(|error| match error {
        ReworkError::Beyond(beyond) => beyond_limits(beyond.check),
        ReworkError::Photo(error) => of_photo(&error),
        ReworkError::NotProved(_) => Problem::new(0, code::NOT_PROVED, "not proved"),
    });
    (Some(engine), outcome)
}

fn beyond_limits(check: CheckId) -> Problem {
    Problem::new(0, code::BEYOND_LIMITS, "beyond the standard").with("check", check.code())
}

fn of_photo(error: &PhotoError) -> Problem {
    let problem = Problem::new(0, error.code(), "the photo");
    error.parameters().into_iter().fold(problem, |problem, (name, value)| problem.with(name, value))
}

/// What lies between two pictures of one size, made plain: black where nothing changed.
///
/// # Errors
/// For pictures that are none, or of two sizes.
pub fn difference(before: &image::RgbImage, after: &image::RgbImage) -> Result<image::RgbImage, NotAPicture> {
    if before.dimensions() != after.dimensions() {
        return Err(NotAPicture);
    }
    let (width, height) = before.dimensions();
    Ok(image::RgbImage::from_fn(width, height, |x, y| {
        let (one, other) = (before.get_pixel(x, y).0, after.get_pixel(x, y).0);
        image::Rgb(std::array::from_fn(|channel| {
            let apart = i32::from(one[channel]).abs_diff(i32::from(other[channel]));
            (apart * AMPLIFIED.unsigned_abs()).min(255) as u8
        }))
    }))
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    #[test]
    fn a_difference_is_black_where_nothing_changed_and_plain_where_something_did() {
        let before = RgbImage::from_pixel(4, 4, Rgb([100, 100, 100]));
        let mut after = before.clone();
        after.put_pixel(1, 2, Rgb([110, 90, 200]));
        let plain = difference(&before, &after).unwrap();
        assert_eq!((plain.get_pixel(0, 0).0, plain.get_pixel(1, 2).0), ([0; 3], [40, 40, 255]));
        assert!(difference(&before, &RgbImage::new(3, 4)).is_err());
    }

    #[tokio::test]
    async fn the_newest_wish_is_answered_and_one_without_its_original_says_why() {
        let (events, mut told) = tokio::sync::mpsc::unbounded_channel();
        let workshop = Workshop::new(async |_| Err(Problem::new(404, code::NOT_FOUND, "gone")), events);
        let wish = |ticket| Wish { ticket, submission: Uuid::nil(), standard: "chsi-blue".into(), wanted: Adjustments::default() };
        for ticket in 1..=3 {
            workshop.wish(wish(ticket));
        }
        match told.recv().await {
            Some(Event::Tried { ticket: 3, end: TryEnd::Failed(problem) }) => assert_eq!(problem.code, code::NOT_FOUND),
            other => panic!("{other:?}"),
        }
        assert!(workshop.made().take(3).is_err());
    }
}
