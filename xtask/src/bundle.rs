//! `cargo xtask bundle` and `cargo xtask install`: the plugin as hosts want to find it.
//!
//! Both formats are one library. CLAP wants it as a file (a bundle folder on macOS), VST3 in a bundle folder with a
//! subfolder for each system and processor (VST 3 SDK, "VST 3 Locations / Format").

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::cargo;
use crate::files::write_atomically;

/// Arguments of `cargo xtask bundle`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Build without optimisation, which is quicker
    #[arg(long)]
    debug: bool,
    /// Build for another system, such as x86_64-apple-darwin
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Where to put the bundles [default: target/bundled in the repository]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Arguments of `cargo xtask install`.
#[derive(clap::Args)]
pub(crate) struct InstallArguments {
    /// Build without optimisation, which is quicker
    #[arg(long)]
    debug: bool,
    /// Put the bundles into DIR/CLAP and DIR/VST3 rather than where hosts look
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// Why there are no bundles.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{}: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("cargo cannot be run: {0}")]
    Cargo(io::Error),
    #[error("building the plugin failed ({0}); the reason is above")]
    Build(ExitStatus),
    #[error("cargo has built the plugin but not said where its library lies")]
    NoLibrary,
    #[error("{0} is no system that plugins are built for; Linux, macOS and Windows are")]
    System(String),
    #[error("there is no home folder to install into; say where with --to DIR")]
    NoHome,
}

/// The systems that there are bundles for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Linux,
    MacOs,
    Windows,
}

/// Builds the plugin and makes both bundles.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let made = bundle(arguments)?;
    for path in made {
        println!("{}", path.display());
    }
    Ok(())
}

/// Builds the plugin and puts both bundles where hosts look for them.
pub(crate) fn install(arguments: &InstallArguments) -> Result<(), Error> {
    let [clap, vst3] = bundle(&Arguments { debug: arguments.debug, target: None, out: None })?;
    let folders = match &arguments.to {
        Some(dir) => [dir.join("CLAP"), dir.join("VST3")],
        None => host_folders(System::of(std::env::consts::OS)?, |name| std::env::var_os(name))
            .ok_or(Error::NoHome)?,
    };
    for (bundle, folder) in [clap, vst3].iter().zip(folders) {
        let to = folder.join(bundle.file_name().unwrap_or_default());
        remove(&to)?;
        copy(bundle, &to)?;
        println!("installed {}", to.display());
    }
    Ok(())
}

fn bundle(arguments: &Arguments) -> Result<[PathBuf; 2], Error> {
    let triple = arguments.target.as_deref();
    let system = System::of(triple.unwrap_or(std::env::consts::OS))?;
    let processor = triple.and_then(|triple| triple.split('-').next()).unwrap_or(std::env::consts::ARCH);
    let library = build(arguments)?;
    let out = arguments.out.clone().unwrap_or_else(|| repository().join("target/bundled"));
    lay_out(&library, &out, system, processor)
}

/// Makes both bundles of a library.
fn lay_out(library: &Path, out: &Path, system: System, processor: &str) -> Result<[PathBuf; 2], Error> {
    let bundles = [out.join("Earmark.clap"), out.join("Earmark.vst3")];
    for bundle in &bundles {
        remove(bundle)?;
    }
    let [clap, vst3] = &bundles;
    if system == System::MacOs {
        for bundle in &bundles {
            copy(library, &bundle.join("Contents/MacOS/Earmark"))?;
            write(&bundle.join("Contents/Info.plist"), info_plist().as_bytes())?;
            write(&bundle.join("Contents/PkgInfo"), b"BNDL????")?;
            sign(bundle);
        }
    } else {
        copy(library, clap)?;
        copy(library, &vst3.join("Contents").join(vst3_binary(system, processor)))?;
    }
    Ok(bundles)
}

/// Builds the plugin alone; returns its library.
fn build(arguments: &Arguments) -> Result<PathBuf, Error> {
    let mut command = Command::new(cargo());
    // For hosts alone: built for tests to link as well, it would not be optimised across crates.
    command.args(["rustc", "--package", "earmark-plugin", "--lib", "--crate-type", "cdylib"]);
    command.args(["--profile", if arguments.debug { "dev" } else { "bundle" }]);
    command.arg("--message-format=json-render-diagnostics");
    if let Some(triple) = &arguments.target {
        command.args(["--target", triple]);
    }
    let done = command.current_dir(repository()).stderr(Stdio::inherit()).output().map_err(Error::Cargo)?;
    if !done.status.success() {
        return Err(Error::Build(done.status));
    }
    String::from_utf8_lossy(&done.stdout).lines().find_map(library_in).ok_or(Error::NoLibrary)
}

/// The plugin's library, if a message of cargo's says where it is. So it is found whatever settings there are.
fn library_in(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    if message["reason"] != "compiler-artifact" || message["target"]["name"] != "earmark_plugin" {
        return None;
    }
    let files = message["filenames"].as_array()?.iter().filter_map(|file| file.as_str());
    files.map(PathBuf::from).find(|file| {
        file.extension()
            .is_some_and(|extension| ["so", "dylib", "dll"].iter().any(|known| extension == *known))
    })
}

/// The folder of the repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).components().as_path().parent().unwrap_or(Path::new(".")).to_owned()
}

impl System {
    /// From the name of a system or a target triple.
    fn of(name: &str) -> Result<Self, Error> {
        match name {
            _ if name.contains("linux") => Ok(Self::Linux),
            _ if name.contains("darwin") || name == "macos" => Ok(Self::MacOs),
            _ if name.contains("windows") => Ok(Self::Windows),
            _ => Err(Error::System(name.to_owned())),
        }
    }
}

/// Where the library lies below `Contents`.
fn vst3_binary(system: System, processor: &str) -> PathBuf {
    match system {
        System::Windows => {
            // Windows has names of its own for the processors it shares with others.
            let processor = if processor == "aarch64" { "arm64" } else { processor };
            PathBuf::from(format!("{processor}-win/Earmark.vst3"))
        }
        System::Linux => PathBuf::from(format!("{processor}-linux/Earmark.so")),
        System::MacOs => PathBuf::from("MacOS/Earmark"),
    }
}

/// The user's folders for CLAP and VST3.
fn host_folders(system: System, variable: impl Fn(&str) -> Option<OsString>) -> Option<[PathBuf; 2]> {
    let folder = |name: &str, tail: [&str; 2]| {
        let base = PathBuf::from(variable(name).filter(|value| !value.is_empty())?);
        Some(tail.map(|tail| base.join(tail)))
    };
    match system {
        System::Linux => folder("HOME", [".clap", ".vst3"]),
        System::MacOs => folder("HOME", ["Library/Audio/Plug-Ins/CLAP", "Library/Audio/Plug-Ins/VST3"]),
        System::Windows => folder("LOCALAPPDATA", ["Programs/Common/CLAP", "Programs/Common/VST3"]),
    }
}

fn info_plist() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>CFBundleDevelopmentRegion</key><string>en</string>
  <key>CFBundleExecutable</key><string>Earmark</string>
  <key>CFBundleIdentifier</key><string>org.earmark.earmark</string>
  <key>CFBundleInfoDictionaryVersion</key><string>6.0</string>
  <key>CFBundleName</key><string>Earmark</string>
  <key>CFBundlePackageType</key><string>BNDL</string>
  <key>CFBundleShortVersionString</key><string>{version}</string>
  <key>CFBundleSignature</key><string>????</string>
  <key>CFBundleVersion</key><string>{version}</string>
  <key>NSHighResolutionCapable</key><true/>
</dict>
</plist>
"#
    )
}

/// Apple's processors run signed code alone; for one's own computer a signature without a name is enough.
fn sign(bundle: &Path) {
    if cfg!(target_os = "macos") {
        let signed = Command::new("codesign").args(["--force", "--sign", "-"]).arg(bundle).status();
        if !signed.is_ok_and(|status| status.success()) {
            eprintln!("xtask: {} could not be signed; hosts may refuse it", bundle.display());
        }
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Error::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Copies a file or a folder, making the folders that it needs.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    if from.is_dir() {
        for entry in std::fs::read_dir(from).map_err(failed(from))? {
            let entry = entry.map_err(failed(from))?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    let folder = to.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    std::fs::copy(from, to).map_err(failed(from))?;
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    write_atomically(path, bytes).map_err(failed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_system_has_its_place_in_the_bundle() {
        let binary = |triple: &str| {
            vst3_binary(System::of(triple).unwrap(), triple.split('-').next().unwrap()).display().to_string()
        };
        assert_eq!(binary("x86_64-unknown-linux-gnu"), "x86_64-linux/Earmark.so");
        assert_eq!(binary("aarch64-apple-darwin"), "MacOS/Earmark");
        assert_eq!(binary("x86_64-pc-windows-msvc"), "x86_64-win/Earmark.vst3");
        assert_eq!(binary("aarch64-pc-windows-msvc"), "arm64-win/Earmark.vst3");
        assert!(System::of("wasm32-unknown-unknown").is_err());
    }

    /// What lies below a folder: files by their paths with `/`, in order.
    fn files_below(folder: &Path) -> Vec<String> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if entry.path().is_dir() {
                files.extend(files_below(&entry.path()).iter().map(|below| format!("{name}/{below}")));
            } else {
                files.push(name);
            }
        }
        files.sort();
        files
    }

    #[test]
    fn bundles_are_laid_out_as_the_hosts_of_each_system_look_for_them() {
        let dir = tempfile::tempdir().unwrap();
        let library = dir.path().join("built");
        std::fs::write(&library, "the library").unwrap();
        let of = |system, processor| {
            let out = dir.path().join("out");
            // What lay there before is replaced whole.
            std::fs::create_dir_all(out.join("Earmark.vst3/Contents/old")).unwrap();
            let [clap, vst3] = lay_out(&library, &out, system, processor).unwrap();
            assert_eq!((clap.parent(), vst3.parent()), (Some(&*out), Some(&*out)));
            let files = files_below(&out);
            std::fs::remove_dir_all(&out).unwrap();
            files
        };
        assert_eq!(
            of(System::Linux, "x86_64"),
            ["Earmark.clap", "Earmark.vst3/Contents/x86_64-linux/Earmark.so"]
        );
        assert_eq!(
            of(System::Windows, "x86_64"),
            ["Earmark.clap", "Earmark.vst3/Contents/x86_64-win/Earmark.vst3"]
        );
        let folder = |bundle: &str| {
            ["Info.plist", "MacOS/Earmark", "PkgInfo"].map(|file| format!("{bundle}/Contents/{file}"))
        };
        assert_eq!(of(System::MacOs, "aarch64"), [folder("Earmark.clap"), folder("Earmark.vst3")].concat());
    }

    #[test]
    fn bundles_go_where_hosts_look() {
        let folders = |system| {
            let folders = host_folders(system, |name| Some(format!("/{name}").into())).unwrap();
            folders.map(|folder| folder.display().to_string().replace('\\', "/"))
        };
        assert_eq!(folders(System::Linux), ["/HOME/.clap", "/HOME/.vst3"]);
        let apple = "/HOME/Library/Audio/Plug-Ins";
        assert_eq!(folders(System::MacOs), [format!("{apple}/CLAP"), format!("{apple}/VST3")]);
        let windows = "/LOCALAPPDATA/Programs/Common";
        assert_eq!(folders(System::Windows), [format!("{windows}/CLAP"), format!("{windows}/VST3")]);
        assert_eq!(host_folders(System::Linux, |_| None), None);
    }

    #[test]
    fn the_library_is_where_cargo_says() {
        let other =
            r#"{"reason":"compiler-artifact","target":{"name":"egui"},"filenames":["/t/libegui.rlib"]}"#;
        let ours = r#"{"reason":"compiler-artifact","target":{"name":"earmark_plugin"},"filenames":["/t/libearmark_plugin.rlib","/t/libearmark_plugin.so"]}"#;
        assert_eq!(library_in(other), None);
        assert_eq!(library_in("not a message"), None);
        assert_eq!(library_in(ours), Some(PathBuf::from("/t/libearmark_plugin.so")));
    }
}
