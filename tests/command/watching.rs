//! `earmark watch`: the library follows its folders by itself, and steps aside for others.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use earmark_engine::index::PauseRequest;
use serde_json::Value;

use crate::support::{Bench, PATIENCE, Running, minutes_of, snippet_of, tally, wait_until};

/// A watcher at work, and what it tells.
struct Watch {
    child: Running,
    news: Receiver<Value>,
}

impl Watch {
    fn start(bench: &Bench, args: &[&str]) -> Self {
        let mut command = bench.command();
        command.args(["watch", "--settle", "0.3", "--json"]).args(args);
        let mut child = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::null()));
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (send, news) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = send.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, news }
    }

    /// Waits for news that fits; other news are passed over.
    fn hears(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        let mut passed = Vec::new();
        loop {
            match self.news.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(news) if fits(&news) => return news,
                Ok(news) => passed.push(news),
                Err(RecvTimeoutError::Timeout) => panic!("waited in vain for {what}: {passed:#?}"),
                Err(RecvTimeoutError::Disconnected) => panic!("ended before {what}: {passed:#?}"),
            }
        }
    }

    fn hears_of(&self, event: &str) -> Value {
        self.hears(event, |news| news["event"] == event)
    }

    /// Waits for an update that does just this.
    fn updates(&self, expected: &str) -> Value {
        self.hears(expected, |news| news["event"] == "updated" && tally_of_changes(news) == expected)
    }

    fn stop(self) {
        self.child.interrupt();
        assert_eq!(self.child.finish().status.code(), Some(130));
    }
}

/// As [`tally`], without what is as it was: an update may look at more than what has changed.
fn tally_of_changes(news: &Value) -> String {
    let parts: Vec<String> = tally(news)
        .split(", ")
        .filter(|part| !part.ends_with("unchanged") && !part.ends_with("unreadable"))
        .map(Into::into)
        .collect();
    parts.join(", ")
}

#[test]
fn new_changed_moved_and_deleted_sounds_are_noticed() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    let watch = Watch::start(&bench, &["sounds"]);
    watch.updates("1 new");
    bench.snippet("folder/b.wav", "handbell", 1);
    watch.updates("1 new");
    bench.snippet("a.wav", "wood_plank", 1);
    watch.updates("1 changed");
    fs::rename(bench.sounds().join("folder"), bench.sounds().join("renamed")).unwrap();
    let moved = watch.updates("1 moved");
    assert_eq!(moved["audio_s"], 0.0);
    fs::remove_file(bench.sounds().join("a.wav")).unwrap();
    watch.updates("1 removed");
    assert_eq!(bench.known(), ["sounds/renamed/b.wav"]);
    // What is hidden or no sound is nobody's business.
    bench.write("sounds/.hidden.wav", &snippet_of("handbell", 2));
    bench.write("sounds/notes.txt", b"");
    bench.snippet("c.wav", "handbell", 3);
    watch.updates("1 new");
    watch.stop();
    bench.run(["verify"]).ended(0);
    assert_eq!(tally(&bench.index()), "2 unchanged");
}

#[test]
fn folders_are_looked_through_where_nothing_can_be_watched() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    let watch = Watch::start(&bench, &["--poll", "1", "--poll-all"]);
    assert_eq!(watch.hears_of("watching")["polled"], true);
    bench.snippet("b.wav", "handbell", 1);
    watch.updates("1 new");
    fs::remove_file(bench.sounds().join("a.wav")).unwrap();
    watch.updates("1 removed");
    watch.stop();
}

#[test]
fn an_unplugged_drive_is_offline_and_comes_back_without_being_decoded() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.write("drive/b.wav", &snippet_of("handbell", 1));
    bench.run(["index", "sounds", "drive"]).ended(0);
    let (drive, away) = (bench.dir().join("drive"), bench.dir().join("away"));
    let watch = Watch::start(&bench, &[]);
    for mount_point in [false, true] {
        fs::rename(&drive, &away).unwrap();
        if mount_point {
            fs::create_dir(&drive).unwrap();
        }
        assert_eq!(watch.hears_of("offline")["path"], drive.to_str().unwrap());
        assert_eq!(bench.known(), ["drive/b.wav", "sounds/a.wav"], "nothing is forgotten");
        assert_eq!(offline(&bench), [drive.to_str().unwrap()]);
        let _ = fs::remove_dir(&drive);
        fs::rename(&away, &drive).unwrap();
        assert_eq!(watch.hears_of("online")["path"], drive.to_str().unwrap());
        assert!(offline(&bench).is_empty());
    }
    // It is watched again.
    bench.write("drive/c.wav", &snippet_of("handbell", 2));
    let update = watch.updates("1 new");
    assert!(update["audio_s"].as_f64().unwrap() < 1.0, "{update:#}");
    watch.stop();
    assert_eq!(tally(&bench.run(["index", "--json"]).ended(0).json()), "3 unchanged");
}

fn offline(bench: &Bench) -> Vec<String> {
    let info = bench.info();
    let folders = info["folders"].as_array().unwrap().iter();
    folders
        .filter(|folder| folder["offline"] == true)
        .map(|folder| folder["path"].as_str().unwrap().into())
        .collect()
}

#[test]
fn a_watcher_makes_way_for_another_writer_and_goes_on() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    bench.write("more/b.wav", &snippet_of("handbell", 1));
    bench.write("sounds/long.wav", &minutes_of("rain_open", 2));
    let watch = Watch::start(&bench, &[]);
    wait_until(|| {
        fs::read_to_string(bench.library().join("lock")).is_ok_and(|text| text.contains("watching"))
    });
    let ran = bench.run(["index", "more", "--json"]).ended(0);
    assert_eq!(tally(&ran.json()), "1 new");
    watch.updates("1 new");
    watch.stop();
    assert_eq!(bench.known(), ["more/b.wav", "sounds/a.wav", "sounds/long.wav"]);
}

#[test]
fn a_watcher_rests_while_somebody_asks_it_to() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.index();
    let watch = Watch::start(&bench, &[]);
    watch.hears_of("watching");
    #[cfg(target_os = "linux")]
    {
        // proc(5): the nice value is field 19; the name before may hold anything but ends with the last parenthesis.
        let stat = fs::read_to_string(format!("/proc/{}/stat", watch.child.id())).unwrap();
        let nice = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(16).unwrap();
        assert_eq!(nice, "19");
    }
    let pause = PauseRequest::new(&bench.library()).unwrap();
    watch.hears_of("paused");
    bench.snippet("b.wav", "handbell", 1);
    thread::sleep(Duration::from_secs(2));
    assert_eq!(bench.known(), ["sounds/a.wav"], "nothing is done meanwhile");
    drop(pause);
    watch.hears_of("resumed");
    watch.updates("1 new");
    watch.stop();
}

#[test]
fn folders_that_others_add_and_forget_are_followed() {
    let bench = Bench::new();
    bench.snippet("a.wav", "glass_tap", 1);
    bench.write("more/b.wav", &snippet_of("handbell", 1));
    bench.index();
    let watch = Watch::start(&bench, &[]);
    watch.hears_of("watching");
    bench.run(["index", "more"]).ended(0);
    let more = bench.dir().join("more");
    let is_more = |news: &Value| news["event"] == "watching" && news["path"] == more.to_str().unwrap();
    watch.hears("the other folder", is_more);
    bench.write("more/c.wav", &snippet_of("handbell", 2));
    watch.updates("1 new");
    bench.run(["forget", "sounds"]).ended(0);
    bench.snippet("d.wav", "handbell", 3);
    thread::sleep(Duration::from_secs(3));
    bench.write("more/e.wav", &snippet_of("handbell", 4));
    watch.updates("1 new");
    watch.stop();
    assert_eq!(bench.known(), ["more/b.wav", "more/c.wav", "more/e.wav"]);
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let bench = Bench::new();
    bench.run(["watch"]).refused(&["no library here", "earmark index"]);
    bench.run(["watch", "nosuch"]).refused(&["nosuch", "cannot watch the folder"]);
    bench.snippet("a.wav", "glass_tap", 1);
    bench.run(["watch", "sounds/a.wav"]).refused(&["sounds/a.wav", "not a folder"]);
    assert!(!Path::new(&bench.library()).exists(), "nothing was made");
}
