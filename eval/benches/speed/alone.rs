//! The stages by themselves, on as many threads as ward-eval uses, each with models of its own.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use models::age::{self, Estimator, ImageLimits, PhotoInput};
use models::grooming::{
    self, GroomingManifest, IndexSlot, MessageScorer, Prepared, Screening, TextLimits, Tokens, Turn,
    messages_in_context,
};
use models::{Bundle, Stage};

use crate::project;

const ONE: NonZeroUsize = NonZeroUsize::MIN;

/// Messages in one run of the model: sorted by length over all of the data, which is the fastest order there is.
const BATCH: usize = 16;

/// How long the photos take once the models are open.
pub(crate) fn photos(photos: &[Vec<u8>]) -> Duration {
    let detector = Bundle::open(&project().join("models/bundles/detector")).unwrap();
    let age = Bundle::open(&project().join("models/bundles/age")).unwrap();
    let limits = ImageLimits { max_pixels: 100_000_000 };
    let worker = || {
        let mut prepare = age::Prepare::open(&detector, &age, limits, ONE).unwrap();
        let mut estimator = Estimator::open(&age, ONE).unwrap();
        move |place: usize| {
            let input = PhotoInput { bytes: photos[place].clone(), max_faces: ONE };
            let faces = prepare.run(vec![input]).unwrap().remove(0).unwrap_or_default();
            estimator.run(faces.into_iter().map(|face| face.crop).collect()).unwrap();
        }
    };
    on_all_cores(photos.len(), worker)
}

/// How long the conversations take once the model is open: normalising and tokenising, then scoring.
pub(crate) fn chats(chats: &[Vec<Turn>]) -> Duration {
    let bundle: Bundle<GroomingManifest> = Bundle::open(&project().join("models/bundles/grooming")).unwrap();
    let (turns, prepared) = (bundle.manifest.context_turns(), Mutex::new(Vec::new()));
    let prepare = || {
        let mut stage =
            grooming::Prepare::open(&bundle, TextLimits { max_text_bytes: 1 << 20 }, Screening::Off).unwrap();
        let prepared = &prepared;
        move |place: usize| {
            let messages = messages_in_context(&chats[place], turns);
            let tokens = stage.run(messages).unwrap().into_iter().flatten().filter_map(Prepared::tokens);
            prepared.lock().unwrap().extend(tokens);
        }
    };
    let preparing = on_all_cores(chats.len(), prepare);
    let mut tokens = std::mem::take(&mut *prepared.lock().unwrap());
    tokens.sort_by_key(Tokens::len);
    let batches: Vec<&[Tokens]> = tokens.chunks(BATCH).collect();
    let score = || {
        let mut scorer = MessageScorer::open(&bundle, ONE, IndexSlot::default()).unwrap();
        let batches = &batches;
        move |place: usize| drop(scorer.run(batches[place].to_vec()).unwrap())
    };
    preparing + on_all_cores(batches.len(), score)
}

/// Opens a worker for each core, then lets them share out `items`; the opening does not count.
fn on_all_cores<W: FnMut(usize) + Send>(items: usize, worker: impl Fn() -> W) -> Duration {
    let cores = thread::available_parallelism().unwrap_or(ONE);
    let workers: Vec<W> = (0..cores.get()).map(|_| worker()).collect();
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    thread::scope(|scope| {
        for mut work in workers {
            let next = &next;
            scope.spawn(move || {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= items {
                        return;
                    }
                    work(place);
                }
            });
        }
    });
    started.elapsed()
}
