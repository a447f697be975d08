//! The review: suggestions, decisions that last, and the plan of them.

use std::fs;
use std::path::Path;
use std::time::Instant;

use earmark_relabel::Plan;
use serde_json::{Value, json};

use crate::support::{Fixture, PATIENCE, Running};

/// Has suggestions looked for, and gives those of sounds without a label.
fn look(server: &Running) -> Vec<Value> {
    assert_eq!(server.post("api/review", b"").status, 200);
    let begun = Instant::now();
    while server.json("api/review")["state"] != "ready" {
        assert!(begun.elapsed() < PATIENCE, "{}", server.json("api/review"));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    items(server)
}

fn items(server: &Running) -> Vec<Value> {
    server.json("api/review/items?kind=unlabelled").as_array().unwrap().clone()
}

fn named<'a>(items: &'a [Value], name: &str) -> &'a Value {
    items.iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("no {name} in {items:?}"))
}

fn decide(server: &Running, what: Value) -> crate::support::Answer {
    server.post("api/review/decide", what.to_string().as_bytes())
}

/// Bytes of every file below a folder.
fn contents(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

#[test]
fn sounds_without_a_label_get_suggestions_with_reasons() {
    let fixture = Fixture::make();
    let server = Running::new(&fixture.library);
    assert_eq!(server.json("api/review")["state"], "idle");
    assert_eq!(server.get("api/review/items?kind=unlabelled").status, 404);
    let items = look(&server);
    let bell = named(&items, "take 18.wav");
    assert_eq!(bell["choices"][0]["cat_id"], "BELLHand");
    let reasons = bell["reasons"].as_array().unwrap();
    let sound = reasons.iter().find(|reason| !reason["row"].is_null()).unwrap();
    let key = sound["row"]["key"].as_str().unwrap();
    assert_eq!(server.get(&format!("api/sounds/{key}/audio")).status, 200, "it can be listened to");
    let kinds = server.json("api/review")["kinds"].clone();
    let kind = kinds.as_array().unwrap().iter().find(|kind| kind["kind"] == "unlabelled").unwrap().clone();
    assert_eq!(kind["open"], items.len());
}

#[test]
fn decisions_last_and_can_be_taken_back() {
    let fixture = Fixture::make();
    let server = Running::new(&fixture.library);
    let first = look(&server);
    let bell = named(&first, "take 18.wav")["number"].clone();
    let door = named(&first, "take 17.wav")["number"].clone();
    assert_eq!(decide(&server, json!({ "items": [bell], "verdict": "accepted" })).status, 200);
    let corrected = json!({ "items": [door], "verdict": "corrected", "cat_id": "DOORWood" });
    assert_eq!(decide(&server, corrected).status, 200);
    let wrong = json!({ "items": [door], "verdict": "corrected", "cat_id": "DOORNever" });
    assert_eq!(decide(&server, wrong).status, 400);
    assert_eq!(decide(&server, json!({ "items": [99999], "verdict": "skipped" })).status, 404);
    assert_eq!(server.json("api/review")["decided"], 2);
    drop(server);
    // The computer lost power in the middle of a line.
    let ledger = fixture.library.join("review.jsonl");
    let mut text = fs::read(&ledger).unwrap();
    text.extend_from_slice(b"{\"batch\":7,\"path\":\"/half");
    fs::write(&ledger, text).unwrap();
    let server = Running::new(&fixture.library);
    assert_eq!(server.json("api/review")["decided"], 2);
    let again = look(&server);
    assert_eq!(named(&again, "take 18.wav")["decided"], "BELLHand");
    assert_eq!(named(&again, "take 17.wav")["decided"], "DOORWood");
    assert_eq!(named(&again, "take 17.wav")["verdict"], "corrected");
    assert!(server.json("api/review")["undo"].as_str().unwrap().contains("take 17.wav"));
    let undone = server.post("api/review/undo", b"").json();
    assert_eq!(undone["items"], json!([named(&again, "take 17.wav")["number"]]));
    assert!(named(&items(&server), "take 17.wav")["verdict"].is_null());
    drop(server);
    let server = Running::new(&fixture.library);
    assert_eq!(server.json("api/review")["decided"], 1);
    server.post("api/review/undo", b"");
    assert_eq!(server.json("api/review")["undo"], Value::Null);
    assert_eq!(server.post("api/review/undo", b"").json()["items"], json!([]));
}

#[test]
fn many_are_accepted_at_once_and_taken_back_at_once() {
    let fixture = Fixture::make();
    let server = Running::new(&fixture.library);
    let all = look(&server);
    let share = |item: &Value| item["choices"][0]["share"].as_f64().unwrap();
    let least = share(named(&all, "take 18.wav")).min(share(named(&all, "take 17.wav"))) - 0.001;
    let likely = all.iter().filter(|item| share(item) >= least).count();
    let bulk = json!({ "verdict": "accepted", "kind": "unlabelled", "least_share": least });
    assert_eq!(decide(&server, bulk.clone()).json()["sounds"], likely);
    assert_eq!(decide(&server, bulk).json()["sounds"], 0, "they are decided");
    assert_eq!(server.json("api/review")["decided"], likely);
    assert_eq!(server.post("api/review/undo", b"").json()["items"].as_array().unwrap().len(), likely);
    assert_eq!(server.json("api/review")["decided"], 0);
}

#[test]
fn the_plan_holds_what_was_decided_and_changes_no_sound() {
    let fixture = Fixture::make();
    let before = contents(&fixture.sounds);
    let server = Running::new(&fixture.library);
    let plan = |wanted: Value| server.post("api/review/plan", wanted.to_string().as_bytes());
    let both = json!({ "rename": true, "write": true, "creator_id": "ABCD", "source_id": "TEST" });
    assert_eq!(plan(both.clone()).status, 400, "nothing is decided");
    let all = look(&server);
    let bell = named(&all, "take 18.wav")["number"].clone();
    let door = named(&all, "take 17.wav")["number"].clone();
    decide(&server, json!({ "items": [bell], "verdict": "accepted" }));
    decide(&server, json!({ "items": [door], "verdict": "skipped" }));
    assert_eq!(plan(json!({ "rename": false, "write": false })).status, 400);
    let made = plan(both).json();
    assert_eq!(
        (&made["renames"], &made["writes"], &made["problems"]),
        (&json!(1), &json!(1), &json!(0)),
        "{made}"
    );
    let plan = Plan::load(Path::new(made["path"].as_str().unwrap())).unwrap();
    assert_eq!(plan.entries.len(), 1, "skipped sounds are left alone");
    let entry = &plan.entries[0];
    assert_eq!(entry.path, fixture.sounds.join("Unsorted/take 18.wav"));
    assert_eq!(entry.name.as_deref(), Some("BELLHand_take 18_ABCD_TEST.wav"));
    assert_eq!(entry.fields.cat_id.as_deref(), Some("BELLHand"));
    assert_eq!(entry.state.size, fs::metadata(&entry.path).unwrap().len());
    assert!(contents(&fixture.sounds) == before, "a sound was changed");
}

#[test]
fn names_that_are_no_text_are_decided_about_as_they_are() {
    let fixture = Fixture::make();
    let server = Running::new(&fixture.library);
    for item in look(&server) {
        let verdict = json!({ "items": [item["number"]], "verdict": "corrected", "cat_id": "GLASImpt" });
        assert_eq!(decide(&server, verdict).status, 200, "{}", item["name"]);
    }
    let decided = server.json("api/review")["decided"].as_u64().unwrap();
    drop(server);
    let server = Running::new(&fixture.library);
    assert_eq!(server.json("api/review")["decided"], decided);
    assert!(look(&server).iter().all(|item| item["decided"] == "GLASImpt"));
}
