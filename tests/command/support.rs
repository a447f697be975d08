//! Runs the built command on folders that are thrown away afterwards.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use earmark_demo::render;

/// A folder of its own with a library beside the sounds.
pub(crate) struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sounds")).unwrap();
        Self { dir }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The folder that is indexed.
    pub(crate) fn sounds(&self) -> PathBuf {
        self.dir.path().join("sounds")
    }

    pub(crate) fn library(&self) -> PathBuf {
        self.dir.path().join("library")
    }

    /// Writes a take of a demo recipe as a 16-bit WAV below the indexed folder.
    pub(crate) fn sound(&self, name: &str, recipe: &str, take: u32) -> PathBuf {
        let audio = render(recipe, 1, take).unwrap_or_else(|| panic!("no recipe {recipe}"));
        let path = self.sounds().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes = earmark_demo::wav::encode(&audio, earmark_demo::SampleFormat::I16, &Default::default());
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The command with its library and without anything from the user's environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
        command.env("EARMARK_LIBRARY", self.library()).env("HOME", self.dir()).env_remove("EARMARK_MODELS");
        command.env_remove("EARMARK_LOG").current_dir(self.dir());
        command
    }

    /// Runs the command to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.command().args(args).output().unwrap().into()
    }
}

/// What a run left behind.
pub(crate) struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {}\n{}", self.out, self.err))
    }

    /// Asserts how it ended.
    pub(crate) fn ended(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }
}
