// Waveforms: fetched when they come into sight, few at a time, drawn on canvases.

import { bytes } from "./api.js";
import { colour } from "./dom.js";

const kept = new Map();
const KEPT = 600;
const AT_A_TIME = 4;
const waiting = [];
let running = 0;

/** Peaks of a sound ("sounds/KEY" or "questions/N"), as an Int8Array of pairs; `null` where they cannot be had. */
export function peaks(source) {
  if (kept.has(source)) return kept.get(source);
  const promise = new Promise((resolve) => waiting.push({ source, resolve }));
  kept.set(source, promise);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  pump();
  return promise;
}

function pump() {
  while (running < AT_A_TIME && waiting.length) {
    // What came into sight last is looked at now.
    const { source, resolve } = waiting.pop();
    running += 1;
    bytes(`${source}/peaks`)
      .then((buffer) => new Int8Array(buffer), () => {
        kept.delete(source);
        return null;
      })
      .then((found) => {
        running -= 1;
        resolve(found);
        pump();
      });
  }
}

/** The matching moment of a row as parts of the sound; none where it is nearly all of it. */
export function momentOf({ moment_s, duration_s }) {
  if (!moment_s || !(duration_s > 0)) return undefined;
  const from = moment_s[0] / duration_s;
  const to = Math.min(1, (moment_s[0] + moment_s[1]) / duration_s);
  return to - from > 0.9 ? undefined : [from, to];
}

/** Draws peaks. `from`/`to` mark a moment, `played` how far it was heard, all as parts of the sound. */
export function draw(canvas, data, { moment, played, region } = {}) {
  const scale = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round(canvas.clientHeight * scale);
  if (!width || !height) return;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  if (region) {
    context.fillStyle = colour("row-selected");
    context.fillRect(region[0] * width, 0, Math.max(2, (region[1] - region[0]) * width), height);
  }
  if (moment) {
    const left = moment[0] * width;
    const wide = Math.max(3 * scale, (moment[1] - moment[0]) * width);
    context.globalAlpha = 0.24;
    context.fillStyle = colour("mark");
    context.fillRect(left, 0, wide, height);
    context.globalAlpha = 1;
    context.fillRect(left, height - 2 * scale, wide, 2 * scale);
  }
  const middle = height / 2;
  if (!data?.length) {
    context.fillStyle = colour("line");
    context.fillRect(0, middle, width, Math.max(1, scale));
    return;
  }
  let peak = 1;
  for (const value of data) peak = Math.max(peak, Math.abs(value));
  // Quiet sounds are drawn larger, up to four times, so that their shape shows.
  const gain = Math.min(4, 127 / peak) / 127 * (middle - scale);
  const columns = data.length / 2;
  const wave = colour("wave");
  const ahead = colour("wave-played");
  context.fillStyle = played > 0 ? ahead : wave;
  let past = played > 0;
  for (let x = 0; x < width; x += 1) {
    if (past && x / width >= played) {
      context.fillStyle = wave;
      past = false;
    }
    const first = Math.floor(x * columns / width);
    const last = Math.max(first + 1, Math.floor((x + 1) * columns / width));
    let low = 0;
    let high = 0;
    for (let column = first; column < last; column += 1) {
      low = Math.min(low, data[2 * column]);
      high = Math.max(high, data[2 * column + 1]);
    }
    const top = middle - high * gain;
    context.fillRect(x, top, 1, Math.max(scale, (high - low) * gain));
  }
  if (played > 0) {
    context.fillStyle = colour("text");
    context.fillRect(played * width - scale / 2, 0, Math.max(1, scale), height);
  }
}

const shown = new WeakMap();
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    const { source, marks } = shown.get(entry.target);
    peaks(source).then((data) => {
      shown.set(entry.target, { source, marks, data });
      draw(entry.target, data, marks);
    });
  }
}, { rootMargin: "120px" });

/** Shows a sound's waveform in a canvas as soon as that is in sight. */
export function show(canvas, source, marks = {}) {
  shown.set(canvas, { source, marks });
  seen.observe(canvas);
}

/** Draws a shown waveform again, with other marks. */
export function mark(canvas, marks) {
  const state = shown.get(canvas);
  if (!state) return;
  state.marks = { ...state.marks, ...marks };
  draw(canvas, state.data, state.marks);
}

/** Draws all waveforms below an element again, in the colours of now. */
export function redraw(root) {
  for (const canvas of root.querySelectorAll("canvas")) {
    const state = shown.get(canvas);
    if (state?.data) draw(canvas, state.data, state.marks);
  }
}
