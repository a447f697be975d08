//! Whether everybody can use the page: contrast, names of controls, the keyboard, small windows.

use crate::chromium::Page;
use crate::support::{Running, SHARED};
use serde_json::json;

/// Lowest contrast (WCAG 2.2) of each pair of text and ground that is seen, with the text.
const CONTRASTS: &str = r"(() => {
  const parse = (text) => {
    const numbers = text.match(/[\d.]+(e-?\d+)?/g).map(Number);
    const scale = text.startsWith('color(') ? 255 : 1;
    return [numbers[0] * scale, numbers[1] * scale, numbers[2] * scale, numbers[3] ?? 1];
  };
  const over = (top, below) => [0, 1, 2].map((at) => top[at] * top[3] + below[at] * (1 - top[3])).concat(1);
  const luminance = (colour) => {
    const [r, g, b] = colour.map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [0, 0, 0, 1]);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest(':disabled, noscript, .skip, .hidden-label')) continue;
    const below = ground(element);
    const text = over(parse(getComputedStyle(element).color), below);
    const [light, dark] = [luminance(text), luminance(below)].sort((a, b) => b - a);
    found.push([(light + 0.05) / (dark + 0.05), walker.currentNode.textContent.trim().slice(0, 40)]);
  }
  return found.sort((a, b) => a[0] - b[0]);
})()";

/// Contrast of each colour of points with the map's ground; fainter than in the legend where they are fainter.
const POINTS: &str = r"(() => {
  const parse = (text) => text.match(/\d+/g).slice(0, 3).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = colour.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = parse(getComputedStyle(document.querySelector('.plot')).backgroundColor);
  return [...document.querySelectorAll('.legend i')].map((dot) => {
    const opacity = (dot.dataset.hue === '' ? 225 : 235) / 255;
    const point = parse(getComputedStyle(dot).backgroundColor).map((part, at) => part * opacity + ground[at] * (1 - opacity));
    const [light, dark] = [luminance(point), luminance(ground)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  });
})()";

#[test]
fn text_has_contrast_in_the_dark_and_in_the_light() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    for theme in ["dark", "light"] {
        page.theme(theme);
        page.until(&format!("document.documentElement.dataset.theme === '{theme}'"));
        for view in ["1", "2", "3", "4"] {
            page.key(view);
            page.until("document.querySelector('main > section:not([hidden]) :is([role=option], .note h2)')");
            page.key("ArrowDown");
            std::thread::sleep(std::time::Duration::from_millis(250));
            let contrasts = page.eval(CONTRASTS);
            let contrasts = contrasts.as_array().unwrap();
            assert!(contrasts.len() > 10, "{}", contrasts.len());
            let lowest = &contrasts[0];
            assert!(lowest[0].as_f64().unwrap() >= 4.5, "{theme}, view {view}: {lowest}");
        }
        // What stands for a sound on the map is a graphic, which 3 : 1 is asked of.
        page.until("document.querySelectorAll('.legend i').length > 2");
        let points = page.eval(POINTS);
        let lowest =
            points.as_array().unwrap().iter().map(|at| at.as_f64().unwrap()).fold(f64::MAX, f64::min);
        assert!(lowest >= 3.0, "{theme}: {points}");
        page.key("1");
        page.shoot(&format!("theme-{theme}"));
    }
    page.leave(&server.url);
}

#[test]
fn every_control_has_a_name_and_can_be_reached() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.until("document.querySelectorAll('.view-search .row').length > 20");
    let tree = page.call("Accessibility.getFullAXTree", json!({}));
    let mut controls = 0;
    for node in tree["nodes"].as_array().unwrap() {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        let control = ["button", "textbox", "searchbox", "checkbox", "slider", "listbox", "combobox", "link"]
            .contains(&role);
        if control && node["ignored"] != true {
            controls += 1;
            assert!(!node["name"]["value"].as_str().unwrap_or_default().is_empty(), "{node}");
        }
    }
    assert!(controls > 10, "{controls}");
    // Around the page with Tab: the field, the list, the player.
    let mut reached = Vec::new();
    for _ in 0..24 {
        page.key("Tab");
        let at = page.eval("(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).slice(0, 30)");
        reached.push(at.as_str().unwrap_or_default().to_owned());
    }
    for wanted in ["Search by words", "Sounds", "Position", "Volume", "Choose a file …"] {
        assert!(reached.iter().any(|name| name == wanted), "{wanted} in {reached:?}");
    }
    page.key("?");
    page.until("document.querySelector('#help').open");
    page.shoot("help");
    page.key("Escape");
    page.until("!document.querySelector('#help').open");
    page.leave(&server.url);
}

#[test]
fn nothing_jumps_and_nothing_is_cut_off_in_small_windows() {
    let server = Running::new(&SHARED.library);
    let Some(mut page) = Page::open(&server.url) else { return };
    page.eval("window.jumps = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.jumps += entry.value; }).observe({ type: 'layout-shift', buffered: true }); 0");
    page.until("document.querySelectorAll('.view-search .row').length > 20");
    page.key("ArrowDown");
    page.key("Space");
    page.until("document.querySelector('audio').currentTime > 0.05");
    page.key("m");
    page.until("document.querySelectorAll('#shares .share').length > 0");
    let jumps = page.eval("window.jumps").as_f64().unwrap();
    assert!(jumps < 0.02, "{jumps}");
    for (width, height) in [(1280, 720), (1024, 700), (1920, 1080)] {
        page.size(width, height);
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert_eq!(page.eval("document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight"), false);
        page.shoot(&format!("window-{width}"));
    }
    page.leave(&server.url);
}
