//! The map: seen, moved, asked about, listened to.

use serde_json::json;

use crate::chromium::{self, Page};
use crate::support::{Running, SHARED};

/// How many pixels of the map are drawn, in the frame that a key has drawn.
const INK: &str = "(() => { const canvas = document.querySelector('.plot canvas'); const copy = document.createElement('canvas'); \
    copy.width = canvas.width; copy.height = canvas.height; const context = copy.getContext('2d', { willReadFrequently: true }); \
    context.fillStyle = getComputedStyle(document.querySelector('.plot')).backgroundColor; context.fillRect(0, 0, copy.width, copy.height); \
    const ground = context.getImageData(0, 0, 1, 1).data; document.dispatchEvent(new KeyboardEvent('keydown', { key: '0' })); \
    return new Promise((done) => requestAnimationFrame(() => { context.drawImage(canvas, 0, 0); \
    const data = context.getImageData(0, 0, copy.width, copy.height).data; let ink = 0; \
    for (let at = 0; at < data.length; at += 4) ink += [0, 1, 2].some((part) => Math.abs(data[at + part] - ground[part]) > 30); done(ink); })); })()";

#[test]
fn sounds_are_seen_named_heard_and_listed() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.key("4");
    page.until("document.querySelector('.legend button')");
    let total = server.json("api/state")["library"]["sounds"].as_u64().unwrap();
    page.until(&format!(
        "document.querySelector('.map .bar [role=status]').textContent === '{total} sounds'"
    ));
    let ink = page.eval(INK).as_u64().unwrap();
    assert!(ink > 5 * total, "{ink} pixels are drawn");
    // Look for a sound with the pointer.
    let stage = page.eval("(() => { const b = document.querySelector('.stage').getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; })()");
    let [x, y, width, height] = [0, 1, 2, 3].map(|at| stage[at].as_f64().unwrap());
    let place = page.eval(
        "(async () => { const buffer = await (await fetch('api/map/points')).arrayBuffer(); const view = new DataView(buffer); \
         const total = view.getUint32(4, true); return [view.getFloat32(8, true), view.getFloat32(8 + 4 * total, true)]; })()",
    );
    // The whole map stands in the middle, with a little room around it.
    let unit = width.min(height) / 2.0 * 0.94;
    let [right, up] = [0, 1].map(|axis| place[axis].as_f64().unwrap() * unit);
    let at = (x + width / 2.0 + right, y + height / 2.0 - up);
    page.mouse("mouseMoved", at, json!({}));
    page.until("!document.querySelector('.tip').hidden");
    let name = page.text(".tip .name");
    page.shoot("map");
    page.drag(&[at]);
    page.until(&format!("document.querySelector('.beside .row .name')?.textContent === {name:?}"));
    page.until("document.querySelector('audio').currentTime > 0.05");
    page.until("document.querySelectorAll('.beside .row').length > 10");
    page.shoot("map-closest");
    // Around all of them.
    page.key("l");
    let edge = |right: f64, down: f64| (x + width * right, y + height * down);
    page.drag(&[edge(0.02, 0.02), edge(0.98, 0.02), edge(0.98, 0.98), edge(0.02, 0.98), edge(0.02, 0.1)]);
    page.until(&format!(
        "document.querySelector('.beside h2').textContent === '{total} sounds, typical ones first'"
    ));
    page.until(&format!("document.querySelectorAll('.beside .row').length === {total}"));
    page.shoot("map-lasso");
    // One Category alone.
    page.click(".legend button");
    page.until("document.querySelector('.legend button').getAttribute('aria-pressed') === 'true'");
    page.key("Escape");
    page.until("document.querySelector('.legend button').getAttribute('aria-pressed') === 'false'");
    page.leave(&server.url);
}

#[test]
fn the_map_moves_with_keys_wheel_and_pointer() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.key("4");
    page.until("document.querySelector('.legend button')");
    let picture = |page: &mut Page| {
        page.call(
            "Page.captureScreenshot",
            json!({ "format": "png", "clip": { "x": 0, "y": 100, "width": 700, "height": 400, "scale": 1 } }),
        )["data"]
            .clone()
    };
    let settle = |page: &mut Page| {
        page.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
    };
    settle(&mut page);
    let mut before = picture(&mut page);
    let mut changed = |page: &mut Page, how: &str| {
        settle(page);
        let now = picture(page);
        assert!(now != before, "{how} changes nothing");
        before = now;
    };
    page.key("+");
    changed(&mut page, "+");
    page.click(".stage");
    page.key("ArrowLeft");
    changed(&mut page, "ArrowLeft");
    page.key("0");
    changed(&mut page, "0");
    page.mouse("mouseWheel", (300.0, 300.0), json!({ "deltaX": 0, "deltaY": -240 }));
    changed(&mut page, "the wheel");
    page.key("0");
    changed(&mut page, "0");
    page.drag(&[(300.0, 300.0), (340.0, 320.0), (380.0, 330.0)]);
    changed(&mut page, "the pointer");
    page.leave(&server.url);
}

/// Fifty thousand sounds, made up in the page.
const MADE_UP: &str = include_str!("made_up_map.js");

/// Opens the map with a script that runs before the page's own.
fn open_map(page: &mut Page, url: &str, script: &str) {
    page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    page.go(url);
    page.key("4");
    page.until("document.querySelector('.legend button') && document.querySelector('.plot canvas')");
}

#[test]
fn fifty_thousand_sounds_are_drawn_and_moved() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(chromium::NOWHERE) else { return };
    open_map(&mut page, &server.url, MADE_UP);
    page.until("document.querySelector('.map .bar [role=status]').textContent === '50,000 sounds'");
    let all = page.eval(INK).as_u64().unwrap();
    assert!(all > 20_000, "{all} pixels are drawn");
    page.shoot("map-50000");
    // Some of it is moved out of sight, and what is left can be found and heard.
    let (x, y) = page.middle(".stage");
    page.drag(&[(x - 200.0, y), (x, y), (x + 205.0, y)]);
    let left = page.eval(&INK.replace("key: '0'", "key: 'x'")).as_u64().unwrap();
    assert!(left > all / 4 && left < all * 19 / 20, "{left} of {all} pixels are left");
    page.key("l");
    page.drag(&[(x + 100.0, y - 80.0), (x + 390.0, y - 80.0), (x + 390.0, y + 80.0), (x + 100.0, y + 80.0)]);
    page.until("document.querySelectorAll('.beside .row').length > 20");
    page.leave(&server.url);
}

/// A program that imitates a graphics card.
const CARD: [&str; 2] = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
const KIND: &str = "document.querySelector('.plot canvas').getContext('2d') ? 'processor' : 'card'";

#[test]
fn a_graphics_card_draws_the_map_until_it_is_lost_too_often() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open_with(chromium::NOWHERE, &CARD) else { return };
    // As quick as a card: nobody waits for it.
    let quick = "WebGL2RenderingContext.prototype.readPixels = () => {};";
    open_map(&mut page, &server.url, &format!("{quick}{MADE_UP}"));
    for kind in ["card", "card", "card", "processor"] {
        page.until(&format!("({KIND}) === '{kind}'"));
        let ink = page.eval(INK).as_u64().unwrap();
        assert!(ink > 20_000, "{ink} pixels are drawn by the {kind}");
        if kind == "card" {
            page.eval("window.gone = document.querySelector('.plot canvas'); gone.getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()");
            page.until("document.querySelector('.plot canvas') !== window.gone");
        }
    }
    page.leave(&server.url);
}

#[test]
fn a_card_that_is_slower_than_the_processor_is_left_alone() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open_with(chromium::NOWHERE, &CARD) else { return };
    let slow = "WebGL2RenderingContext.prototype.readPixels = () => { \
        const end = performance.now() + 30; while (performance.now() < end); };";
    open_map(&mut page, &server.url, slow);
    page.until(&format!("({KIND}) === 'processor'"));
    let ink = page.eval(INK).as_u64().unwrap();
    assert!(ink > 100, "{ink} pixels are drawn");
    page.leave(&server.url);
}

#[test]
fn the_map_is_used_with_the_keyboard_alone() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.key("4");
    page.until("document.querySelector('.plot canvas')");
    for _ in 0..12 {
        page.key("Tab");
        if page.eval("document.activeElement.className === 'plot'") == true {
            break;
        }
    }
    assert_eq!(page.eval("document.activeElement.getAttribute('role')"), "application");
    let total = server.json("api/state")["library"]["sounds"].as_u64().unwrap();
    page.key("Enter");
    page.until(&format!("document.querySelectorAll('.beside .row').length === {total}"));
    page.until("document.activeElement.getAttribute('role') === 'listbox'");
    page.key("ArrowDown");
    page.key("Space");
    page.until("document.querySelector('audio').currentTime > 0.05");
    page.shoot("map-keyboard");
    // Nearer, there are fewer.
    page.eval("document.querySelector('.plot').focus()");
    (0..4).for_each(|_| page.key("+"));
    page.key("Enter");
    page.until("/^\\d+ sound|^No sounds/.test(document.querySelector('.beside h2').textContent)");
    page.until(&format!("document.querySelectorAll('.beside .row').length < {total}"));
    page.leave(&server.url);
}
