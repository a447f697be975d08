//! Dialogs and the file manager: whatever of the desktop may take its time, on threads of its own.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use baseview::WindowContext;

use super::app::Choice;
use super::window::{Mailbox, Message};

/// Lets the user choose a file or folder; the answer comes by mail.
pub(super) fn choose(choice: Choice, window: &WindowContext, mailbox: Mailbox) {
    let dialog = rfd::AsyncFileDialog::new().set_parent(window);
    // The future is made here, on the window's thread, where macOS wants its dialogs; only the waiting is elsewhere.
    match choice {
        Choice::File => {
            let answer =
                dialog.set_title("Find what sounds like a file").add_filter("Sounds", &SOUNDS).pick_file();
            background(mailbox, move |mailbox| deliver(choice, pollster::block_on(answer), mailbox));
        }
        Choice::Library => {
            let answer = dialog.set_title("The library’s folder").pick_folder();
            background(mailbox, move |mailbox| deliver(choice, pollster::block_on(answer), mailbox));
        }
    }
}

/// Extensions that the dialog shows; the analysis tells formats by their contents.
const SOUNDS: [&str; 17] = [
    "wav", "wave", "bwf", "rf64", "w64", "aif", "aiff", "aifc", "flac", "mp3", "m4a", "mp4", "caf", "ogg",
    "oga", "opus", "WAV",
];

fn deliver(choice: Choice, answer: Option<rfd::FileHandle>, mailbox: &Mailbox) {
    if let Some(file) = answer {
        mailbox.send(Message::Chosen(choice, file.path().to_path_buf()));
    }
}

/// Shows a file in the file manager, selected where that is possible.
pub(super) fn reveal(path: PathBuf, mailbox: Mailbox) {
    background(mailbox, move |mailbox| {
        if !path.exists() {
            mailbox
                .send(Message::Failed(format!("{} is not there; index the library again", path.display())));
        } else if let Err(error) = show_in_file_manager(&path) {
            mailbox.send(Message::Failed(format!("{} cannot be shown: {error}", path.display())));
        }
    });
}

fn background(mailbox: Mailbox, work: impl FnOnce(&Mailbox) + Send + 'static) {
    let failed = mailbox.clone();
    if let Err(error) =
        std::thread::Builder::new().name("earmark desktop".into()).spawn(move || work(&mailbox))
    {
        failed.send(Message::Failed(format!("no thread for it: {error}")));
    }
}

#[cfg(target_os = "linux")]
fn show_in_file_manager(path: &Path) -> io::Result<()> {
    // freedesktop's FileManager1 selects the file; where no file manager offers it, its folder is opened.
    let uri = format!("array:string:{}", super::drag_out::file_uri(path));
    let selected = run(Command::new("dbus-send").args([
        "--session",
        "--print-reply",
        "--dest=org.freedesktop.FileManager1",
        "/org/freedesktop/FileManager1",
        "org.freedesktop.FileManager1.ShowItems",
        &uri,
        "string:",
    ]));
    selected.or_else(|_| run(Command::new("xdg-open").arg(path.parent().unwrap_or(path))))
}

#[cfg(target_os = "macos")]
fn show_in_file_manager(path: &Path) -> io::Result<()> {
    run(Command::new("open").arg("-R").arg(path))
}

#[cfg(target_os = "windows")]
fn show_in_file_manager(path: &Path) -> io::Result<()> {
    use std::os::windows::process::CommandExt as _;

    // Explorer wants its own quoting, and answers 1 also when all went well.
    Command::new("explorer").raw_arg(format!("/select,\"{}\"", path.display())).spawn().map(drop)
}

#[cfg(not(target_os = "windows"))]
fn run(command: &mut Command) -> io::Result<()> {
    use std::process::Stdio;

    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("the file manager answered {status}")))
    }
}
