//! What ends a command: the engine's errors with their context, in one line each.

use std::io;
use std::path::PathBuf;

use earmark_engine::audio::AudioError;
use earmark_engine::index::IndexError;
use earmark_engine::indexing::IndexingError;
use earmark_engine::network::{EmbedError, ModelError};
use earmark_engine::search::filter::FilterError;
use earmark_engine::ucs::{LabelTableError, UcsError};
use earmark_labelling::taxonomy::TaxonomyError;
use earmark_relabel::{ChangeError, PlanError, SuggestionsError};
use earmark_server::ServeError;
use earmark_trainer::dataset::{CacheError, DataSetError};
use thiserror::Error;

/// Why a command ended early.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("output closed")]
    BrokenPipe,
    #[error("cannot write the output: {}", with_advice(.0))]
    Output(io::Error),
    #[error(transparent)]
    Audio(#[from] AudioError),
    #[error(transparent)]
    Library(#[from] IndexError),
    #[error(transparent)]
    Indexing(#[from] IndexingError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Embedding(#[from] EmbedError),
    #[error("--filter: {0}")]
    Filter(#[from] FilterError),
    #[error("--labels: {0}")]
    Labels(#[from] LabelTableError),
    #[error(transparent)]
    Taxonomy(#[from] TaxonomyError),
    #[error("--ucs: {0}")]
    Ucs(#[from] UcsError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Map(#[from] earmark_atlas::AtlasError),
    #[error(transparent)]
    Demo(#[from] earmark_demo::DemoError),
    #[error("--from: {0}")]
    Suggestions(#[from] SuggestionsError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error(transparent)]
    DataSet(#[from] DataSetError),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error("{}: cannot {action}: {}", path.display(), with_advice(source))]
    File { path: PathBuf, action: &'static str, source: io::Error },
    #[error("{0}")]
    Usage(String),
}

/// An error of the system, and what to do about it.
fn with_advice(error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space and run the command again"
        }
        io::ErrorKind::PermissionDenied => "; change its permissions or name another place",
        io::ErrorKind::NotFound => "; check the path",
        _ => "",
    };
    format!("{error}{advice}")
}

impl Failure {
    pub(crate) fn file(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, action, source }
    }
}

/// Errors of standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Output(error),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}
