// Points drawn by the graphics card (WebGL 2): 100,000 of them are a few milliseconds.
//
// No library does this here. regl-scatterplot (1.16, 223 kB) writes functions while it runs, which the page's policy
// forbids; deck.gl (9, 786 kB) knows neither lasso nor lists. Of either, these two shaders would be left.

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

export class WebGlPainter {
  /** Draws into a canvas that nothing else draws into; `null` where there is no WebGL 2. */
  static on(canvas) {
    const gl = canvas.getContext("webgl2", { antialias: false, powerPreference: "high-performance", failIfMajorPerformanceCaveat: true });
    return gl && !gl.isContextLost() ? new WebGlPainter(canvas, gl) : null;
  }

  constructor(canvas, gl) {
    this.canvas = canvas;
    this.gl = gl;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
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

  /** Takes the points and their colours. */
  points(plane) {
    const { gl } = this;
    [plane.xs, plane.ys].forEach((values, at) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[at]);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    });
    this.paint(plane);
  }

  /** Takes the colours of the points. */
  paint(plane) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffers[2]);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, plane.colours, this.gl.DYNAMIC_DRAW);
  }

  /** Gives the card's memory back. */
  release() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  /** Milliseconds that a picture takes: browsers do not tell reliably whether a card draws it or a program. */
  time(plane, scale) {
    const pixel = new Uint8Array(4);
    const times = [0, 1, 2].map(() => {
      const begun = performance.now();
      this.draw(plane, scale);
      // Waits until it is drawn.
      this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, pixel);
      return performance.now() - begun;
    });
    return Math.min(...times);
  }

  /** Draws what is seen of the plane. */
  draw(plane, scale) {
    const { gl, canvas } = this;
    const width = Math.round(plane.width * scale);
    const height = Math.round(plane.height * scale);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const unit = plane.unit();
    gl.uniform2f(this.uniforms.scale, 2 * unit / plane.width, 2 * unit / plane.height);
    gl.uniform2f(this.uniforms.centre, ...plane.centre);
    gl.uniform1f(this.uniforms.size, plane.size() * scale);
    gl.drawArrays(gl.POINTS, 0, plane.count);
  }
}
