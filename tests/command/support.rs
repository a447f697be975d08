//! Runs the built command on folders that are thrown away afterwards.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use earmark_demo::{Audio, SampleFormat, render, wav};
use serde_json::Value;

/// Nothing that is waited for takes this long, however busy the machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A folder of its own with a library beside the sounds.
pub(crate) struct Bench {
    _owned: Option<tempfile::TempDir>,
    dir: PathBuf,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let owned = tempfile::tempdir().unwrap();
        // As the command names it: some systems reach their temporary folder through a link.
        let dir = owned.path().canonicalize().unwrap();
        fs::create_dir(dir.join("sounds")).unwrap();
        Self { _owned: Some(owned), dir }
    }

    /// A bench for several tests, made anew by the first; it stays until the next `cargo clean`.
    pub(crate) fn lasting(name: &str) -> Self {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if dir.exists() {
            fs::remove_dir_all(&dir).unwrap();
        }
        fs::create_dir_all(dir.join("sounds")).unwrap();
        Self { _owned: None, dir: dir.canonicalize().unwrap() }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder that is indexed.
    pub(crate) fn sounds(&self) -> PathBuf {
        self.dir.join("sounds")
    }

    pub(crate) fn library(&self) -> PathBuf {
        self.dir.join("library")
    }

    /// Writes a take of a demo recipe as a 16-bit WAV below the indexed folder.
    pub(crate) fn sound(&self, name: &str, recipe: &str, take: u32) -> PathBuf {
        self.write(format!("sounds/{name}"), &wav_of(&take_of(recipe, take)))
    }

    /// Writes the first moments of a take, short enough to be a single frame: cheap to index.
    pub(crate) fn snippet(&self, name: &str, recipe: &str, take: u32) -> PathBuf {
        self.write(format!("sounds/{name}"), &snippet_of(recipe, take))
    }

    /// Writes a file, and the folders it needs, as if it had been there for an hour.
    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: &[u8]) -> PathBuf {
        let path = self.dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        age(&path);
        path
    }

    /// The command with its library and without anything from the user's environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
        self.prepare(&mut command);
        command
    }

    /// Gives a command the environment of this bench.
    pub(crate) fn prepare(&self, command: &mut Command) {
        command.env("EARMARK_LIBRARY", self.library()).env("HOME", self.dir()).current_dir(self.dir());
        for name in
            ["EARMARK_MODELS", "EARMARK_LOG", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "XDG_DATA_HOME"]
        {
            command.env_remove(name);
        }
    }

    /// Runs the command to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.command().args(args).output().unwrap().into()
    }

    /// Runs the command to its end, with this on its standard input.
    pub(crate) fn run_with_input<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Ran {
        let mut command = self.command();
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap().into()
    }

    /// Indexes the folder of sounds, which must go well, and returns the summary.
    pub(crate) fn index(&self) -> Value {
        self.run(["index", "sounds", "--json"]).ended(0).json()
    }

    /// The answer of `find` to a sound, with further arguments.
    pub(crate) fn find(&self, asked: &Path, args: &[&str]) -> Value {
        self.run(find_args(asked, args)).ended(0).json()
    }

    /// What the library holds.
    pub(crate) fn info(&self) -> Value {
        self.run(["info", "--json"]).json()
    }

    /// Names of all sounds of the library, relative to this bench, sorted.
    pub(crate) fn known(&self) -> Vec<String> {
        let listed = self.run(["forget", "/", "--dry-run"]);
        let below = format!("{}/", self.dir.display());
        let mut known: Vec<String> =
            listed.out.lines().filter_map(|line| line.strip_prefix(&below)).map(Into::into).collect();
        known.sort();
        known
    }

    /// The library's segment files, oldest first.
    pub(crate) fn segments(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.library()).unwrap().map(|entry| entry.unwrap().path());
        let mut segments: Vec<PathBuf> =
            entries.filter(|path| path.extension().is_some_and(|ending| ending == "segment")).collect();
        segments.sort();
        segments
    }

    /// Waits until a process holds the library's lock.
    pub(crate) fn wait_for_writer(&self, child: &mut Child) {
        let owner = format!("process {}", child.id());
        wait_until(|| {
            assert!(child.try_wait().unwrap().is_none(), "the writer ended early");
            fs::read_to_string(self.library().join("lock")).is_ok_and(|text| text.contains(&owner))
        });
    }
}

/// Arguments of `find … --json`.
pub(crate) fn find_args(asked: &Path, args: &[&str]) -> Vec<PathBuf> {
    let mut all = vec!["find".into(), asked.into(), "--json".into()];
    all.extend(args.iter().map(PathBuf::from));
    all
}

/// A take of a demo recipe.
pub(crate) fn take_of(recipe: &str, take: u32) -> Audio {
    render(recipe, 1, take).unwrap_or_else(|| panic!("no recipe {recipe}"))
}

/// A 16-bit WAV file.
pub(crate) fn wav_of(audio: &Audio) -> Vec<u8> {
    wav::encode(audio, SampleFormat::I16, &Default::default())
}

/// A WAV file of the first moments of a take.
pub(crate) fn snippet_of(recipe: &str, take: u32) -> Vec<u8> {
    let mut audio = take_of(recipe, take);
    let length = audio.sample_rate_hz as usize / 2;
    audio.channels.truncate(1);
    audio.channels[0].truncate(length);
    wav_of(&audio)
}

/// A long sound, to keep the command at work: so many minutes of a take over and over.
pub(crate) fn minutes_of(recipe: &str, minutes: usize) -> Vec<u8> {
    let mut audio = take_of(recipe, 1);
    audio.channels.truncate(1);
    let length = audio.sample_rate_hz as usize * 60 * minutes;
    audio.channels[0] = audio.channels[0].iter().copied().cycle().take(length).collect();
    wav_of(&audio)
}

/// Makes a file's time so old that it is relied on.
pub(crate) fn age(path: &Path) {
    set_modified(path, SystemTime::now() - Duration::from_secs(3600));
}

pub(crate) fn set_modified(path: &Path, time: SystemTime) {
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

/// Waits for something that happens soon.
pub(crate) fn wait_until(mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain");
        thread::sleep(Duration::from_millis(2));
    }
}

/// What a summary of `index` counts, as in `2 new, 1 moved`; what is 0 is left out.
pub(crate) fn tally(summary: &Value) -> String {
    let mut parts = Vec::new();
    for what in ["new", "copied", "changed", "moved", "removed", "relabelled", "unchanged"] {
        parts.push((summary[what].as_u64().unwrap(), what));
    }
    parts.push((summary["unreadable"].as_array().unwrap().len() as u64, "unreadable"));
    let parts: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    parts.join(", ")
}

/// Asserts that a run of `index` has not decoded anything.
pub(crate) fn decoded_nothing(summary: &Value) {
    assert_eq!(summary["audio_s"].as_f64(), Some(0.0), "{summary:#}");
}

/// Names of the sounds that an answer lists, best first.
pub(crate) fn names(answer: &Value) -> Vec<String> {
    let name = |result: &Value| {
        let path = Path::new(result["path"].as_str().unwrap());
        path.file_name().unwrap().to_string_lossy().into_owned()
    };
    answer["results"].as_array().unwrap().iter().map(name).collect()
}

/// The program of that name, if this machine has it.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let found = std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        eprintln!("skipped: there is no {name} here");
    }
    found
}

/// What belongs to the project, but not into its repository, if it is there.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name);
    if !path.exists() {
        eprintln!("skipped: there is no {}", path.display());
        return None;
    }
    Some(path)
}

/// A command at work, which does not outlive its test.
pub(crate) struct Running(Option<Child>);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(Some(command.spawn().unwrap()))
    }

    /// Presses Ctrl-C.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        let pid = self.0.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl std::ops::Deref for Running {
    type Target = Child;
    fn deref(&self) -> &Child {
        self.0.as_ref().unwrap()
    }
}

impl std::ops::DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
    pub out_bytes: Vec<u8>,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            out_bytes: output.stdout,
        }
    }
}

impl Ran {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in {}\n{}", self.out, self.err))
    }

    /// Asserts how it ended.
    pub(crate) fn ended(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// Asserts that it refused in one line that says all of this, and nothing else.
    pub(crate) fn refused(self, words: &[&str]) -> Self {
        let ran = self.ended(2);
        assert_eq!(ran.err.lines().count(), 1, "not one line: {}", ran.err);
        assert!(ran.err.starts_with("earmark: "), "{}", ran.err);
        for word in words {
            assert!(ran.err.contains(word), "no {word:?} in {}", ran.err);
        }
        assert_eq!(ran.out, "");
        ran
    }
}

/// The command as someone without special rights, who owns the bench; `None` where that cannot be had.
#[cfg(unix)]
pub(crate) fn without_rights(bench: &Bench) -> Option<Command> {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65534;
    let mut command = bench.command();
    if fs::metadata("/proc/self").map_or(1, |own| own.uid()) != 0 {
        return Some(command);
    }
    give(&bench.dir, NOBODY).unwrap();
    command.uid(NOBODY).gid(NOBODY);
    let mut probe = bench.command();
    probe.uid(NOBODY).gid(NOBODY).arg("--version");
    if !probe.output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: the command is out of reach without special rights");
        return None;
    }
    Some(command)
}

/// Gives a folder and all in it to a user.
#[cfg(unix)]
fn give(path: &Path, user: u32) -> io::Result<()> {
    std::os::unix::fs::lchown(path, Some(user), Some(user))?;
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), user)?;
        }
    }
    Ok(())
}

/// Changes the permissions of a path as long as it lives.
#[cfg(unix)]
pub(crate) struct Forbidden(PathBuf);

#[cfg(unix)]
impl Forbidden {
    pub(crate) fn new(path: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
        Self(path.into())
    }
}

#[cfg(unix)]
impl Drop for Forbidden {
    fn drop(&mut self) {
        use std::os::unix::fs::PermissionsExt;
        let _ = fs::set_permissions(&self.0, fs::Permissions::from_mode(0o755));
    }
}

/// SplitMix64, so that every run of the tests kills at the same moments.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (value ^ (value >> 31)) % bound
    }
}
