//! The server: where it listens, and until when.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::middleware;
use earmark_engine::index::ModelId;

use crate::api;
use crate::app::App;
use crate::error::ServeError;
use crate::guard::{self, Guard};
use crate::model::{LoadModel, Model};

/// Larger files are not taken, unless the caller says otherwise.
const MAX_UPLOAD_BYTES: u64 = 512 << 20;
/// How soon a wish to stop is noticed.
const LOOK: Duration = Duration::from_millis(50);
/// How long requests in work may take to end.
const GRACE: Duration = Duration::from_millis(300);

/// What is served, and how.
pub struct Options {
    /// The library's folder; it need not exist yet.
    pub library: PathBuf,
    /// Port of 127.0.0.1; 0 is any that is free.
    pub port: u16,
    /// Files dropped on the page may have so many bytes.
    pub max_upload_bytes: u64,
    /// Loads the model that made a library, or the default one; the error is a sentence for the user.
    pub load_model: Box<LoadModel>,
}

impl Options {
    /// Any free port, and the usual limit.
    pub fn new(
        library: PathBuf,
        load_model: impl Fn(Option<&ModelId>) -> Result<Model, String> + Send + Sync + 'static,
    ) -> Self {
        Self { library, port: 0, max_upload_bytes: MAX_UPLOAD_BYTES, load_model: Box::new(load_model) }
    }
}

/// A server that listens, and answers once it [runs](Server::run).
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    guard: Arc<Guard>,
    app: Arc<App>,
}

impl Server {
    /// Listens on 127.0.0.1, with a new token.
    ///
    /// # Errors
    /// [`ServeError::Bind`] when the port is taken.
    pub fn bind(options: Options) -> Result<Self, ServeError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let listener = TcpListener::bind(address).map_err(|source| ServeError::Bind { address, source })?;
        listener.set_nonblocking(true).map_err(ServeError::System)?;
        let address = listener.local_addr().map_err(ServeError::System)?;
        let guard = Arc::new(Guard::new(address.port()).map_err(ServeError::System)?);
        let app = App::start(options.library, options.load_model, options.max_upload_bytes)
            .map_err(ServeError::System)?;
        Ok(Self { listener, address, guard, app })
    }

    /// The page's whole address, with the token.
    pub fn url(&self) -> String {
        format!("http://{}/{}/", self.address, self.guard.token())
    }

    /// Answers until `stop` is raised.
    ///
    /// # Errors
    /// [`ServeError::System`] when the threads cannot be had or the listener is lost.
    pub fn run(self, stop: &AtomicBool) -> Result<(), ServeError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("server")
            .enable_all()
            .build()
            .map_err(ServeError::System)?;
        let app = self.app;
        let routes = api::routes(self.guard.token(), Arc::clone(&app))
            .layer(middleware::from_fn_with_state(self.guard, guard::stand));
        let listener = self.listener;
        let outcome: io::Result<()> = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let serving = async { axum::serve(listener, routes).await };
            let stopping = async {
                while !stop.load(Ordering::Relaxed) {
                    tokio::time::sleep(LOOK).await;
                }
                Ok(())
            };
            tokio::select! {
                outcome = serving => outcome,
                outcome = stopping => outcome,
            }
        });
        // What works in the background ends, too.
        app.map.stop();
        app.review.job.stop();
        runtime.shutdown_timeout(GRACE);
        outcome.map_err(ServeError::System)
    }
}
