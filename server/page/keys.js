// The keyboard: one table of shortcuts, which the help shows. Views add theirs.

const common = new Map();
let ofView = new Map();

/** Shortcuts that hold everywhere. */
export function everywhere(shortcuts) {
  for (const [key, action] of Object.entries(shortcuts)) common.set(key, action);
}

/** Shortcuts of the view that is shown. */
export function inView(shortcuts) {
  ofView = new Map(Object.entries(shortcuts));
}

/** Whether keys are text here. */
export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.tagName === "SELECT" ||
    target.tagName === "TEXTAREA" || (target.tagName === "INPUT" && !["checkbox", "range", "radio"].includes(target.type)));
}

function named(event) {
  const key = event.key === " " ? "Space" : event.key;
  return event.shiftKey && key.length > 1 ? `Shift+${key}` : key;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  const key = named(event);
  if (isTyping(event.target) && key !== "Escape") return;
  // A button that has the focus is pressed by these keys.
  const onControl = event.target instanceof HTMLElement && event.target.closest("button, a, input, summary");
  if (onControl && (key === "Enter" || key === "Space")) return;
  if (event.target instanceof HTMLInputElement && event.target.type === "range" && key.startsWith("Arrow")) return;
  const action = ofView.get(key) ?? common.get(key);
  if (action && action(event) !== false) event.preventDefault();
});
