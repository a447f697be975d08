//! `cargo xtask fuzz-smoke`: runs each fuzz target for a while.
//!
//! The targets are a workspace of their own (`fuzz/`), because libFuzzer needs a C++ compiler. They are built with the
//! versions that the main `Cargo.lock` names, by the stable compiler, without a sanitizer: the engine has no unsafe
//! code but for one mapped file, so panics, endless loops and excessive memory are what there is to find.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// Every target, in the order of `fuzz/Cargo.toml`.
pub(crate) const TARGETS: [&str; 8] =
    ["riff", "segment", "manifest", "ucs_file_name", "card", "label_table", "filter", "rewriting"];
/// An input that takes longer counts as a failure, seconds.
const INPUT_LIMIT_S: u32 = 10;
/// More memory counts as a failure, MiB.
const MEMORY_LIMIT_MIB: u32 = 1536;

/// Run each fuzz target for a while; needs cargo-fuzz and a C++ compiler
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Targets to run; all of them when none is named
    #[arg(value_name = "TARGET", value_parser = TARGETS)]
    targets: Vec<String>,
    /// How long each target runs
    #[arg(long, value_name = "S", default_value_t = 60)]
    seconds: u32,
}

/// Why the targets did not all run to their end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FuzzError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("cargo cannot be run: {0}")]
    Cargo(io::Error),
    #[error(
        "fuzz target {target}: {status}; the input lies in fuzz/artifacts/{target}, `cargo install cargo-fuzz --locked` \
         installs the tool if that is what is missing"
    )]
    Failed { target: String, status: ExitStatus },
}

/// Runs the targets one after the other; stops at the first that fails.
pub(crate) fn run(arguments: &Arguments) -> Result<(), FuzzError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let lock = root.join("fuzz/Cargo.lock");
    std::fs::copy(root.join("Cargo.lock"), &lock).map_err(|source| FuzzError::Io { path: lock, source })?;
    let all = || TARGETS.iter().map(|&target| target.to_owned()).collect();
    let targets = if arguments.targets.is_empty() { all() } else { arguments.targets.clone() };
    for target in targets {
        let corpus = root.join("fuzz/corpus").join(&target);
        std::fs::create_dir_all(&corpus).map_err(|source| FuzzError::Io { path: corpus.clone(), source })?;
        let status = Command::new(crate::cargo())
            .args(["fuzz", "run", "--fuzz-dir", "fuzz", "--sanitizer", "none", &target])
            .arg(format!("fuzz/corpus/{target}"))
            .arg(format!("fuzz/seeds/{target}"))
            .arg("--")
            .args([
                format!("-max_total_time={}", arguments.seconds),
                format!("-timeout={INPUT_LIMIT_S}"),
                format!("-rss_limit_mb={MEMORY_LIMIT_MIB}"),
                "-print_final_stats=1".to_owned(),
            ])
            // cargo-fuzz asks for coverage flags that the stable compiler hides.
            .env("RUSTC_BOOTSTRAP", "1")
            .current_dir(&root)
            .status()
            .map_err(FuzzError::Cargo)?;
        if !status.success() {
            return Err(FuzzError::Failed { target, status });
        }
    }
    Ok(())
}
