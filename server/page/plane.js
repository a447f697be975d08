// Points in the plane, and which part of it is seen: panned, zoomed, and looked up by place.

/** Cells of the grid in which points are looked up, on each side. */
const CELLS = 128;
/** How far the middle of what is seen may be from the middle of the plane. */
const FURTHEST = 1.2;

export class Plane {
  constructor() {
    this.width = 1;
    this.height = 1;
    this.centre = [0, 0];
    this.zoom = 1;
    this.points(new Float32Array(), new Float32Array());
  }

  /** Takes points (−1 to 1). */
  points(xs, ys) {
    this.xs = xs;
    this.ys = ys;
    this.count = xs.length;
    this.colours = new Uint8Array(4 * this.count);
    // Points by cell, cells one after another.
    this.starts = new Uint32Array(CELLS * CELLS + 1);
    const cells = new Uint16Array(this.count);
    for (let at = 0; at < this.count; at += 1) {
      cells[at] = this.cell(ys[at]) * CELLS + this.cell(xs[at]);
      this.starts[cells[at] + 1] += 1;
    }
    for (let cell = 0; cell < CELLS * CELLS; cell += 1) this.starts[cell + 1] += this.starts[cell];
    const next = this.starts.slice();
    this.sorted = new Uint32Array(this.count);
    for (let at = 0; at < this.count; at += 1) this.sorted[next[cells[at]]++] = at;
  }

  cell(value) {
    return Math.max(0, Math.min(CELLS - 1, Math.floor((value + 1) / 2 * CELLS)));
  }

  /** Pixels of the page for one unit of the plane. */
  unit() {
    return Math.min(this.width, this.height) / 2 * 0.94 * this.zoom;
  }

  /** Where a point of the plane is seen, pixels from the upper left corner. */
  toScreen(x, y) {
    const unit = this.unit();
    return [this.width / 2 + (x - this.centre[0]) * unit, this.height / 2 - (y - this.centre[1]) * unit];
  }

  /** Which point of the plane is seen at a place. */
  toPlane(left, top) {
    const unit = this.unit();
    return [this.centre[0] + (left - this.width / 2) / unit, this.centre[1] - (top - this.height / 2) / unit];
  }

  /** Diameter of a point, pixels. */
  size() {
    const crowd = this.count > 20000 ? 2.4 : this.count > 3000 ? 3.6 : 6;
    return Math.min(14, crowd * Math.sqrt(this.zoom));
  }

  /** Moves the plane by pixels. */
  pan(right, down) {
    const unit = this.unit();
    this.look(this.centre[0] - right / unit, this.centre[1] + down / unit);
  }

  look(x, y) {
    this.centre = [x, y].map((value) => Math.max(-FURTHEST, Math.min(FURTHEST, value)));
  }

  /** Zooms so that what is seen at a place stays there. */
  zoomAt(factor, left = this.width / 2, top = this.height / 2) {
    const before = this.toPlane(left, top);
    this.zoom = Math.max(0.8, Math.min(200, this.zoom * factor));
    const after = this.toPlane(left, top);
    this.look(...this.centre.map((value, at) => value + before[at] - after[at]));
  }

  /** Shows all of it. */
  whole() {
    this.zoom = 1;
    this.centre = [0, 0];
  }

  /** The point closest to a place, within some pixels; −1 for none. */
  pick(left, top, within = 9) {
    const [x, y] = this.toPlane(left, top);
    const reach = within / this.unit();
    let best = -1;
    let least = reach * reach;
    for (let row = this.cell(y - reach); row <= this.cell(y + reach); row += 1) {
      for (let column = this.cell(x - reach); column <= this.cell(x + reach); column += 1) {
        const cell = row * CELLS + column;
        for (let at = this.starts[cell]; at < this.starts[cell + 1]; at += 1) {
          const point = this.sorted[at];
          const far = (this.xs[point] - x) ** 2 + (this.ys[point] - y) ** 2;
          if (far < least && this.colours[4 * point + 3] > 60) {
            least = far;
            best = point;
          }
        }
      }
    }
    return best;
  }

  /** The points inside a polygon of places, those closest to its middle first. */
  inside(polygon) {
    const corners = polygon.map(([left, top]) => this.toPlane(left, top));
    const middle = [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length);
    const [left, right, bottom, top] = [0, 1].flatMap((axis) => [Math.min, Math.max].map((of) => of(...corners.map((corner) => corner[axis]))));
    const found = [];
    for (let point = 0; point < this.count; point += 1) {
      const x = this.xs[point];
      const y = this.ys[point];
      if (x < left || x > right || y < bottom || y > top) continue;
      let within = false;
      for (let at = 0, last = corners.length - 1; at < corners.length; last = at, at += 1) {
        const [ax, ay] = corners[at];
        const [bx, by] = corners[last];
        if ((ay > y) !== (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax) within = !within;
      }
      if (within) found.push([(x - middle[0]) ** 2 + (y - middle[1]) ** 2, point]);
    }
    return found.sort((a, b) => a[0] - b[0]).map(([, point]) => point);
  }
}
