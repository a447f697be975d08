//! The map: made on request, kept beside the library.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Fixture, PATIENCE, Running};

fn make(server: &Running) -> Value {
    assert_eq!(server.post("api/map", b"{}").status, 200);
    let begun = Instant::now();
    loop {
        let report = server.json("api/map");
        if report["state"] != "working" {
            return report;
        }
        assert!(begun.elapsed() < PATIENCE, "{report}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn every_sound_has_its_place_and_leads_to_its_row() {
    let fixture = Fixture::make();
    let server = Running::new(&fixture.library);
    assert_eq!(server.json("api/map")["state"], "idle");
    assert_eq!(server.get("api/map/points").status, 404);
    let report = make(&server);
    assert_eq!(report["state"], "ready", "{report}");
    let total = server.json("api/state")["library"]["sounds"].as_u64().unwrap() as usize;
    assert_eq!(report["points"], total);
    let bytes = server.get("api/map/points").body;
    assert_eq!(bytes.len(), 8 + 18 * total);
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(number(4) as usize, total);
    let position = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    for point in 0..total {
        let (x, y) = (position(8 + 4 * point), position(8 + 4 * (total + point)));
        assert!(x.abs() <= 1.0 && y.abs() <= 1.0, "{x} {y}");
    }
    let keys: Vec<String> = (0..total)
        .map(|point| {
            format!(
                "{}.{}.{}",
                number(0),
                number(8 + 4 * (2 * total + point)),
                number(8 + 4 * (3 * total + point))
            )
        })
        .collect();
    let rows = server.post("api/rows", json!({ "keys": keys }).to_string().as_bytes()).json();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), total);
    for (point, row) in rows.iter().enumerate() {
        let at = 8 + 16 * total + 2 * point;
        let cat = u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
        assert_eq!(row["cat_id"].is_null(), cat == u16::MAX);
    }
    // In the order of how typical they are, none is lost, and one bell is closer to the others than a door is.
    let key = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap()["key"].clone();
    let bells = (1..=4).map(|number| key(&format!("BELLHand_Small Bell {number:02}_EMRK_TEST.wav")));
    let mut mixed: Vec<Value> = bells.collect();
    mixed.insert(0, key("DOORCreak_Old Barn Door 01_EMRK_TEST.wav"));
    let asked = json!({ "keys": mixed, "typical_first": true }).to_string();
    let ordered = server.post("api/rows", asked.as_bytes()).json();
    let names: Vec<&str> =
        ordered.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 5);
    assert!(names[4].starts_with("DOORCreak"), "{names:?}");
    // Another server finds it there.
    let kept = server.get("api/map/points").body;
    drop(server);
    let server = Running::new(&fixture.library);
    make(&server);
    assert_eq!(server.get("api/map/points").body[8..8 + 8 * total], kept[8..8 + 8 * total]);
}

#[test]
fn without_a_library_there_is_no_map() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::new(&dir.path().join("none"));
    assert_eq!(server.post("api/map", b"{}").status, 503);
    assert_eq!(server.post("api/review", b"").status, 503);
    assert_eq!(server.post("api/map", b"not json").status, 400);
    for keys in [json!(["a"]), json!(["1.0"]), json!([3])] {
        assert_eq!(
            server.post("api/rows", json!({ "keys": keys }).to_string().as_bytes()).status,
            400,
            "{keys}"
        );
    }
    assert_eq!(server.post("api/rows", &vec![b' '; 3 << 20]).status, 413);
}
