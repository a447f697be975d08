//! `earmark serve`: the library as a local web page.

use earmark_server::{Model, Options, Server};

use crate::cli::{Global, ServeArgs};
use crate::error::Failure;
use crate::{Ending, interrupt, model, output};

pub(crate) fn run(global: &Global, args: ServeArgs) -> Result<Ending, Failure> {
    let asked = args.model.clone();
    let mut options = Options::new(args.library.dir()?, move |library| {
        let model = model::load(asked.as_deref(), library).map_err(|failure| failure.to_string())?;
        Ok(Model { network: model.network, bank: model.bank })
    });
    options.port = args.port;
    options.max_upload_bytes = u64::from(args.max_upload_mb) << 20;
    let stop = interrupt::flag();
    let server = Server::bind(options)?;
    // The address alone on standard output, for scripts; the rest is for people.
    output::print_line(&server.url())?;
    if !global.quiet {
        output::say("The page is for this computer alone: keep the address to yourself. Ctrl-C ends it.");
    }
    server.run(stop)?;
    Ok(Ending::Interrupted)
}
