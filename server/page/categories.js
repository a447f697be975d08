// The view of categories: how many sounds each CatID has, and examples to listen to.

import { get } from "./api.js";
import { el, fill, note, settled } from "./dom.js";
import { count } from "./format.js";
import { SoundList } from "./list.js";
import * as player from "./player.js";
import * as search from "./search.js";
import { catalogue, matching } from "./typeahead.js";

let parts;
let list;
let entries = [];
let shownEntries = [];
let at = -1;
let latest = 0;

/** Builds the view. */
export function build() {
  const input = el("input", { type: "search", "aria-label": "Find a category", placeholder: "Find a category by name or other words   ( / )", spellcheck: "false", autocomplete: "off" });
  const all = el("input", { type: "checkbox", id: "all-cats" });
  const tree = el("div", { class: "list", role: "listbox", tabindex: "0", "aria-label": "Categories", id: "cats" });
  const head = el("header", {});
  list = new SoundList({ label: "Examples", plain: true, onMore: search.more, onOpen: search.copyPath });
  input.addEventListener("input", settled(showTree, 80));
  all.addEventListener("change", showTree);
  tree.addEventListener("click", (event) => {
    const entry = event.target.closest(".entry");
    if (entry) choose(Number(entry.dataset.at));
  });
  tree.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20, Home: -1e4, End: 1e4 }[event.key];
    if (event.key === "Enter" || event.key === "ArrowRight") list.element.focus(), list.select(0);
    else if (step) choose(at + step);
    else return;
    event.preventDefault();
  });
  list.element.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") {
      tree.focus();
      event.preventDefault();
    }
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "Enter") return;
    tree.focus();
    choose(0);
    event.preventDefault();
  });
  parts = { input, all, tree, head };
  return el("section", { class: "view-categories", "aria-label": "Categories" },
    el("div", { class: "tree" },
      el("div", { class: "bar" }, input, el("label", { class: "check", title: "Also categories without sounds" }, all, "all 753")), tree),
    el("div", { class: "examples" }, head, list.element));
}

/** Shortcuts of this view. */
export function keys() {
  return {
    ...list.keys(),
    Escape: () => {
      if (parts.input.value) {
        parts.input.value = "";
        showTree();
      }
      player.stop();
      parts.tree.focus();
    },
  };
}

/** Puts the cursor into the field. */
export function focusInput() {
  parts.input.focus();
  parts.input.select();
}

/** Is told that the view is shown, or that the library has changed. */
export async function shown() {
  try {
    entries = await catalogue(true);
    showTree();
    if (at < 0) invite();
  } catch (error) {
    list.show([], { empty: note("This did not work", error.message) });
  }
}

function invite() {
  const labelled = entries.reduce((sum, entry) => sum + entry.sounds, 0);
  fill(parts.head, el("h2", {}, "Categories"));
  list.show([], {
    empty: labelled
      ? note("Listen to what a category means here", "Choose one at the left: its most typical sounds are played first, then those that stand out.")
      : note("No sound of the library has a label", "Labels come from UCS file names, from metadata, or from a table: earmark index --labels table.csv. The review suggests some."),
  });
}

function showTree() {
  const typed = parts.input.value.trim();
  const pool = parts.all.checked || typed ? entries : entries.filter((entry) => entry.sounds);
  shownEntries = typed ? matching(pool, typed, 200) : pool;
  at = -1;
  const content = [];
  let category;
  shownEntries.forEach((entry, number) => {
    if (!typed && entry.category !== category) {
      category = entry.category;
      content.push(el("h3", { class: "group", role: "presentation" }, category));
    }
    content.push(el("div", { class: entry.sounds ? "entry" : "entry none", role: "option", id: `cat-${number}`, "aria-selected": "false", data: { at: number } },
      el("span", { class: "name" }, typed ? `${entry.category} · ${entry.subcategory}` : entry.subcategory),
      el("span", { class: "code" }, entry.cat_id), el("span", { class: "num" }, entry.sounds ? count(entry.sounds) : "–")));
  });
  fill(parts.tree, content.length ? content : note("No category is called so", "Try another word."));
}

async function choose(to) {
  if (!shownEntries.length) return;
  to = Math.max(0, Math.min(shownEntries.length - 1, to));
  document.getElementById(`cat-${at}`)?.setAttribute("aria-selected", "false");
  at = to;
  const entry = shownEntries[at];
  const element = document.getElementById(`cat-${at}`);
  element.setAttribute("aria-selected", "true");
  element.scrollIntoView({ block: "nearest" });
  parts.tree.setAttribute("aria-activedescendant", element.id);
  const turn = latest += 1;
  fill(parts.head, el("h2", {}, `${entry.category} · ${entry.subcategory}`), el("span", { class: "weak" }, `${entry.cat_id} · ${count(entry.sounds, "sound")}`),
    el("span", { class: "grow" }), entry.sounds ? el("button", { type: "button", onclick: () => search.words(`${entry.cat_id}*`) }, "List them all") : null);
  if (!entry.sounds) {
    list.show([], { empty: note("No sound has this label", entry.keywords ? `Other words for it: ${entry.keywords.split(/[\s,;]+/).slice(0, 20).join(", ")}.` : "") });
    return;
  }
  try {
    const { typical, unusual } = await get(`categories/${encodeURIComponent(entry.cat_id)}`);
    if (turn !== latest) return;
    const groups = [[0, "Typical"]];
    if (unusual.length) groups.push([typical.length, "Stand out: rare, or labelled wrongly"]);
    list.show([...typical, ...unusual], { groups });
  } catch (error) {
    if (turn === latest) list.show([], { empty: note("This did not work", error.message) });
  }
}
