// One player for all lists.

import { el, fill, toast } from "./dom.js";
import { clock } from "./format.js";
import * as waveform from "./waveform.js";

const audio = new Audio();
audio.preload = "auto";
const listeners = new Set();
let current = null;
let triedWav = false;
let parts;

/** Puts the player into the footer. */
export function mount(footer) {
  const toggle = el("button", { type: "button", class: "toggle", "aria-label": "Play", disabled: true, onclick: playOrPause }, "▶");
  const name = el("span", { class: "name" }, "Nothing is playing");
  const folder = el("span", { class: "name weak small" }, "Select a sound and press Space");
  const canvas = el("canvas", { role: "slider", tabindex: "0", "aria-label": "Position", "aria-valuemin": "0", "aria-valuemax": "0", "aria-valuenow": "0" });
  const time = el("span", { class: "time" }, "–");
  const volume = el("input", { type: "range", min: "0", max: "1", step: "0.01", value: "1", "aria-label": "Volume" });
  volume.addEventListener("input", () => { audio.volume = volume.value ** 2; });
  canvas.addEventListener("pointerdown", (event) => {
    const to = (moved) => {
      const box = canvas.getBoundingClientRect();
      seek(Math.min(1, Math.max(0, (moved.clientX - box.left) / box.width)) * duration());
    };
    to(event);
    canvas.setPointerCapture(event.pointerId);
    canvas.onpointermove = to;
    canvas.onpointerup = () => { canvas.onpointermove = null; };
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    seek(audio.currentTime + step * Math.max(0.2, duration() / 50));
    event.preventDefault();
    event.stopPropagation();
  });
  fill(footer, toggle, el("div", { class: "what" }, name, folder), canvas, time, volume);
  parts = { toggle, name, folder, canvas, time };
}

/** The sound that plays or was paused, as `sounds/KEY`. */
export function playing() {
  return current && !audio.paused ? current.source : null;
}

/** Is told whenever something starts or stops. */
export function onChange(listener) {
  listeners.add(listener);
}

/** Plays `{ source, name, folder, duration_s, moment_s }` from a time. */
export function play(sound, from_s = 0) {
  const other = current?.source !== sound.source;
  current = sound;
  if (other) {
    triedWav = false;
    audio.src = `api/${sound.source}/audio`;
    parts.name.textContent = sound.name;
    parts.name.title = sound.name;
    parts.folder.textContent = sound.folder ?? "";
    parts.toggle.disabled = false;
    parts.canvas.setAttribute("aria-valuemax", duration().toFixed(1));
    const moment = waveform.momentOf(sound);
    waveform.draw(parts.canvas, null);
    waveform.show(parts.canvas, sound.source, { moment, played: 0 });
  }
  seek(from_s);
  start();
}

/** Plays on, or pauses. */
export function playOrPause() {
  if (!current) return;
  if (audio.paused) start();
  else audio.pause();
}

/** Is silent. */
export function stop() {
  audio.pause();
}

function start() {
  audio.play().catch((error) => {
    // Another sound was chosen meanwhile, or the error event tells.
    if (error.name === "NotAllowedError") toast("The browser does not let this page play yet: click play once.", true);
  });
}

function seek(to_s) {
  audio.currentTime = Math.max(0, to_s);
}

function duration() {
  return Number.isFinite(audio.duration) && audio.duration > 0 ? audio.duration : current?.duration_s ?? 0;
}

audio.addEventListener("error", () => {
  if (!current || !audio.error) return;
  if (!triedWav) {
    // A file that this browser does not play is decoded by the server.
    triedWav = true;
    const at = audio.currentTime;
    audio.src = `api/${current.source}/audio?wav=true`;
    seek(at);
    start();
    return;
  }
  fetch(`api/${current.source}/audio`, { headers: { Range: "bytes=0-0" } })
    .then((answer) => answer.ok ? null : answer.json(), () => null)
    .then((answer) => toast(answer?.error?.message ?? "This sound cannot be played.", true));
  tell();
});

function tell() {
  const on = current && !audio.paused;
  if (parts) {
    parts.toggle.textContent = on ? "❚❚" : "▶";
    parts.toggle.setAttribute("aria-label", on ? "Pause" : "Play");
  }
  for (const listener of listeners) listener(on ? current.source : null);
}

for (const event of ["play", "pause", "ended", "emptied"]) audio.addEventListener(event, tell);

function frame() {
  if (current && parts && (!audio.paused || frame.last !== audio.currentTime)) {
    frame.last = audio.currentTime;
    const all = duration();
    waveform.mark(parts.canvas, { played: all ? audio.currentTime / all : 0 });
    parts.time.textContent = `${clock(audio.currentTime, true)} / ${clock(all, true)}`;
    parts.canvas.setAttribute("aria-valuenow", audio.currentTime.toFixed(1));
    parts.canvas.setAttribute("aria-valuetext", `${clock(audio.currentTime, true)} of ${clock(all, true)}`);
  }
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);

// The player is no part of the document, and tests and other programs look for it there.
audio.hidden = true;
document.body.append(audio);
