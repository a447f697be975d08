// The review: suggestions one after another, decided with single keys, kept at once, undone at will.

import { get, post } from "./api.js";
import { el, fill, note, settled, toast } from "./dom.js";
import { clock, count, percent } from "./format.js";
import { SoundList, playable } from "./list.js";
import * as player from "./player.js";
import * as search from "./search.js";
import * as typeahead from "./typeahead.js";

const PAGE = 200;

const KINDS = {
  unlabelled: ["Without a label", "Sounds that have no CatID, and what they are likely of."],
  contradicted: ["Contradicted", "Sounds unlike others of their label, and like those of another."],
  inconsistent: ["Inconsistent", "A vendor uses a category for what others file elsewhere."],
  unknown_cat_id: ["Unknown CatID", "The CatID is not in the list of UCS."],
  old_cat_id: ["Old CatID", "The CatID is of an older version of UCS."],
  twins_disagree: ["Twins disagree", "Sounds that are as good as the same have different labels."],
};
const OTHERS = "Files to look at";

let app;
let parts;
let list;
let report = null;
let kind = null;
let items = [];
let turn = 0;

/** Builds the view. */
export function build(of) {
  app = of;
  const kinds = el("div", { class: "kinds", role: "tablist", "aria-label": "Kinds of suggestions" });
  const least = el("input", { type: "number", min: "5", max: "100", step: "5", value: "80", "aria-label": "Least share, per cent" });
  const bulk = el("button", { type: "button", disabled: true, onclick: acceptAbove }, "Accept all above");
  const undo = el("button", { type: "button", disabled: true, title: "Take the last decision back (U)", onclick: takeBack }, "Undo");
  const again = el("button", { type: "button", class: "quiet", title: "Look for suggestions again", onclick: begin }, "Look again");
  const planButton = el("button", { type: "button", class: "primary", disabled: true, onclick: openPlan }, "Make a plan …");
  const head = el("p", { class: "weak small about-kind" });
  const side = el("aside", { class: "side deciding", "aria-label": "The suggestion" });
  const state = el("div", { class: "whole" });
  const dialog = el("dialog", { "aria-labelledby": "plan-title", class: "plan" });
  least.addEventListener("input", settled(countAbove, 120));
  list = new SoundList({ label: "Suggestions", plain: true, onSelect: () => showSide(), onOpen: search.copyPath, onMore: search.more });
  list.element.classList.add("suggestions");
  parts = { kinds, least, bulk, undo, again, planButton, head, side, state, dialog };
  parts.work = el("div", { class: "work", hidden: true },
    el("div", { class: "bar" }, kinds, el("span", { class: "grow" }), el("label", { class: "check" }, "at least", least, "%"), bulk, undo, again, planButton),
    head, el("div", { class: "columns" }, list.element, side));
  return el("section", { class: "view-review", "aria-label": "Review" }, parts.work, state, dialog);
}

/** Shortcuts of this view. */
export function keys() {
  return {
    ...list.keys(),
    a: () => decide("accepted"), s: () => decide("skipped"), u: takeBack,
    c: () => { parts.field?.input.focus(); },
    ArrowRight: () => step(1), ArrowLeft: () => step(-1),
    Escape: () => player.stop(),
  };
}

/** Is told that the view is shown, or that the library has changed. */
export async function shown() {
  const mine = turn += 1;
  try {
    report = await get("review");
    if (mine === turn) await follow();
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  parts.work.hidden = true;
  parts.state.hidden = false;
  fill(parts.state, error.kind === "no-library"
    ? note("No library yet", "Index a folder of sounds in a terminal; it appears here by itself:", el("code", {}, "earmark index ~/Sounds"))
    : note("This did not work", error.message, el("button", { type: "button", onclick: shown }, "Try again")));
}

async function begin() {
  try {
    report = await post("review");
    await follow();
  } catch (error) {
    fail(error);
  }
}

/** Follows the work until it is done, and shows what there is. */
async function follow() {
  const mine = turn += 1;
  while (report.state === "working") {
    parts.work.hidden = true;
    parts.state.hidden = false;
    fill(parts.state, note("Looking for suggestions", `${report.stage} … ${percent(report.done)}`,
      el("progress", { max: "1", value: String(report.done), "aria-label": "Looking for suggestions" }),
      el("button", { type: "button", onclick: () => post("review/stop") }, "Stop")));
    await new Promise((resolve) => setTimeout(resolve, 150));
    if (mine !== turn) return;
    report = await get("review");
    if (mine !== turn) return;
  }
  if (report.state === "failed") return fail(new Error(report.message));
  if (report.state === "idle") {
    parts.work.hidden = true;
    parts.state.hidden = false;
    fill(parts.state, note("Review labels", "Earmark listens to your sounds, suggests categories for those without a label, and shows labels that the sound contradicts. You decide; nothing is changed until you carry out the plan that comes of it.",
      report.decided ? el("p", {}, `${count(report.decided, "decision")} of earlier ${report.decided === 1 ? "is" : "are"} kept.`) : null,
      el("div", { class: "buttons centred" }, el("button", { type: "button", class: "primary", onclick: begin }, "Look for suggestions"),
        report.decided ? el("button", { type: "button", onclick: openPlan }, "Make a plan …") : null)));
    return;
  }
  parts.state.hidden = true;
  parts.work.hidden = false;
  if (!report.kinds.length) {
    parts.work.hidden = true;
    parts.state.hidden = false;
    fill(parts.state, note("Nothing to review", "Every sound has a label that fits what it sounds like, as far as Earmark can tell.",
      el("div", { class: "buttons centred" }, el("button", { type: "button", onclick: begin }, "Look again"),
        report.decided ? el("button", { type: "button", class: "primary", onclick: openPlan }, "Make a plan …") : null)));
    return;
  }
  if (!report.kinds.some((of) => of.kind === kind)) {
    kind = (report.kinds.find((of) => of.kind === "unlabelled" && of.open) ?? report.kinds.find((of) => of.open) ?? report.kinds[0]).kind;
  }
  showBar();
  await load();
}

function title(of) {
  return KINDS[of]?.[0] ?? of.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());
}

function showBar() {
  fill(parts.kinds, report.kinds.map((of) => el("button", {
    type: "button", role: "tab", "aria-selected": String(of.kind === kind), class: "quiet",
    onclick: () => { kind = of.kind; showBar(); load(); },
  }, title(of.kind), el("span", { class: "count" }, count(of.open)))));
  parts.head.textContent = KINDS[kind]?.[1] ?? OTHERS;
  parts.undo.disabled = !report.undo;
  parts.undo.title = report.undo ? `Take back (U): ${report.undo}` : "Nothing to take back";
  parts.planButton.disabled = !report.decided;
  parts.planButton.textContent = report.decided ? `Make a plan of ${count(report.decided)} …` : "Make a plan …";
  app.badge?.("review", report.kinds.reduce((sum, of) => sum + of.open, 0));
  countAbove();
}

async function load(selectNumber) {
  const mine = turn += 1;
  const loaded = await get("review/items", { kind, count: PAGE });
  if (mine !== turn) return;
  items = loaded;
  render(selectNumber);
}

function render(selectNumber) {
  const kindOf = report.kinds.find((of) => of.kind === kind);
  list.show(items, {
    empty: note("Nothing of this kind", ""),
    after: kindOf && kindOf.total > items.length ? moreButton(kindOf.total) : null,
  });
  items.forEach((item, at) => decorate(item, at));
  const wanted = selectNumber === undefined ? items.findIndex((item) => !item.verdict) : items.findIndex((item) => item.number === selectNumber);
  if (wanted >= 0) list.select(wanted, { quiet: true });
  else showSide();
  countAbove();
}

function moreButton(total) {
  const button = el("button", { type: "button", class: "more" }, `Show more of ${count(total)}`);
  button.addEventListener("click", async () => {
    const first = items.length;
    const next = await get("review/items", { kind, count: PAGE, offset: first });
    list.extend(next, first + next.length < total ? button : null);
    items = list.rows;
    next.forEach((item, at) => decorate(item, first + at));
    countAbove();
  });
  return button;
}

/** Shows in a line what it is labelled, what is suggested, and what was decided. */
function decorate(item, at) {
  const element = list.elements[at];
  const cell = element.querySelector(".cat");
  const first = item.choices[0];
  cell.title = "";
  fill(cell, item.cat_id && !item.verdict ? el("span", { class: "weak" }, `${item.cat_id} → `) : null,
    item.verdict === "skipped" ? el("span", { class: "weak" }, "skipped")
      : item.verdict ? el("b", { class: "good" }, `✓ ${item.decided ?? ""}`)
        : first ? [el("b", {}, first.cat_id), ` ${percent(first.share)}`] : el("span", { class: "weak" }, "–"));
  element.classList.toggle("decided", Boolean(item.verdict));
}

// The selected suggestion: what is suggested and why.

function showSide() {
  const item = list.row();
  parts.field = null;
  if (!item) {
    const open = report?.kinds.find((of) => of.kind === kind)?.open ?? 0;
    fill(parts.side, open ? el("p", { class: "weak" }, "Select a suggestion.")
      : note("All decided", "Look at another kind, or make a plan of what you decided."));
    return;
  }
  const first = item.choices[0];
  parts.field = typeahead.field({
    label: "Correct to", placeholder: "Another CatID … (C)",
    onPick: (entry) => decide("corrected", entry.cat_id), onCancel: () => list.element.focus(),
  });
  fill(parts.side,
    el("h2", {}, item.name),
    item.message ? el("p", { class: "small" }, item.message) : null,
    el("p", { class: "small weak" }, item.cat_id ? `Labelled ${item.cat_id}: ${item.category} · ${item.subcategory}` : "No label"),
    item.choices.map((choice, at) => {
      const bar = el("i", { "aria-hidden": "true" });
      bar.style.width = percent(choice.share).replace(" ", "");
      return el("button", {
        type: "button", class: "share", title: `${choice.category} · ${choice.subcategory}`,
        onclick: () => (at ? decide("corrected", choice.cat_id) : decide("accepted")),
      }, bar, el("b", {}, choice.cat_id), el("span", { class: "name" }, `${choice.category} ${choice.subcategory}`), el("span", {}, percent(choice.share)));
    }),
    el("div", { class: "buttons" },
      el("button", { type: "button", class: "primary", disabled: !first, "aria-keyshortcuts": "a", onclick: () => decide("accepted") }, "Accept ", el("kbd", {}, "A")),
      el("button", { type: "button", "aria-keyshortcuts": "s", onclick: () => decide("skipped") }, "Skip ", el("kbd", {}, "S"))),
    parts.field.element,
    item.reasons.length ? [el("h3", {}, "Why"), el("div", { class: "reasons" }, item.reasons.map((reason) => reasonOf(reason, item)))] : null,
    item.related.length ? [el("h3", {}, "Also about"), el("div", { class: "reasons" }, item.related.map((row) => soundLine(row, row.cat_id ?? "no label", 0)))] : null);
}

function soundLine(row, says, at_s) {
  return el("div", { class: "reason" },
    el("button", { type: "button", class: "quiet", "aria-label": `Play ${row.name}`, onclick: () => player.play(playable(row), at_s) }, "▶"),
    el("span", { class: "name", title: row.name }, row.name), el("span", { class: "weak small" }, says));
}

function reasonOf(reason, item) {
  if (reason.kind === "sound") {
    const says = `${reason.cat_id} · ${reason.percent.toFixed(0)} % at ${clock(reason.there_s, true)}`;
    if (reason.row) return soundLine(reason.row, says, reason.there_s);
    return el("div", { class: "reason" }, el("span", { class: "weak" }, "◦"), el("span", { class: "name", title: reason.name }, reason.name), el("span", { class: "weak small" }, `${says} · starter bank`));
  }
  if (reason.kind === "word") {
    return el("div", { class: "reason" }, el("span", { class: "weak" }, "“"), el("span", { class: "name" }, reason.word),
      el("span", { class: "weak small" }, `${reason.term !== reason.word ? `${reason.term}, ` : ""}${reason.language} · in the ${reason.place}`));
  }
  return el("div", { class: "reason" }, el("span", { class: "weak" }, "→"), el("span", { class: "name" }, reason.label), el("span", { class: "weak small" }, percent(reason.confidence)));
}

// Decisions.

/** What is sent, one after another; the page does not wait for it. */
let sending = Promise.resolve();

function decide(verdict, cat_id) {
  const item = list.row();
  if (!item) return;
  if (verdict === "accepted" && !item.choices.length) return toast("There is nothing to accept here: correct it, or skip it.", true);
  // Other lines may be about the same sound.
  for (const [at, other] of items.entries()) {
    if (other.key !== item.key) continue;
    other.verdict = verdict;
    other.decided = verdict === "accepted" ? item.choices[0].cat_id : cat_id ?? null;
    decorate(other, at);
  }
  list.element.focus();
  if (!step(1)) showSide();
  sending = sending.then(() => post("review/decide", { items: [item.number], verdict, cat_id })).then(refresh, async (error) => {
    toast(error.message, true);
    await load(item.number);
  });
}

async function refresh() {
  report = await get("review");
  showBar();
}

/** Selects the next (or the previous) suggestion that is open. */
function step(by) {
  for (let at = list.selected + by; at >= 0 && at < items.length; at += by) {
    if (!items[at].verdict) {
      list.select(at);
      return true;
    }
  }
  if (by > 0) {
    const first = items.findIndex((item) => !item.verdict);
    if (first >= 0 && first !== list.selected) {
      list.select(first);
      return true;
    }
  }
  return false;
}

function takeBack() {
  sending = sending.then(takeLastBack);
}

async function takeLastBack() {
  if (!report?.undo) return;
  const what = report.undo;
  try {
    const { items: numbers } = await post("review/undo");
    report = await get("review");
    showBar();
    await load(numbers.length === 1 ? numbers[0] : undefined);
    toast(`Taken back: ${what}`);
  } catch (error) {
    toast(error.message, true);
  }
}

function leastShare() {
  return Math.max(0.05, Math.min(1, Number(parts.least.value) / 100 || 1));
}

function countAbove() {
  const above = items.filter((item) => !item.verdict && item.choices[0]?.share >= leastShare() && item.choices[0].cat_id !== item.cat_id);
  const all = report?.kinds.find((of) => of.kind === kind)?.total ?? 0;
  const more = all > items.length && items.at(-1)?.choices[0]?.share >= leastShare();
  parts.bulk.disabled = !above.length;
  parts.bulk.textContent = `Accept ${count(above.length)}${more ? " +" : ""} above`;
}

async function acceptAbove() {
  try {
    await sending;
    const { sounds } = await post("review/decide", { verdict: "accepted", kind, least_share: leastShare() });
    report = await get("review");
    showBar();
    await load();
    toast(`Accepted: ${count(sounds, "sound")}. U takes them back.`);
  } catch (error) {
    toast(error.message, true);
  }
}

// The plan.

function openPlan() {
  const rename = el("input", { type: "checkbox", checked: true });
  const write = el("input", { type: "checkbox", checked: true });
  const creator = el("input", { type: "text", "aria-label": "CreatorID", placeholder: "CreatorID, such as ABCD", value: localStorage.getItem("creator") });
  const source = el("input", { type: "text", "aria-label": "SourceID", placeholder: "SourceID, such as FOLEY1", value: localStorage.getItem("source") });
  const told = el("div", { role: "status" });
  const make = async () => {
    localStorage.setItem("creator", creator.value);
    localStorage.setItem("source", source.value);
    try {
      await sending;
      const plan = await post("review/plan", { rename: rename.checked, write: write.checked, creator_id: creator.value, source_id: source.value });
      fill(told, el("p", {}, `${count(plan.renames, "file")} to rename, ${count(plan.writes, "file")} to write into.`),
        plan.problems ? el("p", { class: "mark" }, `${count(plan.problems, "sound")} cannot be done: ${plan.reasons.join("; ")}`) : null,
        plan.gone ? el("p", { class: "weak" }, `${count(plan.gone, "sound")} are not in the library any more.`) : null,
        el("p", { class: "weak small" }, "Nothing is changed yet. The plan is a text: look at it, and edit it if you like."),
        el("span", { class: "path", id: "plan-path" }, plan.path),
        el("p", { class: "weak small" }, "Then carry it out in a terminal; earmark undo takes it back:"),
        el("span", { class: "path" }, `earmark ${plan.writes ? "write" : "rename"} --apply "${plan.path}"`));
    } catch (error) {
      fill(told, el("p", { class: "bad" }, error.message));
    }
  };
  fill(parts.dialog, el("h2", { id: "plan-title" }, `A plan of ${count(report?.decided ?? 0, "decision")}`),
    el("label", { class: "line" }, rename, "Give the files UCS names"),
    el("label", { class: "line" }, write, "Write the UCS fields into the files"),
    el("p", { class: "weak small" }, "For sounds that have none:"), el("div", { class: "buttons" }, creator, source),
    told,
    el("div", { class: "buttons end" }, el("button", { type: "button", onclick: () => parts.dialog.close() }, "Close"),
      el("button", { type: "button", class: "primary", id: "make-plan", onclick: make }, "Write the plan")));
  parts.dialog.showModal();
}
