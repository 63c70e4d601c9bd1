import type { View } from '../model/view.js';
import type { App } from './app.js';
import { element } from './dom.js';
import { drawOverview, drawWindow } from './draw/overview.js';
import { paletteOf } from './palette.js';
import { gutter } from './scene.js';
import { themeNow } from './theme.js';

const height = 64;

/** The whole trace in one strip, with a window that can be dragged. */
export class Minimap {
  readonly root: HTMLElement;
  readonly #app: App;
  readonly #canvas: HTMLCanvasElement;
  /** The trace alone, drawn once for as long as it stays the same. */
  readonly #still = document.createElement('canvas');
  #stillKey = '';
  #all: View | null = null;

  constructor(app: App) {
    this.#app = app;
    this.#canvas = element('canvas', { 'aria-hidden': 'true' });
    this.root = element('div', { class: 'minimap' }, this.#canvas);
    this.#listen();
  }

  draw(): void {
    const app = this.#app;
    const width = this.root.clientWidth;
    const ratio = window.devicePixelRatio || 1;
    const palette = paletteOf(themeNow());
    const { timeline, found } = app;
    const { fromMs } = timeline;
    const toMs = app.endMs;
    const hidden = [...app.filter.hiddenLanes].join();
    const key = [
      width,
      ratio,
      palette.paper,
      hidden,
      // Live, a few times a second is enough.
      app.isLive ? Math.floor(toMs / 200) : timeline.entries.length,
      app.query,
      found.length,
    ].join('|');
    if (key !== this.#stillKey) {
      this.#stillKey = key;
      for (const canvas of [this.#still, this.#canvas]) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
      }
      this.#canvas.style.width = `${width}px`;
      this.#canvas.style.height = `${height}px`;
      const still = this.#still.getContext('2d', { alpha: false })!;
      still.setTransform(ratio, 0, 0, ratio, 0, 0);
      const init = { timeline, lanes: app.lanes, palette, width, height, left: gutter, fromMs, toMs };
      this.#all = drawOverview(still, { ...init, found: found.map(({ atMs }) => atMs) });
    }
    const context = this.#canvas.getContext('2d', { alpha: false })!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.#still, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawWindow(context, this.#all!, app.view, { height, palette, cursorMs: app.cursor?.atMs ?? null });
  }

  #listen(): void {
    const app = this.#app;
    const canvas = this.#canvas;
    const center = ({ offsetX }: PointerEvent): void => {
      if (this.#all === null) return;
      app.pan(this.#all.ms(offsetX) - (app.view.fromMs + app.view.toMs) / 2);
    };
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      center(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) center(event);
    });
  }
}
