// The page: its views, what holds in all of them, and the state of library and network.

import { get } from "./api.js";
import * as categories from "./categories.js";
import { el, fill, toast } from "./dom.js";
import { count } from "./format.js";
import * as keys from "./keys.js";
import * as map from "./map.js";
import * as player from "./player.js";
import * as review from "./review.js";
import * as search from "./search.js";
import * as waveform from "./waveform.js";

const views = {
  search: { title: "Search", of: search }, categories: { title: "Categories", of: categories },
  review: { title: "Review", of: review }, map: { title: "Map", of: map },
};
const app = { state: null, view: null, show, badge };

/** Shows beside a view's name how much is to be done there. */
function badge(name, number) {
  const { button, title } = views[name];
  fill(button, title, number ? el("span", { class: "count" }, count(number)) : null);
}

function show(name, { focus = false } = {}) {
  if (app.view === name) return;
  app.view = name;
  const main = document.getElementById("main");
  for (const [other, view] of Object.entries(views)) {
    view.element.hidden = other !== name;
    view.button.toggleAttribute("aria-current", other === name);
    if (other === name) view.button.setAttribute("aria-current", "page");
  }
  document.title = `${views[name].title} – Earmark`;
  history.replaceState(null, "", `#${name}`);
  keys.inView(views[name].of.keys());
  views[name].of.shown();
  waveform.redraw(main);
  if (focus) main.focus();
}

function build() {
  const nav = document.getElementById("views");
  const main = document.getElementById("main");
  Object.entries(views).forEach(([name, view], at) => {
    view.element = view.of.build(app);
    view.element.hidden = true;
    view.button = el("button", { type: "button", "aria-keyshortcuts": at + 1, onclick: () => show(name) }, view.title);
    nav.append(view.button);
    main.append(view.element);
    keys.everywhere({ [at + 1]: () => show(name, { focus: true }) });
  });
  player.mount(document.getElementById("player"));
  const follow = document.getElementById("follow");
  follow.checked = localStorage.getItem("follow") === "yes";
  follow.addEventListener("change", () => localStorage.setItem("follow", follow.checked ? "yes" : "no"));
  keys.everywhere({
    "/": () => views[app.view].of.focusInput?.(),
    "?": help,
    t: turnTheme,
    ArrowLeft: () => false,
    Space: () => player.playOrPause(),
  });
  document.getElementById("theme").addEventListener("click", turnTheme);
  document.getElementById("help-button").addEventListener("click", help);
  drops();
  const wanted = location.hash.slice(1);
  show(views[wanted] ? wanted : "search");
}

// Light and dark.

const bright = matchMedia("(prefers-color-scheme: light)");
function applyTheme() {
  document.documentElement.dataset.theme = localStorage.getItem("theme") ?? (bright.matches ? "light" : "dark");
  waveform.redraw(document);
  document.dispatchEvent(new Event("theme"));
}
function turnTheme() {
  localStorage.setItem("theme", document.documentElement.dataset.theme === "light" ? "dark" : "light");
  applyTheme();
}
bright.addEventListener("change", applyTheme);
addEventListener("resize", () => waveform.redraw(document));

// Files dropped anywhere.

function drops() {
  const cover = document.getElementById("drop");
  let depth = 0;
  const ofFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (!ofFiles(event)) return;
    depth += 1;
    cover.hidden = false;
    event.preventDefault();
  });
  addEventListener("dragover", (event) => ofFiles(event) && event.preventDefault());
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) cover.hidden = true;
  });
  addEventListener("drop", (event) => {
    depth = 0;
    cover.hidden = true;
    if (!ofFiles(event)) return;
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) search.ask(file);
  });
}

// What the keys do.

const SHORTCUTS = [
  ["↑ ↓", "Select the sound before or after; PgUp, PgDn, Home, End"],
  ["Space", "Play from the matching moment, or pause; with Shift from the start"],
  ["Enter", "Show and copy the path"], ["M", "More like this"], ["/", "Search"], ["Esc", "Back to what was asked before"],
  ["1 – 4", "Search, Categories, Review, Map"],
  ["A S C U", "In the review: accept, skip, correct, undo"],
  ["+ − 0 arrows", "In the map: zoom, show all, move; L draws around sounds, Enter lists what is seen"],
  ["T", "Light or dark"], ["?", "This help"],
];
function help() {
  const dialog = document.getElementById("help");
  fill(dialog, el("h2", { id: "help-title" }, "Keys"), el("table", {}, el("tbody", {}, SHORTCUTS.map(([key, what]) =>
    el("tr", {}, el("td", {}, key.split(" ").map((part) => (part === "–" ? " – " : [el("kbd", {}, part), " "]))), el("td", {}, what))))),
  el("p", { class: "weak small" }, `Earmark ${app.state?.version ?? ""} · UCS ${app.state?.ucs ?? ""} · ${app.state?.dir ?? ""}`),
  el("div", { class: "buttons" }, el("span", { class: "grow" }), el("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "Close")));
  dialog.showModal();
}

// The state of library and network, looked at every now and then.

let lastView;
async function look() {
  const status = document.getElementById("status");
  let wait = 5000;
  try {
    app.state = await get("state");
    const { library, model } = app.state;
    const words = [];
    if (library.error) words.push("no library");
    else {
      words.push(count(library.sounds, "sound"));
      const offline = library.folders.filter((folder) => folder.offline).length;
      if (offline) words.push(`${count(offline, "folder")} offline`);
      if (library.damage.length) words.push("parts are damaged: earmark verify");
    }
    if (model.state === "loading") words.push("loading the network …"), wait = 400;
    if (model.state === "failed") words.push("no network");
    status.textContent = words.join(" · ");
    status.title = model.message ?? library.damage?.join("\n") ?? "";
    const view = library.view ?? null;
    if (lastView !== undefined && view !== lastView) {
      search.again();
      views[app.view].of.shown();
    }
    lastView = view;
  } catch (error) {
    status.textContent = "not connected";
    if (lastView !== null) toast(error.message, true);
    lastView = null;
  }
  setTimeout(look, wait);
}

applyTheme();
build();
look();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
