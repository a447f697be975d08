//! What all requests share.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use crate::job::Job;
use crate::library::Library;
use crate::map::Made;
use crate::model::{LazyModel, LoadModel};
use crate::peaks::PeakCache;
use crate::questions::{self, Questions};
use crate::review::Review;
use crate::search;

/// The state behind the page.
pub(crate) struct App {
    pub library: Library,
    pub model: LazyModel,
    pub questions: Questions,
    pub peaks: PeakCache,
    pub map: Job<Made>,
    pub review: Review,
    /// Larger files are refused.
    pub max_upload_bytes: u64,
}

impl App {
    /// Starts the threads that load the model and listen to what is dropped; they end with the last reference.
    pub(crate) fn start(
        library: PathBuf,
        load: Box<LoadModel>,
        max_upload_bytes: u64,
    ) -> std::io::Result<Arc<Self>> {
        let (questions, queue) = Questions::new();
        let app = Arc::new(Self {
            library: Library::new(library),
            model: LazyModel::new(load),
            questions,
            peaks: PeakCache::new(),
            map: Job::new(),
            review: Review::new(),
            max_upload_bytes,
        });
        let weak = Arc::downgrade(&app);
        thread::Builder::new().name("listener".into()).spawn(move || questions::listen(&weak, &queue))?;
        let loading = Arc::clone(&app);
        thread::Builder::new().name("model".into()).spawn(move || {
            let view = loading.library.current().ok();
            // What fails here fails again, and is told, when it is needed.
            let model = loading.model.get(view.as_ref().map(|view| &view.snapshot.manifest().model));
            if let (Some(view), Ok(_)) = (view, model) {
                search::warm_up(&loading, &view);
            }
        })?;
        Ok(app)
    }
}
