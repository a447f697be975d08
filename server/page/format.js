// Numbers as people read them.

/** Seconds as 0:07.3 or 1:02:03. */
export function clock(seconds, tenths = false) {
  const whole = Math.floor(seconds + (tenths ? 0.05 : 0.5));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const text = hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  return tenths ? `${text}.${Math.floor(((seconds + 0.05) % 1) * 10)}` : text;
}

/** How long a sound is: short ones with tenths. */
export function length(seconds) {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : clock(seconds);
}

const grouped = new Intl.NumberFormat("en");
/** 100,000 */
export function count(number, unit) {
  const text = grouped.format(number);
  return unit ? `${text} ${unit}${number === 1 ? "" : "s"}` : text;
}

/** 48k stereo */
export function shape(row) {
  const channels = { 1: "mono", 2: "stereo" }[row.channels] ?? `${row.channels} ch`;
  return `${+(row.sample_rate_hz / 1000).toFixed(1)}k ${channels}`;
}

/** 85 % */
export function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/** 3.4 MB */
export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit += 1;
  }
  return `${unit && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}
