// The map: what sounds alike lies together. Beside it a list, since known sounds are found faster there.

import { bytes, get, post } from "./api.js";
import { colour, el, fill, note, toast } from "./dom.js";
import { count, length, percent } from "./format.js";
import { SoundList, playable } from "./list.js";
import * as player from "./player.js";
import * as points from "./points.js";
import { Scatter } from "./scatter.js";
import * as search from "./search.js";
import { catalogue } from "./typeahead.js";

const LISTED = 500;
const LEGEND = 18;

let parts;
let list;
let scatter;
let data;
let entries = [];
let only = null;
let hovered = -1;
let lasso = null;
let lassoing = false;
let listed = 0;
let asked = 0;
const known = new Map();

/** Builds the view. */
export function build() {
  const plot = el("div", {
    class: "plot", tabindex: "0", role: "application", "aria-roledescription": "map",
    "aria-label": "Map of the library: arrows move it, plus and minus zoom, 0 shows all, Enter lists what is seen.",
  });
  const over = el("canvas", { class: "over", "aria-hidden": "true" });
  const tip = el("div", { class: "tip", hidden: true });
  const state = el("div", { class: "state" });
  const stage = el("div", { class: "stage" }, plot, over, tip, state);
  const lassoButton = el("button", { type: "button", "aria-pressed": "false", title: "Draw around sounds to list them (L)", onclick: () => setLasso(!lassoing) }, "Lasso");
  const told = el("span", { class: "weak small", role: "status" });
  const legend = el("div", { class: "legend", role: "group", "aria-label": "Categories" });
  const title = el("h2", {}, "Sounds");
  list = new SoundList({ label: "Sounds of the map", onMore: search.more, onOpen: search.copyPath, onSelect: (row) => ring(pointOf(row.key)) });
  parts = { plot, over, tip, state, stage, lassoButton, told, legend, title };
  const tools = el("div", { class: "bar" }, lassoButton,
    el("button", { type: "button", "aria-label": "Zoom in", onclick: () => zoom(1.5) }, "+"),
    el("button", { type: "button", "aria-label": "Zoom out", onclick: () => zoom(1 / 1.5) }, "−"),
    el("button", { type: "button", onclick: whole }, "Show all"),
    el("button", { type: "button", title: "List the sounds that are seen (Enter on the map)", onclick: listSeen }, "List"), told,
    el("span", { class: "grow" }), el("button", { type: "button", class: "quiet", title: "Make the map again from nothing", onclick: () => begin(true) }, "Make anew"));
  pointer(stage);
  plot.addEventListener("keydown", plotKeys);
  new ResizeObserver(measure).observe(stage);
  document.addEventListener("theme", () => { paint(); measure(); });
  player.onChange(() => redraw());
  return el("section", { class: "view-map", "aria-label": "Map" },
    el("div", { class: "map" }, tools, stage, legend),
    el("div", { class: "beside" }, el("header", {}, title), list.element));
}

/** Shortcuts of this view. */
export function keys() {
  return {
    ...list.keys(),
    l: () => setLasso(!lassoing), "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: whole,
    Escape: () => {
      if (lassoing) setLasso(false);
      else if (only !== null) highlight(null);
      else player.stop();
    },
  };
}

/** Is told that the view is shown, or that the library has changed. */
export async function shown() {
  measure();
  try {
    entries = await catalogue();
    await begin(false);
  } catch (error) {
    fill(parts.state, error.kind === "no-library"
      ? note("No library yet", "Index a folder of sounds in a terminal; it appears here by itself:", el("code", {}, "earmark index ~/Sounds"))
      : note("There is no map", error.message));
  }
}

async function begin(anew) {
  const turn = asked += 1;
  let report = await post("map", { anew });
  while (report.state === "working") {
    showProgress(report);
    await new Promise((resolve) => setTimeout(resolve, 150));
    if (turn !== asked) return;
    report = await get("map");
  }
  if (turn !== asked) return;
  if (report.state === "failed") fill(parts.state, note("The map could not be made", report.message, el("button", { type: "button", onclick: () => begin(false) }, "Try again")));
  else if (report.state === "idle") fill(parts.state, note("There is no map yet", "What sounds alike lies together on it.", el("button", { type: "button", class: "primary", onclick: () => begin(false) }, "Make the map")));
  else await load(report);
}

function showProgress(report) {
  if (data) {
    parts.told.textContent = `${report.stage} … ${percent(report.done)}`;
    return;
  }
  const progress = el("progress", { max: "1", value: String(report.done), "aria-label": "Making the map" });
  fill(parts.state, note("Making the map", `${report.stage} … ${percent(report.done)}`, progress,
    el("p", { class: "small" }, "It is kept beside the library: the next time it is there at once. Other views work meanwhile."),
    el("button", { type: "button", onclick: () => post("map/stop") }, "Stop")));
}

async function load(report) {
  if (data?.view === report.view && data.xs.length === report.points) {
    tell(report);
    return;
  }
  const buffer = await bytes("map/points");
  data = points.read(buffer);
  known.clear();
  hovered = -1;
  scatter ??= new Scatter(parts.plot);
  if (!data.xs.length) {
    fill(parts.state, note("No sounds to show", "The library is empty, or nothing in it could be embedded."));
    return;
  }
  fill(parts.state);
  scatter.points(data.xs, data.ys);
  buildLegend();
  paint();
  tell(report);
  measure();
  parts.title.textContent = "Click a sound, or draw around some";
  list.show([], { empty: note("Nothing is listed yet", "Click a point to hear it and list what is closest. With the lasso, list what lies together.") });
}

function tell(report) {
  const omitted = report.omitted ? `, ${count(report.omitted)} more are not drawn` : "";
  parts.told.textContent = `${count(report.points, "sound")}${omitted}`;
}

// Colours: the largest Categories have one each, around the circle of hues.

let colours = new Map();
function buildLegend() {
  const sizes = new Map();
  for (const cat of data.cats) {
    const name = entries[cat]?.category ?? "";
    sizes.set(name, (sizes.get(name) ?? 0) + 1);
  }
  const none = sizes.get("") ?? 0;
  sizes.delete("");
  const largest = [...sizes].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, LEGEND);
  colours = new Map(largest.map(([name], at) => [name, points.hueOf(at)]));
  const chip = (name, size, hue) => {
    const dot = el("i", { "aria-hidden": "true" });
    dot.dataset.hue = hue ?? "";
    return el("button", { type: "button", "aria-pressed": "false", data: { name }, onclick: () => highlight(only === name ? null : name) }, dot, name || "without label", el("span", { class: "weak" }, count(size)));
  };
  fill(parts.legend, largest.map(([name, size]) => chip(name, size, colours.get(name))), none ? chip("", none) : null);
}

function paint() {
  if (!data || !scatter) return;
  const byName = new Map([...colours].map(([name, hue]) => [name, points.rgb(hue)]));
  const grey = points.rgb(undefined);
  const painted = new Uint8Array(4 * data.cats.length);
  for (let point = 0; point < data.cats.length; point += 1) {
    const name = entries[data.cats[point]]?.category ?? "";
    const [red, green, blue] = byName.get(name) ?? grey;
    painted[4 * point] = red;
    painted[4 * point + 1] = green;
    painted[4 * point + 2] = blue;
    painted[4 * point + 3] = only === null ? (name ? 235 : 225) : name === only ? 255 : 28;
  }
  scatter.paint(painted);
  for (const dot of parts.legend.querySelectorAll("i")) {
    dot.style.background = `rgb(${points.rgb(dot.dataset.hue === "" ? undefined : Number(dot.dataset.hue)).join(" ")})`;
  }
}

function highlight(name) {
  only = name;
  for (const chip of parts.legend.children) chip.setAttribute("aria-pressed", String(name !== null && chip.dataset.name === name));
  paint();
  redraw();
}

// Drawing, at most once a frame.

let due = false;
function redraw() {
  if (due || !scatter) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    scatter.draw();
    drawOver();
  });
}

/** The stage has another size or colour, or is seen again. */
function measure() {
  if (!scatter || !parts.stage.clientWidth) return;
  const { over, stage } = parts;
  const scale = window.devicePixelRatio || 1;
  over.width = Math.round(stage.clientWidth * scale);
  over.height = Math.round(stage.clientHeight * scale);
  scatter.measure();
  redraw();
}

let ringed = -1;
function ring(point) {
  ringed = point;
  redraw();
}

/** What is marked on the map, on a canvas of its own that is left alone while nothing is. */
function drawOver() {
  const playing = player.playing();
  parts.over.hidden = ringed < 0 && hovered < 0 && !playing && !lasso;
  if (parts.over.hidden) return;
  const context = parts.over.getContext("2d");
  const scale = window.devicePixelRatio || 1;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, scatter.width, scatter.height);
  const circle = (point, shade, radius) => {
    if (point < 0 || point >= data.xs.length) return;
    context.beginPath();
    context.arc(...scatter.toScreen(data.xs[point], data.ys[point]), radius, 0, 7);
    context.strokeStyle = colour(shade);
    context.lineWidth = 2;
    context.stroke();
  };
  circle(ringed, "accent", 8);
  circle(hovered, "text", 6);
  if (playing) circle(pointOf(playing.slice("sounds/".length)), "good", 11);
  if (lasso?.length > 1) {
    context.beginPath();
    lasso.forEach((place, at) => (at ? context.lineTo(...place) : context.moveTo(...place)));
    context.closePath();
    context.fillStyle = colour("accent");
    context.globalAlpha = 0.14;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = colour("accent");
    context.lineWidth = 1.5;
    context.stroke();
  }
}

let places;
function pointOf(key) {
  if (!data) return -1;
  const [view, segment, sound] = key.split(".").map(Number);
  const number = (of, at) => of * 2 ** 32 + at;
  if (places?.of !== data) {
    places = { of: data, map: new Map() };
    for (let point = 0; point < data.xs.length; point += 1) places.map.set(number(data.segments[point], data.sounds[point]), point);
  }
  return view === data.view ? places.map.get(number(segment, sound)) ?? -1 : -1;
}

// The pointer: drag pans, wheel zooms, hover names, click plays.

function pointer(stage) {
  let from = null;
  let moved = false;
  const at = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  stage.addEventListener("pointerdown", (event) => {
    if (!data || event.button !== 0 || event.target.closest("button")) return;
    from = at(event);
    moved = false;
    if (lassoing || event.shiftKey) lasso = [from];
    stage.setPointerCapture(event.pointerId);
    parts.plot.focus({ preventScroll: true });
  });
  stage.addEventListener("pointermove", (event) => {
    if (!data) return;
    const place = at(event);
    if (!from) {
      hover(scatter.pick(...place), place);
      return;
    }
    if (!moved && Math.hypot(place[0] - from[0], place[1] - from[1]) < 3) return;
    moved = true;
    hover(-1);
    if (lasso) lasso.push(place);
    else {
      scatter.pan(place[0] - from[0], place[1] - from[1]);
      from = place;
    }
    redraw();
  });
  stage.addEventListener("pointerup", (event) => {
    if (!from) return;
    from = null;
    if (lasso && moved) listInside(lasso);
    else if (!moved) click(scatter.pick(...at(event)));
    lasso = null;
    redraw();
  });
  stage.addEventListener("pointercancel", () => { from = null; lasso = null; redraw(); });
  stage.addEventListener("pointerleave", () => hover(-1));
  stage.addEventListener("wheel", (event) => {
    if (!data) return;
    event.preventDefault();
    scatter.zoomAt(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...at(event));
    hover(-1);
    redraw();
  }, { passive: false });
}

function plotKeys(event) {
  const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
  if (!data?.xs.length) return;
  if (step) {
    scatter.pan(...step);
    redraw();
  } else if (event.key === "Enter") listSeen();
  else return;
  event.preventDefault();
}

/** Lists what is seen, and goes there. */
async function listSeen() {
  if (!data?.xs.length) return;
  const { width, height } = scatter;
  await listInside([[0, 0], [width, 0], [width, height], [0, height]]);
  list.element.focus();
}

function zoom(factor) {
  scatter?.zoomAt(factor);
  redraw();
}

function whole() {
  scatter?.whole();
  redraw();
}

function setLasso(on) {
  lassoing = on;
  parts.lassoButton.setAttribute("aria-pressed", String(on));
  parts.stage.classList.toggle("lassoing", on);
}

let hoverTurn = 0;
async function hover(point, place) {
  if (point === hovered) {
    if (point >= 0) placeTip(place);
    return;
  }
  hovered = point;
  redraw();
  const turn = hoverTurn += 1;
  parts.tip.hidden = true;
  if (point < 0) return;
  const row = await rowOf(point);
  if (turn !== hoverTurn || !row) return;
  fill(parts.tip, el("div", { class: "name" }, row.name), el("div", { class: "weak small" }, `${row.cat_id ?? "no CatID"} · ${length(row.duration_s)}`));
  parts.tip.hidden = false;
  placeTip(place);
}

function placeTip([left, top]) {
  const { tip, stage } = parts;
  const right = left > stage.clientWidth / 2;
  tip.style.left = right ? "auto" : `${left + 14}px`;
  tip.style.right = right ? `${stage.clientWidth - left + 14}px` : "auto";
  tip.style.top = `${Math.min(stage.clientHeight - 52, Math.max(4, top - 20))}px`;
}

async function rowOf(point) {
  const key = points.keyOf(data, point);
  if (!known.has(key)) {
    if (known.size > 4000) known.clear();
    known.set(key, get(`sounds/${key}`).catch(() => null));
  }
  return known.get(key);
}

async function click(point) {
  if (point < 0) return;
  ring(point);
  const row = await rowOf(point);
  if (!row) return toast("The library has changed since this map was made.", true);
  player.play(playable(row));
  const turn = listed += 1;
  try {
    const answer = await get("search", { like: row.key, count: 100 });
    if (turn !== listed) return;
    parts.title.textContent = `Closest to ${row.name}`;
    list.element.classList.remove("plain");
    list.show([{ ...row, percent: 100 }, ...answer.rows]);
    list.select(0, { quiet: true });
  } catch (error) {
    toast(error.message, true);
  }
}

async function listInside(polygon) {
  const inside = scatter.inside(polygon).filter((point) => only === null || (entries[data.cats[point]]?.category ?? "") === only);
  const turn = listed += 1;
  if (!inside.length) {
    parts.title.textContent = "No sounds there";
    list.show([], { empty: note("No sounds there", "Draw around some points.") });
    return;
  }
  try {
    const keys = inside.slice(0, LISTED).map((point) => points.keyOf(data, point));
    const rows = await post("rows", { keys, typical_first: true });
    if (turn !== listed) return;
    const counted = inside.length > LISTED ? `${count(LISTED)} of ${count(inside.length, "sound")}` : count(inside.length, "sound");
    parts.title.textContent = inside.length > 2 ? `${counted}, typical ones first` : counted;
    list.element.classList.add("plain");
    list.show(rows);
    setLasso(false);
  } catch (error) {
    toast(error.message, true);
  }
}
