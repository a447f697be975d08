// The view to search: by words, by a dropped file, or for more like a sound.

import { get, upload } from "./api.js";
import { el, fill, note, settled, toast } from "./dom.js";
import { clock, count, length, percent, shape, size } from "./format.js";
import { SoundList, playable } from "./list.js";
import * as player from "./player.js";
import * as waveform from "./waveform.js";

const PAGE = 100;

/** What is asked now: `filter`, and `like` (a row) or `question` ({ number, name, duration_s, region }). */
let asked = { filter: "" };
let past = [];
let parts;
let list;
let latest = 0;
let fetched = 0;

/** Builds the view. */
export function build(app) {
  const input = el("input", {
    type: "search", "aria-label": "Search by words", "aria-keyshortcuts": "/", spellcheck: "false", autocomplete: "off",
    placeholder: "Words, a CatID, dur<5, ch=2 … or drop a sound anywhere   ( / )",
  });
  const file = el("input", { type: "file", id: "file", hidden: true, accept: "audio/*,.wav,.aif,.aiff,.aifc,.caf,.w64,.rf64,.flac,.mp3,.ogg,.opus,.m4a", tabindex: "-1" });
  file.addEventListener("change", () => {
    if (file.files[0]) ask(file.files[0]);
    file.value = "";
  });
  const told = el("span", { class: "weak small", role: "status", id: "told" });
  input.addEventListener("input", settled(() => change({ filter: input.value }, { replace: true }), 90));
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "Enter") {
      list.element.focus();
      if (list.selected < 0) list.select(0);
      event.preventDefault();
    }
  });
  const about = el("div", { class: "about", id: "about" });
  const side = el("aside", { class: "side", "aria-label": "The selected sound" });
  list = new SoundList({
    label: "Sounds", onSelect: showSide,
    onMore: (row) => { app.show("search"); change({ like: row, question: undefined, filter: asked.filter }); },
    onOpen: copyPath,
  });
  parts = { input, told, about, side, app };
  showSide();
  return el("section", { class: "view-search", "aria-label": "Search" },
    el("div", { class: "bar wide" }, el("span", { class: "hidden-label" }, "Search"), input,
      el("button", { type: "button", onclick: () => file.click() }, "Choose a file …"), file, told),
    about, list.element, side);
}

/** Shortcuts of this view. */
export function keys() {
  return { ...list.keys(), Escape: back };
}

/** Is told that the view is shown. */
export function shown() {
  if (!fetched) run();
}

/** Puts the cursor into the search field. */
export function focusInput() {
  parts.input.focus();
  parts.input.select();
}

/** Searches for more like a row of any view. */
export function more(row) {
  parts.app.show("search");
  change({ like: row, question: undefined });
}

/** Searches for words. */
export function words(filter) {
  parts.app.show("search");
  change({ filter, like: undefined, question: undefined });
}

/** Asks the same again, of a library that has changed. */
export function again() {
  if (fetched) run();
}

function change(changes, { replace = false } = {}) {
  if (!replace) past.push({ ...asked, selected: list.row()?.key });
  if (past.length > 50) past.shift();
  asked = { ...asked, ...changes };
  if (parts.input.value !== asked.filter) parts.input.value = asked.filter;
  run();
}

function back() {
  if (document.activeElement === parts.input && parts.input.value === "") parts.input.blur();
  const before = past.pop();
  if (before) {
    asked = before;
    parts.input.value = asked.filter;
    run(asked.selected);
  } else if (asked.like || asked.question || asked.filter) {
    asked = { filter: "" };
    parts.input.value = "";
    run();
  } else {
    parts.input.blur();
    player.stop();
  }
  if (document.activeElement === parts.input) list.element.focus();
}

function parameters(offset = 0) {
  const { filter, like, question } = asked;
  return {
    filter, like: like?.key, question: like ? undefined : question?.number, count: PAGE, offset: offset || undefined,
    from: like ? undefined : question?.region?.[0], to: like ? undefined : question?.region?.[1],
  };
}

async function run(selectKey) {
  const turn = latest += 1;
  fetched += 1;
  showAbout();
  if (asked.question && !asked.like && asked.question.state !== "ready") return;
  let answer;
  try {
    answer = await get("search", parameters());
  } catch (error) {
    if (turn === latest) fail(error);
    return;
  }
  if (turn !== latest) return;
  const plain = !asked.like && !asked.question;
  list.element.classList.toggle("plain", plain);
  parts.input.removeAttribute("aria-invalid");
  tell(answer);
  showAbout(answer);
  list.show(answer.rows, { empty: empty(plain), after: moreButton(answer) });
  const at = selectKey ? answer.rows.findIndex((row) => row.key === selectKey) : -1;
  if (at >= 0) list.select(at, { quiet: true });
  else showSide();
}

function tell(answer) {
  const time = `${answer.milliseconds < 10 ? answer.milliseconds.toFixed(1) : answer.milliseconds.toFixed(0)} ms`;
  const found = answer.total ?? answer.rows.length;
  parts.told.textContent = answer.total === null ? `${count(found, "closest sound")} · ${time}` : `${count(found, "sound")} · ${time}`;
}

function empty(plain) {
  if (asked.filter) {
    return note("No sound of the library passes", plain
      ? "Try fewer words, or drop a sound that is like the one you want."
      : "Nothing that is alike has these words: try fewer.",
    el("button", { type: "button", onclick: () => change({ filter: "" }) }, "Clear the words"));
  }
  return note("The library is empty", "Index a folder of sounds in a terminal; it appears here by itself:", el("code", {}, "earmark index ~/Sounds"));
}

function moreButton(answer) {
  if (answer.total === null || answer.total <= answer.rows.length) return null;
  const button = el("button", { type: "button", class: "more" }, `Show more of ${count(answer.total, "sound")}`);
  button.addEventListener("click", async () => {
    const turn = latest;
    try {
      const next = await get("search", parameters(list.rows.length));
      if (turn !== latest) return;
      list.extend(next.rows, list.rows.length + next.rows.length < next.total ? button : null);
    } catch (error) {
      toast(error.message, true);
    }
  });
  return button;
}

function fail(error) {
  parts.told.textContent = "";
  if (error.kind === "filter") {
    parts.input.setAttribute("aria-invalid", "true");
    parts.told.textContent = error.message;
    return;
  }
  if (error.kind === "stale" || error.kind === "forgotten") {
    asked = { filter: asked.filter };
    toast(error.message, true);
    run();
    return;
  }
  if (error.kind === "unheard" && asked.question) {
    // The library was made anew with another network, which listens again.
    asked.question.state = "sending";
    showAbout();
    follow(asked.question);
    return;
  }
  const states = {
    "no-library": ["No library yet", "Index a folder of sounds in a terminal; it appears here by itself:", el("code", {}, "earmark index ~/Sounds")],
    model: ["The network cannot be used", error.message],
    gone: ["Earmark does not answer", "Start it again in a terminal, and open the new address:", el("code", {}, "earmark serve")],
  };
  list.show([], { empty: note(...(states[error.kind] ?? ["This did not work", error.message])) });
  showSide();
}

// What is asked about: a sound or a file, with the categories it is likely of.

function showAbout(answer) {
  const { like, question } = asked;
  if (!like && !question) {
    fill(parts.about, el("div", { class: "card weak" },
      el("span", {}, "Drop a sound on the page to find what is like it, or select one below and press ", el("kbd", {}, "M"), "."),
      el("span", {}, el("kbd", {}, "↑"), " ", el("kbd", {}, "↓"), " move  ", el("kbd", {}, "Space"), " plays  ", el("kbd", {}, "Enter"), " copies the path  ", el("kbd", {}, "?"), " all keys")));
    return;
  }
  const canvas = el("canvas", { width: "240", height: "52", "aria-hidden": "true" });
  canvas.style.width = "240px";
  canvas.style.height = "52px";
  const sound = like ? playable(like) : {
    source: `questions/${question.number}`, name: question.name, folder: "dropped on the page", duration_s: question.duration_s ?? 0,
  };
  const ready = like || question.state === "ready";
  fill(parts.about,
    el("div", { class: "card" },
      el("button", { type: "button", class: "quiet", "aria-label": "Play what is asked about", disabled: !ready, onclick: () => player.play(sound, question?.region?.[0] ?? 0) }, "▶"),
      el("div", { class: "who" },
        el("div", { class: "weak small" }, like ? "More like" : "Sounds like"),
        el("div", { class: "name", title: sound.name }, sound.name),
        el("div", { class: "weak small", id: "progress", role: "status" }, ready ? regionText(question, sound) : question.says ?? "")),
      canvas,
      el("button", { type: "button", class: "quiet", "aria-label": "Ask about something else", onclick: back }, "✕")),
    el("div", { class: "shares", "aria-label": "Likely categories", id: "shares" }, shares(answer)));
  if (ready && sound.duration_s > 0) {
    const region = question?.region && !like ? question.region.map((time) => time / question.duration_s) : undefined;
    waveform.show(canvas, sound.source, { region });
    if (!like) regionOf(canvas, question);
  }
}

function regionText(question, sound) {
  if (!asked.like && question?.region) return `${clock(question.region[0], true)} – ${clock(question.region[1], true)}`;
  return `${length(sound.duration_s)}${asked.like ? "" : " · drag to ask about a part"}`;
}

/** Lets a part of the dropped sound be selected with the pointer. */
function regionOf(canvas, question) {
  canvas.addEventListener("pointerdown", (event) => {
    const box = canvas.getBoundingClientRect();
    const at = (moved) => Math.min(1, Math.max(0, (moved.clientX - box.left) / box.width));
    const first = at(event);
    let region;
    canvas.setPointerCapture(event.pointerId);
    canvas.onpointermove = (moved) => {
      const second = at(moved);
      region = [Math.min(first, second), Math.max(first, second)];
      waveform.mark(canvas, { region });
    };
    canvas.onpointerup = () => {
      canvas.onpointermove = null;
      canvas.onpointerup = null;
      const long = region && (region[1] - region[0]) * box.width > 4;
      change({ question: { ...question, region: long ? region.map((part) => part * question.duration_s) : undefined } });
    };
  });
}

function shares(answer) {
  if (!answer?.judged) return [];
  if (!answer.categories.length) return el("span", { class: "weak" }, "No idea what category this is: nothing labelled is close.");
  return answer.categories.map((share) => {
    const bar = el("i", { "aria-hidden": "true" });
    bar.style.width = percent(share.share).replace(" ", "");
    return el("button", {
      type: "button", class: "share", title: `${share.category} · ${share.subcategory}: only sounds of ${share.cat_id}`,
      onclick: () => change({ filter: asked.filter.includes(share.cat_id) ? asked.filter : `${asked.filter} ${share.cat_id}*`.trim() }),
    }, bar, el("b", {}, share.cat_id), el("span", { class: "name" }, `${share.category} ${share.subcategory}`), el("span", {}, percent(share.share)));
  });
}

/** Asks about a file. */
export async function ask(file) {
  parts.app.show("search");
  const most = parts.app.state?.max_upload_bytes;
  if (most && file.size > most) return toast(`${file.name} is larger than ${size(most)}; cut out the part that matters.`, true);
  const question = { name: file.name, state: "sending", says: "Reading …" };
  change({ question, like: undefined });
  try {
    const answer = await upload(file, (part) => says(question, part < 1 ? `Reading … ${percent(part)}` : "Listening …"));
    question.number = answer.question;
  } catch (error) {
    giveUp(question, error);
    return;
  }
  await follow(question);
}

function says(question, text) {
  question.says = text;
  const progress = document.getElementById("progress");
  if (asked.question === question && progress) progress.textContent = text;
}

function giveUp(question, error) {
  if (asked.question !== question) return;
  back();
  toast(error.message, true);
}

/** Waits until a file was listened to, and then asks about it. */
async function follow(question) {
  try {
    for (;;) {
      const { name, progress } = await get(`questions/${question.number}`);
      question.name = name;
      if (progress.state === "ready") {
        question.state = "ready";
        question.duration_s = progress.duration_s;
        if (asked.question === question) run();
        return;
      }
      if (progress.state === "failed") throw new Error(progress.message);
      says(question, { waiting: "Waiting …", "loading-model": "Loading the network …", hearing: `Listening … ${clock(progress.seconds ?? 0)}` }[progress.state]);
      if (asked.question !== question) return;
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  } catch (error) {
    giveUp(question, error);
  }
}

// The selected sound.

async function showSide(row) {
  if (!row) {
    fill(parts.side, el("p", { class: "weak small" }, "Select a sound to see where it lies and what is known of it."));
    return;
  }
  const head = [el("h2", {}, row.name), el("div", { class: "buttons" },
    el("button", { type: "button", onclick: () => copyPath(row) }, "Copy path"),
    el("button", { type: "button", onclick: () => more(row) }, "More like this"))];
  fill(parts.side, head);
  try {
    const facts = await get(`sounds/${row.key}`);
    if (list.row() !== row) return;
    const lines = [
      ["CatID", facts.cat_id ? `${facts.cat_id} — ${facts.category} · ${facts.subcategory}` : "none"],
      ["Length", clock(facts.duration_s, true)], ["Format", `${shape(facts)}${facts.bits_per_sample ? `, ${facts.bits_per_sample} bit` : ""}`],
      ["Size", size(facts.file_size)], ["Title", facts.title], ["About", facts.description], ["Keywords", facts.keywords],
      ["Matches at", row.moment_s ? clock(row.moment_s[0], true) : null], ["Odd", facts.warnings.join(" ")],
    ];
    fill(parts.side, head, el("span", { class: "path", id: "path" }, facts.path),
      el("dl", {}, lines.filter(([, value]) => value).map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
  } catch (error) {
    if (list.row() === row) fill(parts.side, head, el("p", { class: "bad" }, error.message));
  }
}

/** Copies where a sound lies. */
export async function copyPath(row) {
  try {
    const { path } = await get(`sounds/${row.key}`);
    await navigator.clipboard.writeText(path);
    toast(`Copied: ${path}`);
  } catch (error) {
    toast(error.kind ? error.message : "The browser does not let this page copy; select the path at the right instead.", true);
  }
}
