// Elements. Text goes in as text nodes alone: whatever a file is called, it cannot become markup.

/** An element with properties (`on…` are listeners, `data` a data set, others attributes) and children. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

/** Appends nodes and texts; nothing for what is absent. */
export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== undefined && child !== null && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
}

/** Replaces what is in an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** A designed state: what is the matter, and what can be done. */
export function note(title, ...lines) {
  return el("div", { class: "note" }, el("h2", {}, title), lines.map((line) =>
    line instanceof Node && line.tagName !== "CODE" ? line : el("p", {}, line)));
}

let toastTimer;
/** Says something for a moment. */
export function toast(message, bad = false) {
  const box = document.getElementById("toast");
  fill(box, el("p", { class: bad ? "bad" : "" }, message));
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => box.replaceChildren(), bad ? 7000 : 2500);
}

/** The value of a colour of the theme. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Calls `then` a moment after the last call. */
export function settled(then, ms) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => then(...given), ms);
  };
}
