// Points in the plane, drawn by the graphics card (WebGL 2): 100,000 of them are a few milliseconds.

const VERTEX = `#version 300 es
layout(location = 0) in float x;
layout(location = 1) in float y;
layout(location = 2) in vec4 colour;
uniform vec2 scale;
uniform vec2 centre;
uniform float size;
out vec4 shade;
void main() {
  gl_Position = vec4((vec2(x, y) - centre) * scale, 0.0, 1.0);
  gl_PointSize = size * (colour.a > 0.9 ? 1.0 : 0.8);
  shade = colour;
}`;
const FRAGMENT = `#version 300 es
precision highp float;
in vec4 shade;
out vec4 result;
uniform float size;
void main() {
  float alpha = shade.a;
  if (size > 3.0) {
    float far = length(gl_PointCoord - 0.5) * 2.0;
    alpha *= 1.0 - smoothstep(1.0 - 2.0 / size, 1.0, far);
  }
  result = vec4(shade.rgb * alpha, alpha);
}`;

/** Cells of the grid in which points are looked up, on each side. */
const CELLS = 128;

export class Scatter {
  constructor(canvas) {
    this.canvas = canvas;
    this.centre = [0, 0];
    this.zoom = 1;
    this.count = 0;
    this.xs = new Float32Array();
    this.ys = new Float32Array();
    const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true, alpha: true, powerPreference: "high-performance" });
    this.gl = gl;
    if (!gl) return;
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.prepare();
      this.upload();
      this.draw();
    });
    this.prepare();
  }

  prepare() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(program));
    gl.useProgram(program);
    this.uniforms = Object.fromEntries(["scale", "centre", "size"].map((name) => [name, gl.getUniformLocation(program, name)]));
    this.buffers = [0, 1, 2].map(() => gl.createBuffer());
    this.buffers.forEach((buffer, at) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(at);
      if (at < 2) gl.vertexAttribPointer(at, 1, gl.FLOAT, false, 0, 0);
      else gl.vertexAttribPointer(at, 4, gl.UNSIGNED_BYTE, true, 0, 0);
    });
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
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
    this.upload();
  }

  cell(value) {
    return Math.max(0, Math.min(CELLS - 1, Math.floor((value + 1) / 2 * CELLS)));
  }

  /** Takes colours, four bytes a point. */
  paint(colours) {
    this.colours = colours;
    if (!this.gl) return;
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffers[2]);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, colours, this.gl.DYNAMIC_DRAW);
  }

  upload() {
    const { gl } = this;
    if (!gl || !this.count) return;
    [this.xs, this.ys].forEach((values, at) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[at]);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    });
    this.paint(this.colours);
  }

  /** Pixels of the canvas for one unit of the plane. */
  unit() {
    return Math.min(this.canvas.clientWidth, this.canvas.clientHeight) / 2 * 0.94 * this.zoom;
  }

  /** Where a point of the plane is on the canvas. */
  toCanvas(x, y) {
    const unit = this.unit();
    return [this.canvas.clientWidth / 2 + (x - this.centre[0]) * unit, this.canvas.clientHeight / 2 - (y - this.centre[1]) * unit];
  }

  /** Which point of the plane is at a place on the canvas. */
  toPlane(left, top) {
    const unit = this.unit();
    return [this.centre[0] + (left - this.canvas.clientWidth / 2) / unit, this.centre[1] - (top - this.canvas.clientHeight / 2) / unit];
  }

  /** Size of a point, pixels. */
  size() {
    const crowd = this.count > 20000 ? 2.4 : this.count > 3000 ? 3.6 : 6;
    return Math.min(14, crowd * Math.sqrt(this.zoom)) * (window.devicePixelRatio || 1);
  }

  draw() {
    const { gl, canvas } = this;
    if (!gl || gl.isContextLost()) return;
    const scale = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * scale);
    const height = Math.round(canvas.clientHeight * scale);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!this.count) return;
    const unit = this.unit();
    gl.uniform2f(this.uniforms.scale, 2 * unit / canvas.clientWidth, 2 * unit / canvas.clientHeight);
    gl.uniform2f(this.uniforms.centre, ...this.centre);
    gl.uniform1f(this.uniforms.size, this.size());
    gl.drawArrays(gl.POINTS, 0, this.count);
  }

  /** Moves the plane by pixels. */
  pan(right, down) {
    const unit = this.unit();
    this.centre = [this.centre[0] - right / unit, this.centre[1] + down / unit].map((value) => Math.max(-1.2, Math.min(1.2, value)));
  }

  /** Zooms so that what is at a place on the canvas stays there. */
  zoomAt(factor, left = this.canvas.clientWidth / 2, top = this.canvas.clientHeight / 2) {
    const before = this.toPlane(left, top);
    this.zoom = Math.max(0.8, Math.min(200, this.zoom * factor));
    const after = this.toPlane(left, top);
    this.centre = this.centre.map((value, at) => Math.max(-1.2, Math.min(1.2, value + before[at] - after[at])));
  }

  /** The point closest to a place on the canvas, within some pixels; −1 for none. */
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

  /** The points inside a polygon on the canvas, those closest to its middle first. */
  inside(polygon) {
    const corners = polygon.map(([left, top]) => this.toPlane(left, top));
    const middle = [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length);
    const found = [];
    for (let point = 0; point < this.count; point += 1) {
      const x = this.xs[point];
      const y = this.ys[point];
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
