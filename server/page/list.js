// A list of sounds: selected with the arrows, played with space.

import { el, fill, toast } from "./dom.js";
import { length, shape } from "./format.js";
import * as player from "./player.js";
import * as waveform from "./waveform.js";

let lists = 0;

/** What the player needs to know of a row. */
export function playable(row) {
  return { source: `sounds/${row.key}`, name: row.name, folder: row.folder, duration_s: row.duration_s, moment_s: row.moment_s };
}

export class SoundList {
  /** `onSelect(row)` when another is selected, `onMore(row)` for more like it, `onOpen(row)` for Enter. */
  constructor({ label, onSelect = () => {}, onMore, onOpen = () => {}, plain = false }) {
    this.id = `list-${lists += 1}`;
    this.rows = [];
    this.elements = [];
    this.selected = -1;
    this.callbacks = { onSelect, onMore, onOpen };
    this.element = el("div", { class: plain ? "list plain" : "list", role: "listbox", tabindex: "0", "aria-label": label, id: this.id });
    this.element.addEventListener("click", (event) => this.clicked(event));
    this.element.addEventListener("dblclick", (event) => {
      const at = this.at(event);
      if (at >= 0 && !event.target.closest("button")) this.play(at);
    });
    player.onChange((source) => this.showPlaying(source));
  }

  /** Shows rows; `groups` are headings as [index of the row below, text]. */
  show(rows, { groups = [], empty, after } = {}) {
    this.rows = rows;
    this.selected = -1;
    this.elements = rows.map((row, at) => this.rowElement(row, at));
    const content = [];
    this.elements.forEach((element, at) => {
      for (const [before, text] of groups) if (before === at) content.push(el("h3", { class: "group", role: "presentation" }, text));
      content.push(element);
    });
    fill(this.element, rows.length ? content : empty, after);
    this.element.scrollTop = 0;
    this.element.removeAttribute("aria-activedescendant");
    this.showPlaying(player.playing());
  }

  /** Adds rows at the end. */
  extend(rows, after) {
    const first = this.rows.length;
    this.rows.push(...rows);
    const added = rows.map((row, at) => this.rowElement(row, first + at));
    this.elements.push(...added);
    for (const old of [...this.element.children]) if (old.getAttribute("role") !== "option") old.remove();
    this.element.append(...added);
    if (after) this.element.append(after);
  }

  rowElement(row, at) {
    const canvas = el("canvas", { "aria-hidden": "true" });
    waveform.show(canvas, `sounds/${row.key}`, { moment: waveform.momentOf(row) });
    return el("div", { class: row.offline ? "row offline" : "row", role: "option", id: `${this.id}-${at}`, "aria-selected": "false", data: { at } },
      el("button", { type: "button", class: "play", tabindex: "-1", "aria-label": "Play" }, "▶"),
      el("span", { class: "percent" }, row.percent === undefined ? "" : `${row.percent.toFixed(0)} %`),
      el("span", { class: "title" },
        el("span", { class: "name", title: row.name }, row.name),
        el("span", { class: "folder name" }, row.offline ? `offline · ${row.folder}` : row.folder)),
      canvas,
      el("span", { class: "cat", title: row.category ? `${row.category} ${row.subcategory}` : "no CatID" }, row.cat_id ?? "–"),
      el("span", { class: "num" }, length(row.duration_s)),
      el("span", { class: "num format" }, shape(row)),
      this.callbacks.onMore && el("button", { type: "button", class: "like", tabindex: "-1", "aria-label": "More like this", title: "More like this (M)" }, "≈"));
  }

  at(event) {
    const row = event.target.closest(".row");
    return row && this.element.contains(row) ? Number(row.dataset.at) : -1;
  }

  clicked(event) {
    const at = this.at(event);
    if (at < 0) return;
    const again = at === this.selected;
    this.select(at, event.target.closest("button") ? { quiet: true } : {});
    if (event.target.closest(".play")) this.play(at);
    else if (event.target.closest(".like")) this.callbacks.onMore(this.rows[at]);
    else if (event.target.tagName === "CANVAS") {
      const box = event.target.getBoundingClientRect();
      const row = this.rows[at];
      player.play(playable(row), (event.clientX - box.left) / box.width * row.duration_s);
    } else if (again) this.element.focus();
  }

  /** The selected row. */
  row() {
    return this.rows[this.selected];
  }

  /** Selects a row; it is played when the user wants that. */
  select(at, { quiet = false } = {}) {
    if (!this.rows.length) return;
    at = Math.max(0, Math.min(this.rows.length - 1, at));
    if (at === this.selected) return;
    this.elements[this.selected]?.setAttribute("aria-selected", "false");
    this.selected = at;
    const element = this.elements[at];
    element.setAttribute("aria-selected", "true");
    this.element.setAttribute("aria-activedescendant", element.id);
    element.scrollIntoView({ block: "nearest" });
    this.callbacks.onSelect(this.rows[at]);
    if (!quiet && document.getElementById("follow").checked) this.play(at, { anew: true });
  }

  /** Plays a row from the moment that matches, or pauses it. */
  play(at = this.selected, { fromStart = false, anew = false } = {}) {
    const row = this.rows[at];
    if (!row) return;
    if (row.offline) return toast("The drive of this sound is not plugged in.", true);
    const sound = playable(row);
    if (player.playing() === sound.source && !anew && !fromStart) return player.stop();
    player.play(sound, fromStart ? 0 : row.moment_s?.[0] ?? 0);
  }

  showPlaying(source) {
    this.rows.forEach((row, at) => {
      const on = source === `sounds/${row.key}`;
      const button = this.elements[at].firstChild;
      if (on !== (button.textContent !== "▶")) {
        button.textContent = on ? "❚❚" : "▶";
        button.setAttribute("aria-label", on ? "Pause" : "Play");
      }
    });
  }

  /** The shortcuts of a view with this list. */
  keys() {
    const page = () => Math.max(1, Math.floor(this.element.clientHeight / 44) - 1);
    const move = (by) => () => this.select(this.selected < 0 ? (by < 0 ? this.rows.length - 1 : 0) : this.selected + by);
    return {
      ArrowDown: move(1), ArrowUp: move(-1),
      PageDown: () => this.select(this.selected + page()), PageUp: () => this.select(this.selected - page()),
      Home: () => this.select(0), End: () => this.select(this.rows.length - 1),
      Space: () => (this.selected < 0 ? player.playOrPause() : this.play()),
      "Shift+Space": () => this.play(this.selected, { fromStart: true }),
      Enter: () => this.row() && this.callbacks.onOpen(this.row()),
      m: () => this.row() && this.callbacks.onMore?.(this.row()),
    };
  }
}
