//! `cargo xtask bundle` and `cargo xtask install`: the plugin as hosts want to find it.
//!
//! Both formats are one library. CLAP wants it as a file (a bundle folder on macOS), VST3 in a bundle folder with a
//! subfolder for each system and processor (VST 3 SDK, "VST 3 Locations / Format").

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

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
    /// Where to put the bundles
    #[arg(long, value_name = "DIR", default_value = "target/bundled")]
    out: PathBuf,
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
    let out = PathBuf::from("target/bundled");
    let [clap, vst3] = bundle(&Arguments { debug: arguments.debug, target: None, out })?;
    let folders = match &arguments.to {
        Some(dir) => [dir.join("CLAP"), dir.join("VST3")],
        None => host_folders(System::of(std::env::consts::OS)?).ok_or(Error::NoHome)?,
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
    let library = build(arguments, system)?;
    let clap = arguments.out.join("Earmark.clap");
    let vst3 = arguments.out.join("Earmark.vst3");
    for bundle in [&clap, &vst3] {
        remove(bundle)?;
    }
    if system == System::MacOs {
        for bundle in [&clap, &vst3] {
            copy(&library, &bundle.join("Contents/MacOS/Earmark"))?;
            write(&bundle.join("Contents/Info.plist"), info_plist().as_bytes())?;
            write(&bundle.join("Contents/PkgInfo"), b"BNDL????")?;
            sign(bundle);
        }
    } else {
        copy(&library, &clap)?;
        copy(&library, &vst3.join("Contents").join(vst3_binary(system, processor)))?;
    }
    Ok([clap, vst3])
}

fn build(arguments: &Arguments, system: System) -> Result<PathBuf, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(["build", "--package", "earmark-plugin", "--lib"]);
    if !arguments.debug {
        command.arg("--release");
    }
    if let Some(triple) = &arguments.target {
        command.args(["--target", triple]);
    }
    let status = command.status().map_err(Error::Cargo)?;
    if !status.success() {
        return Err(Error::Build(status));
    }
    let mut built =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    built.extend(arguments.target.as_deref());
    built.push(if arguments.debug { "debug" } else { "release" });
    built.push(match system {
        System::Linux => "libearmark_plugin.so",
        System::MacOs => "libearmark_plugin.dylib",
        System::Windows => "earmark_plugin.dll",
    });
    Ok(built)
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
fn host_folders(system: System) -> Option<[PathBuf; 2]> {
    let folder = |variable: &str, tail: [&str; 2]| {
        let base = PathBuf::from(std::env::var_os(variable).filter(|value| !value.is_empty())?);
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
}
