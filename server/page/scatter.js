// A plane of points on the page: drawn by the graphics card where there is one, else by the processor.

import { Plane } from "./plane.js";
import { RasterPainter } from "./raster.js";
import { WebGlPainter } from "./webgl.js";

/** A card that takes longer for a picture, milliseconds, is none: the processor is quicker. */
const SLOW_MS = 8;
/** So often a card may lose its picture, to sleep or to a driver, until it is not asked again. */
const LOSSES = 3;

export class Scatter extends Plane {
  /** Fills an element, which needs a colour. */
  constructor(host) {
    super();
    this.host = host;
    this.losses = 0;
  }

  /** Takes points (−1 to 1); colours follow. */
  points(xs, ys) {
    super.points(xs, ys);
    this.painter = null;
  }

  /** Takes colours, four bytes a point. */
  paint(colours) {
    this.colours = colours;
    this.painter?.paint(this);
  }

  /** Takes the size of the element, and its colour. */
  measure() {
    this.width = this.host.clientWidth;
    this.height = this.host.clientHeight;
    this.scale = window.devicePixelRatio || 1;
    this.ground = getComputedStyle(this.host).backgroundColor.match(/\d+/g).slice(0, 3).map(Number);
  }

  /** Draws now; best in an animation frame. */
  draw() {
    if (!this.width || !this.height) return;
    this.painter ??= this.choose();
    this.painter.draw(this, this.scale, this.ground);
  }

  choose() {
    const canvas = () => {
      const made = document.createElement("canvas");
      this.host.replaceChildren(made);
      return made;
    };
    const card = this.losses < LOSSES ? WebGlPainter.on(canvas()) : null;
    if (card) {
      card.points(this);
      if (card.time(this, this.scale) < SLOW_MS) {
        card.canvas.addEventListener("webglcontextlost", () => {
          if (this.painter !== card) return;
          this.losses += 1;
          this.painter = null;
          this.draw();
        });
        return card;
      }
      card.release();
    }
    const painter = new RasterPainter(canvas());
    painter.points(this);
    return painter;
  }
}
