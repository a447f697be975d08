//! The map: seen, moved, asked about, listened to.

use serde_json::json;

use crate::chromium::Page;
use crate::support::{Running, SHARED};

/// How many pixels of the map are drawn, in the frame that a key has drawn.
const INK: &str = "(() => { const canvas = document.querySelector('.stage canvas'); const copy = document.createElement('canvas'); \
    copy.width = canvas.width; copy.height = canvas.height; const context = copy.getContext('2d', { willReadFrequently: true }); \
    document.dispatchEvent(new KeyboardEvent('keydown', { key: '0' })); \
    return new Promise((done) => requestAnimationFrame(() => { context.drawImage(canvas, 0, 0); \
    const data = context.getImageData(0, 0, copy.width, copy.height).data; let ink = 0; \
    for (let at = 3; at < data.length; at += 4) ink += data[at] > 40; done(ink); })); })()";

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
    page.until(&format!("document.querySelector('.beside h2').textContent === '{total} sounds'"));
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

/// Fifty thousand sounds, made up in the page; the times of frames are told, not judged: without a graphics card they are
/// those of a program that imitates one.
#[test]
fn fifty_thousand_sounds_are_drawn_and_panned() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    let script = "const real = window.fetch; window.fetch = async (address, options) => { \
        if (!String(address).startsWith('api/map')) return real(address, options); \
        const total = 50000; \
        if (!String(address).endsWith('points')) return new Response(JSON.stringify({ state: 'ready', view: 1, points: total, omitted: 0, placed: 0 })); \
        const buffer = new ArrayBuffer(8 + 18 * total); const view = new DataView(buffer); \
        view.setUint32(0, 1, true); view.setUint32(4, total, true); let seed = 1; \
        const random = () => { seed = (seed * 48271) % 2147483647; return seed / 2147483647; }; \
        for (let at = 0; at < total; at += 1) { const group = at % 60; const angle = group * 2.4; const far = 0.1 + 0.8 * Math.sqrt(group / 60); \
        const spread = () => (random() + random() + random() - 1.5) * 0.12; \
        view.setFloat32(8 + 4 * at, far * Math.cos(angle) + spread(), true); view.setFloat32(8 + 4 * (total + at), far * Math.sin(angle) + spread(), true); \
        view.setUint32(8 + 4 * (2 * total + at), 0, true); view.setUint32(8 + 4 * (3 * total + at), at % 20, true); \
        view.setUint16(8 + 16 * total + 2 * at, group * 12, true); } return new Response(buffer); };";
    page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    page.call("Page.reload", json!({}));
    page.until("document.documentElement.dataset.ready");
    page.key("4");
    page.until("document.querySelector('.map .bar [role=status]').textContent === '50,000 sounds'");
    page.eval("new Promise((done) => setTimeout(done, 400))");
    let ink = page.eval(INK).as_u64().unwrap();
    assert!(ink > 20_000, "{ink} pixels are drawn");
    page.shoot("map-50000");
    let times = page.eval("(async () => { const stage = document.querySelector('.stage'); const times = []; \
        const event = (kind, x, y) => stage.dispatchEvent(new PointerEvent(kind, { clientX: x, clientY: y, button: 0, buttons: 1, pointerId: 1, bubbles: true })); \
        stage.setPointerCapture = () => {}; event('pointerdown', 400, 300); let last = performance.now(); \
        for (let frame = 0; frame < 40; frame += 1) { event('pointermove', 400 + 120 * Math.sin(frame / 9), 300 + 90 * Math.cos(frame / 7)); \
        await new Promise(requestAnimationFrame); const now = performance.now(); times.push(now - last); last = now; } \
        event('pointerup', 400, 300); times.sort((a, b) => a - b); return [times[20], times[37], times[39]]; })()");
    eprintln!(
        "frames while panning 50,000 points, ms: median {}, 95th of 100 {}, longest {}",
        times[0], times[1], times[2]
    );
    assert!(times[0].as_f64().unwrap() > 0.0);
    page.leave(&server.url);
}
