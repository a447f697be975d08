// Type-ahead over the CatIDs of UCS: by CatID, Category, SubCategory and other words.

import { get } from "./api.js";
import { el, fill } from "./dom.js";

let list;
/** The CatIDs with their names, other words, and sounds of the library. */
export function catalogue(anew = false) {
  if (!list || anew) list = get("categories");
  return list;
}

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** CatIDs that match what is typed, best first. */
export function matching(entries, typed, most = 12) {
  const words = fold(typed).split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const found = [];
  for (const entry of entries) {
    const id = fold(entry.cat_id);
    const names = fold(`${entry.category} ${entry.subcategory}`);
    const others = fold(entry.keywords);
    let score = 0;
    for (const word of words) {
      if (id === word) score += 100;
      else if (id.startsWith(word)) score += 40;
      else if (names.split(" ").some((name) => name.startsWith(word))) score += 30;
      else if (id.includes(word) || names.includes(word)) score += 15;
      else if (others.split(/[\s,;]+/).includes(word)) score += 12;
      else if (others.includes(word)) score += 5;
      else { score = -1; break; }
    }
    if (score > 0) found.push([score + Math.min(4, Math.log10(1 + entry.sounds)), entry]);
  }
  found.sort((a, b) => b[0] - a[0] || a[1].cat_id.localeCompare(b[1].cat_id));
  return found.slice(0, most).map(([, entry]) => entry);
}

let made = 0;
/** A field that gives a CatID: a combobox, as the ARIA Authoring Practices describe it. */
export function field({ label, placeholder, onPick, onCancel = () => {}, above = false }) {
  const id = `cats-${made += 1}`;
  const options = el("ul", { role: "listbox", id, "aria-label": label, hidden: true });
  const input = el("input", {
    type: "text", role: "combobox", "aria-label": label, "aria-expanded": "false", "aria-controls": id,
    "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false", placeholder,
  });
  let shown = [];
  let at = -1;
  const close = () => {
    options.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    shown = [];
  };
  const highlight = (to) => {
    options.children[at]?.setAttribute("aria-selected", "false");
    at = to;
    const option = options.children[at];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
  };
  const pick = (entry) => {
    input.value = "";
    close();
    onPick(entry);
  };
  input.addEventListener("input", async () => {
    shown = matching(await catalogue(), input.value);
    fill(options, shown.map((entry, number) => el("li", {
      role: "option", id: `${id}-${number}`, "aria-selected": "false",
      onpointerdown: (event) => { event.preventDefault(); pick(entry); },
    }, el("b", {}, entry.cat_id), el("span", { class: "name weak" }, `${entry.category} · ${entry.subcategory}`))));
    options.hidden = !shown.length;
    input.setAttribute("aria-expanded", String(shown.length > 0));
    at = -1;
    if (shown.length) highlight(0);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!shown.length) return;
      highlight((at + (event.key === "ArrowDown" ? 1 : shown.length - 1)) % shown.length);
    } else if (event.key === "Enter" && shown[at]) pick(shown[at]);
    else if (event.key === "Escape") {
      if (shown.length) close();
      else onCancel();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  input.addEventListener("blur", close);
  return { element: el("div", { class: above ? "typeahead above" : "typeahead" }, input, options), input };
}
