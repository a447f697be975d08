// The points of the map as they are sent, and their colours.

/** Reads the arrays that the server sends (see `map.rs`). */
export function read(buffer) {
  const header = new DataView(buffer);
  const total = header.getUint32(4, true);
  const at = (part) => 8 + part * 4 * total;
  return {
    view: header.getUint32(0, true),
    xs: new Float32Array(buffer, at(0), total), ys: new Float32Array(buffer, at(1), total),
    segments: new Uint32Array(buffer, at(2), total), sounds: new Uint32Array(buffer, at(3), total),
    cats: new Uint16Array(buffer, at(4), total),
  };
}

/** The name of a point's sound in requests. */
export function keyOf(data, point) {
  return `${data.view}.${data.segments[point]}.${data.sounds[point]}`;
}

/** A hue for the largest, the second … Category: around the circle by the golden angle, so that neighbours differ. */
export function hueOf(rank) {
  return (rank * 137.508 + 25) % 360;
}

/** Red, green and blue of a hue in the theme; grey for none. */
export function rgb(hue) {
  const light = document.documentElement.dataset.theme === "light";
  if (hue === undefined) return light ? [120, 128, 138] : [124, 134, 146];
  // HSL; yellow and green are darker on a light ground, blue is lighter on a dark one, so that all keep their contrast.
  const saturation = light ? 0.75 : 0.68;
  const lightness = light ? (hue > 40 && hue < 190 ? 0.3 : 0.42) : hue > 220 && hue < 290 ? 0.72 : 0.62;
  const part = (shift) => {
    const place = (shift + hue / 30) % 12;
    return Math.round(255 * (lightness - saturation * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(place - 3, 9 - place, 1))));
  };
  return [part(0), part(8), part(4)];
}
