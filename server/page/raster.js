// Points drawn by the processor, pixel by pixel: what a graphics card would do, for computers that have none.

/** Pixels around the picture, so that discs at its edge need no care: as far as the largest discs reach. */
const MARGIN = 16;
/** Places inside a pixel that a disc's middle is rounded to, on each axis. */
const PHASES = 4;

/** A disc at each of the phases: how far its pixels are from the middle one, and how much of each it covers (0 to 256). */
function discs(diameter) {
  const reach = Math.ceil(diameter / 2 + 1);
  const made = [];
  for (let phase = 0; phase < PHASES * PHASES; phase += 1) {
    const [x, y] = [(phase % PHASES + 0.5) / PHASES, (Math.floor(phase / PHASES) + 0.5) / PHASES];
    const pixels = [];
    for (let down = -reach; down <= reach; down += 1) {
      for (let right = -reach; right <= reach; right += 1) {
        const far = Math.hypot(right + 0.5 - x, down + 0.5 - y);
        const covered = Math.round(256 * Math.max(0, Math.min(1, diameter / 2 + 0.5 - far)));
        if (covered > 8) pixels.push([right, down, covered]);
      }
    }
    made.push(pixels);
  }
  return { made, reach };
}

export class RasterPainter {
  /** Draws into a canvas that nothing else draws into. */
  constructor(canvas) {
    this.canvas = canvas;
    // Opaque, so that the browser has nothing to blend.
    this.context = canvas.getContext("2d", { alpha: false });
  }

  points(plane) {
    this.paint(plane);
  }

  /** Takes the colours of the points. */
  paint(plane) {
    // Red and blue beside each other, green, and opacity: two channels are blended with one multiplication.
    const { count, colours } = plane;
    this.redBlue = new Uint32Array(count);
    this.green = new Uint32Array(count);
    for (let point = 0; point < count; point += 1) {
      this.redBlue[point] = colours[4 * point] | colours[4 * point + 2] << 16;
      this.green[point] = colours[4 * point + 1] << 8;
    }
  }

  /** Draws what is seen of the plane. `ground` is red, green and blue of what lies under the points. */
  draw(plane, scale, ground) {
    const { canvas } = this;
    const width = Math.max(1, Math.round(plane.width * scale));
    const height = Math.max(1, Math.round(plane.height * scale));
    const margin = Math.ceil(MARGIN * scale);
    if (canvas.width !== width || canvas.height !== height || !this.image) {
      canvas.width = width;
      canvas.height = height;
      this.image = this.context.createImageData(width + 2 * margin, height + 2 * margin);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.kept = new Map();
    }
    this.pixels.fill((255 << 24 | ground[2] << 16 | ground[1] << 8 | ground[0]) >>> 0);
    this.discs(plane, plane.size() * scale, plane.unit() * scale);
    this.context.putImageData(this.image, -margin, -margin, margin, margin, width, height);
  }

  discs(plane, diameter, unit) {
    const { pixels, redBlue, green } = this;
    const { xs, ys, count, colours } = plane;
    const { width, height } = this.image;
    // Fainter points are smaller.
    const kinds = [0.8, 1].map((part) => this.offsets(diameter * part, width));
    const { reach } = kinds[1];
    const left = width / 2 - plane.centre[0] * unit;
    const top = height / 2 + plane.centre[1] * unit;
    const right = width - reach - 1;
    const bottom = height - reach - 1;
    for (let point = 0; point < count; point += 1) {
      const x = left + xs[point] * unit;
      const y = top - ys[point] * unit;
      if (!(x >= reach && y >= reach && x < right && y < bottom)) continue;
      const opacity = colours[4 * point + 3];
      const { starts, offsets, covers } = kinds[opacity > 229 ? 1 : 0];
      const phase = ((y * PHASES) & (PHASES - 1)) * PHASES + ((x * PHASES) & (PHASES - 1));
      const middle = (y | 0) * width + (x | 0);
      const rb = redBlue[point];
      const g = green[point];
      for (let at = starts[phase], end = starts[phase + 1]; at < end; at += 1) {
        const pixel = middle + offsets[at];
        const part = covers[at] * opacity >> 8;
        const rest = 256 - part;
        const below = pixels[pixel];
        const blended = (Math.imul(rb, part) + Math.imul(below & 0xff00ff, rest)) >>> 8 & 0xff00ff;
        pixels[pixel] = blended | (g * part + (below & 0xff00) * rest) >>> 8 & 0xff00 | 0xff000000;
      }
    }
  }

  /** The discs of a size, as distances in memory. */
  offsets(diameter, width) {
    const tenths = Math.round(diameter * 10);
    let kind = this.kept.get(tenths);
    if (!kind) {
      const { made, reach } = discs(tenths / 10);
      const total = made.reduce((sum, disc) => sum + disc.length, 0);
      kind = { reach, starts: new Uint32Array(made.length + 1), offsets: new Int32Array(total), covers: new Uint16Array(total) };
      let at = 0;
      made.forEach((disc, phase) => {
        for (const [right, down, covered] of disc) {
          kind.offsets[at] = down * width + right;
          kind.covers[at] = covered;
          at += 1;
        }
        kind.starts[phase + 1] = at;
      });
      if (this.kept.size > 40) this.kept.clear();
      this.kept.set(tenths, kind);
    }
    return kind;
  }
}
