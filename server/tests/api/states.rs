//! What the page is told while things are missing, loading or changing.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use earmark_engine::index::ModelId;
use earmark_server::{Options, ServeError, Server};

use crate::support::{Fixture, PATIENCE, Running, SHARED, load, load_model, take, wav_of};

#[test]
fn the_page_is_there_before_the_network() {
    let (finish, wait) = channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let server = Running::with(Options::new(SHARED.library.clone(), move |_| {
        wait.lock().unwrap().recv().unwrap();
        load_model()
    }));
    assert_eq!(server.get("").status, 200);
    let state = server.json("api/state");
    assert_eq!(state["model"]["state"], "loading");
    assert!(state["library"]["sounds"].as_u64().unwrap() > 20);
    // Words need no network.
    assert_eq!(server.json("api/search?filter=bell%20-rain")["total"], 4);
    let asked = server.post("api/questions?name=a.wav", &wav_of(&take("handbell", 8, 1.0))).json();
    let question = format!("api/questions/{}", asked["question"]);
    assert_eq!(server.json(&question)["progress"]["state"], "loading-model");
    finish.send(()).unwrap();
    let begun = Instant::now();
    while server.json(&question)["progress"]["state"] != "ready" {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.json("api/state")["model"]["state"], "ready");
}

#[test]
fn without_a_library_the_page_says_how_to_make_one_and_notices_it() {
    let dir = tempfile::tempdir().unwrap();
    let library = dir.path().join("library");
    let server = Running::new(&library);
    assert_eq!(server.json("api/state")["library"]["error"]["kind"], "no-library");
    let answer = server.get("api/search");
    assert_eq!((answer.status, answer.json()["error"]["kind"].as_str()), (503, Some("no-library")));
    assert_eq!(server.json("api/categories").as_array().unwrap().len(), 753);
    std::fs::create_dir_all(&library).unwrap();
    for entry in std::fs::read_dir(&SHARED.library).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), library.join(entry.file_name())).unwrap();
    }
    assert!(server.json("api/state")["library"]["sounds"].as_u64().unwrap() > 20);
}

#[test]
fn a_library_that_was_converted_listens_again_to_what_was_dropped() {
    let fixture = Fixture::make();
    let by_library = |wanted: Option<&ModelId>| load(wanted.map_or("aisfx", |model| model.name.as_str()));
    let server = Running::with(Options::new(fixture.library.clone(), by_library));
    let number = server.ask("bell.wav", &wav_of(&take("handbell", 8, 1.0)))["number"].to_string();
    let search = format!("api/search?question={number}");
    let before = server.json(&search);
    let key = server.key_of("take 18.wav");
    fixture.convert("earmark-small");
    let first = server.get(&search);
    // It is listened to again, which takes little time.
    let is_heard = first.status == 200;
    assert!(is_heard || (first.status, first.json()["error"]["kind"].as_str()) == (409, Some("unheard")));
    let begun = Instant::now();
    while server.json(&format!("api/questions/{number}"))["progress"]["state"] != "ready" {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
    let after = server.json(&search);
    let names = |found: &serde_json::Value| found["rows"][0]["name"].as_str().unwrap().to_owned();
    assert_eq!(names(&after), names(&before), "the same bell is the closest");
    assert_ne!(after["rows"][0]["percent"], before["rows"][0]["percent"], "by another network");
    // A row that was shown before is of the old network.
    let like = server.get(&format!("api/search?like={key}"));
    assert_eq!((like.status, like.json()["error"]["kind"].as_str()), (410, Some("stale")));
    let key = server.key_of("take 18.wav");
    assert_eq!(server.get(&format!("api/search?like={key}")).status, 200);
}

#[test]
fn a_network_that_cannot_be_loaded_leaves_what_needs_none() {
    let server = Running::with(Options::new(SHARED.library.clone(), |_| Err("the model is gone".to_owned())));
    let key = server.key_of("take 17.wav");
    let answer = server.get(&format!("api/search?like={key}"));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["error"]["message"], "the model is gone");
    assert_eq!(server.get(&format!("api/sounds/{key}/audio")).status, 200);
    assert_eq!(server.json("api/state")["model"]["state"], "failed");
}

#[test]
fn sounds_that_are_shown_can_be_played_after_the_library_has_changed() {
    let fixture = Fixture::make();
    let server = Running::new(&fixture.library);
    let key = server.key_of("take 17.wav");
    let before = server.json("api/state")["library"]["view"].clone();
    fixture.write("Unsorted/take 19.wav", &wav_of(&take("handbell", 9, 1.0)));
    fixture.index();
    let state = server.json("api/state");
    assert_ne!(state["library"]["view"], before);
    server.key_of("take 19.wav");
    assert_eq!(server.get(&format!("api/sounds/{key}/audio")).status, 200);
    assert!(!server.json(&format!("api/search?like={key}"))["rows"].as_array().unwrap().is_empty());
}

#[test]
fn a_port_that_is_taken_is_named() {
    let server = Running::new(&SHARED.library);
    let mut options = Options::new(SHARED.library.clone(), |_| load_model());
    options.port = server.port;
    let Err(error) = Server::bind(options) else { panic!("two servers on one port") };
    assert!(matches!(error, ServeError::Bind { .. }));
    assert!(error.to_string().contains(&format!("127.0.0.1:{}", server.port)), "{error}");
}

#[test]
fn a_library_that_was_named_from_here_is_told_with_its_whole_path() {
    let here = std::env::current_dir().unwrap();
    let up: std::path::PathBuf = here.components().skip(1).map(|_| "..").collect();
    let from_here = up.join(SHARED.library.strip_prefix("/").unwrap_or(&SHARED.library));
    let server = Running::new(&from_here);
    let state = server.json("api/state");
    assert!(state["library"]["sounds"].as_u64().unwrap() > 20, "{state}");
    assert!(std::path::Path::new(state["dir"].as_str().unwrap()).is_absolute(), "{state}");
}
