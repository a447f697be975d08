//! Searching and listening.

use crate::chromium::Page;
use crate::support::{DIRECTION, LONGEST, MARKUP, QUOTES, Running, SHARED, take, wav_of};

/// Waits until the player's time goes on, and says where it was.
fn plays(page: &mut Page) -> f64 {
    let time = "document.querySelector('audio').currentTime";
    page.until("!document.querySelector('audio').paused");
    let first = page.until(&format!("{time} > 0 && {time}")).as_f64().unwrap();
    page.until(&format!("{time} > {first} + 0.1"));
    first
}

fn rows(page: &mut Page) -> usize {
    page.eval("document.querySelectorAll('.view-search .row').length").as_u64().unwrap() as usize
}

#[test]
fn words_are_searched_and_sounds_auditioned_with_the_keyboard_alone() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.until("document.querySelectorAll('.view-search .row').length > 20");
    page.until("document.querySelector('#status').textContent.includes('sounds')");
    page.shoot("search-all");
    page.key("/");
    page.write("bell -rain");
    page.until("document.querySelectorAll('.view-search .row').length === 4");
    assert!(page.text("#told").starts_with("4 sounds"), "{}", page.text("#told"));
    // From the field into the list, and down.
    page.key("ArrowDown");
    page.key("ArrowDown");
    page.until("document.querySelector('[aria-selected=true] .name').textContent.includes('Bell 02')");
    page.key("Space");
    plays(&mut page);
    assert_eq!(page.text("[aria-selected=true] .play"), "❚❚");
    page.until("document.querySelector('.side dl')");
    page.shoot("search-words");
    page.key("Space");
    page.until("document.querySelector('audio').paused");
    page.key("Enter");
    let path = page.until("document.querySelector('#toast').textContent");
    let expected = SHARED.sounds.join("Bells/BELLHand_Small Bell 02_EMRK_TEST.wav");
    assert_eq!(path, format!("Copied: {}", expected.display()));
    assert_eq!(page.text("#path"), expected.to_string_lossy());
    // Further back with each press.
    page.key("Escape");
    page.until("document.querySelectorAll('.view-search .row').length > 20");
    page.leave(&server.url);
}

#[test]
fn a_dropped_file_finds_what_is_like_it_and_the_moment() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("my <b>bell<b>.wav");
    std::fs::write(&file, wav_of(&take("handbell", 8, 2.5))).unwrap();
    page.drop_file(&file);
    page.until("document.querySelector('#progress')?.textContent.includes('drag to ask')");
    page.until("document.querySelector('#told').textContent.includes('closest')");
    assert_eq!(page.text(".about .who .name"), "my <b>bell<b>.wav");
    let first = page.text(".view-search .row .name");
    assert!(first.contains("Bell") || first == "take 18.wav", "{first}");
    let percent = page.text(".view-search .row .percent");
    assert!(percent.ends_with(" %"), "{percent}");
    page.until("document.querySelectorAll('#shares .share').length > 0");
    assert!(page.text("#shares").contains("BELLHand"), "{}", page.text("#shares"));
    page.key("ArrowDown");
    page.key("Space");
    plays(&mut page);
    page.until("document.querySelector('.side dl')");
    page.shoot("search-dropped");
    // A part of it, with the pointer.
    let (x, y) = page.middle(".about canvas");
    page.drag(&[(x - 80.0, y), (x - 20.0, y), (x + 60.0, y)]);
    page.until("document.querySelector('#progress').textContent.includes('–')");
    page.until("document.querySelectorAll('.view-search .row').length > 5");
    page.shoot("search-part");
    page.leave(&server.url);
}

#[test]
fn more_like_a_sound_and_back() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.key("/");
    page.write("take 18");
    page.until("document.querySelectorAll('.view-search .row').length === 1");
    page.key("ArrowDown");
    page.key("Escape");
    page.until("document.querySelectorAll('.view-search .row').length > 20");
    page.key("/");
    page.write("take 18");
    page.until("document.querySelectorAll('.view-search .row').length === 1");
    page.key("Enter");
    // The words stay a filter; without them, all that is like it.
    page.key("m");
    page.until("document.querySelector('.about .who .name')?.textContent === 'take 18.wav'");
    page.key("/");
    page.eval("document.activeElement.select()");
    page.key("Backspace");
    page.until("document.querySelector('#told').textContent.includes('closest')");
    // Rows are drawn with the next picture.
    page.until("document.querySelector('.view-search .row .name')?.textContent.includes('Bell')");
    page.shoot("search-like");
    page.key("ArrowDown");
    page.key("Escape");
    page.until("!document.querySelector('.about .who')");
    page.leave(&server.url);
}

#[test]
fn sounds_that_browsers_do_not_play_are_played_and_sought_in() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.key("/");
    page.write("Barn");
    page.until("document.querySelectorAll('.view-search .row').length === 7");
    page.key("ArrowDown");
    for number in 0..7 {
        let name = page.text("[aria-selected=true] .name");
        page.key("Shift+Space");
        page.until(&format!("document.querySelector('.player .name').textContent === {name:?}"));
        plays(&mut page);
        // With the pointer, somewhere near the end.
        let (x, y) = page.middle(".player canvas");
        page.drag(&[(x + 150.0, y)]);
        page.until("document.querySelector('audio').currentTime > 1.3");
        page.until("document.querySelector('audio').readyState >= 2");
        assert!(page.eval("document.querySelector('audio').error === null") == true, "{name}");
        if number < 6 {
            page.key("ArrowDown");
        }
    }
    page.leave(&server.url);
}

#[test]
fn hostile_names_are_text() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.until("document.querySelectorAll('.view-search .row').length > 20");
    let names = page.eval("[...document.querySelectorAll('.view-search .row .title .name:first-child')].map((name) => name.textContent)");
    let names: Vec<&str> = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(names.contains(&MARKUP), "{names:?}");
    assert!(names.contains(&QUOTES));
    assert!(!names.contains(&DIRECTION), "the mark is written out");
    assert!(names.contains(&"harmless ‹202E›vaw.png.wav"));
    assert!(names.iter().any(|name| name.len() == LONGEST));
    #[cfg(target_os = "linux")]
    assert!(names.contains(&"bytes \\xFF\\xFE no text.wav"));
    // Each can be selected, played and dropped again by its name.
    page.key("/");
    page.write("dur=0.5");
    page.until("document.querySelectorAll('.view-search .row').length >= 4 && document.querySelectorAll('.view-search .row').length < 8");
    let count = rows(&mut page);
    page.key("ArrowDown");
    for at in 0..count {
        page.key("Shift+Space");
        page.until("document.querySelector('audio').currentTime > 0.05");
        page.until("document.querySelector('.side dl')");
        if at + 1 < count {
            page.key("ArrowDown");
        }
    }
    page.shoot("hostile-names");
    assert_eq!(page.eval("document.querySelectorAll('main script, main img').length"), 0);
    assert!(page.eval("document.title").as_str().unwrap().contains("Earmark"));
    // The list is as wide as the window, however long a name.
    assert_eq!(page.eval("document.documentElement.scrollWidth > innerWidth"), false);
    page.leave(&server.url);
}

#[test]
fn categories_have_examples_to_listen_to() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.key("2");
    page.until("document.querySelectorAll('#cats .entry').length >= 3");
    page.key("/");
    page.write("creak");
    page.until("document.querySelector('#cats .entry .code')?.textContent === 'DOORCreak'");
    page.key("Enter");
    page.until("document.querySelectorAll('.examples .row').length === 7");
    page.key("ArrowRight");
    page.key("Space");
    plays(&mut page);
    page.shoot("categories");
    page.click(".examples header button");
    page.until("!document.querySelector('.view-search').hidden");
    page.until("document.querySelectorAll('.view-search .row').length === 7");
    page.leave(&server.url);
}
