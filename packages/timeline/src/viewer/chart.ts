import type { Entry } from '../model/entry.js';
import { countWhile } from '../model/search.js';
import { timeOf } from '../model/view.js';
import { sentenceOf } from '../model/words.js';
import type { App } from './app.js';
import { element } from './dom.js';
import { drawArrows } from './draw/arrows.js';
import { drawGround } from './draw/ground.js';
import { drawMarks, drawViolations } from './draw/marks.js';
import { drawSpans, label } from './draw/spans.js';
import { type Palette, paletteOf } from './palette.js';
import { gutter, heightOf, type Row, rowsOf, type Scene, top } from './scene.js';
import { themeNow } from './theme.js';

/** Messages that are younger at the end of a trace may still have been on their way. */
const graceMs = 50;

/** What the last picture was made of. */
export interface Drawn {
  readonly spans: number;
  readonly marks: number;
  readonly arrows: number;
  readonly lost: number;
  /** Messages that were drawn as density alone. */
  readonly aggregated: number;
  /** How long it took. */
  readonly ms: number;
}

/** The lanes, with time from left to right. */
export class Chart {
  readonly root: HTMLElement;
  drawn: Drawn = { spans: 0, marks: 0, arrows: 0, lost: 0, aggregated: 0, ms: 0 };
  readonly #app: App;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #tip: HTMLElement;
  readonly #note: HTMLElement;
  #scene: Scene;
  #hover: { readonly x: number; readonly y: number } | null = null;
  #drag: { readonly x: number; readonly isMoved: boolean } | null = null;

  constructor(app: App) {
    this.#app = app;
    this.#canvas = element('canvas', {
      tabindex: 0,
      role: 'application',
      'aria-label': 'Timeline: one lane for each node, time from left to right',
      'aria-describedby': 'keys',
    });
    this.#context = this.#canvas.getContext('2d', { alpha: false })!;
    this.#tip = element('div', { class: 'tip', 'aria-hidden': 'true', hidden: true });
    this.#note = element('div', { class: 'density', 'aria-hidden': 'true', hidden: true });
    this.root = element('div', { class: 'chart' }, this.#canvas, this.#tip, this.#note);
    this.#scene = { view: app.view, rows: [], width: 0, height: 0 };
    new ResizeObserver(() => app.resize(this.root.clientWidth)).observe(this.root);
    this.#listen();
  }

  get canvas(): HTMLCanvasElement {
    return this.#canvas;
  }

  draw(): void {
    const startedMs = performance.now();
    const app = this.#app;
    const palette = paletteOf(themeNow());
    const context = this.#context;
    this.#layOut();
    const scene = this.#scene;
    const chosen = app.cursor?.message ?? null;
    drawGround(context, scene, { timeline: app.timeline, palette, endMs: app.endMs });
    context.save();
    context.beginPath();
    context.rect(gutter, 0, scene.width - gutter, scene.height);
    context.clip();
    this.#drawFocus(palette);
    const lostAfterMs = app.endMs - (app.isLive ? 1000 : graceMs);
    const arrows = drawArrows(context, scene, {
      timeline: app.timeline,
      filter: app.filter,
      palette,
      chosen,
      lostAfterMs,
    });
    const spans = app.filter.hiddenKinds.has('role') ? 0 : this.#drawSpans(palette);
    const marks = drawMarks(context, scene, { filter: app.filter, palette });
    drawViolations(context, scene, app.timeline.violations, palette);
    this.#drawCursor(palette);
    context.restore();
    this.#drawNames(palette);
    this.#tellDensity(arrows.aggregated);
    this.drawn = { spans, marks, ...arrows, ms: performance.now() - startedMs };
  }

  /** The lanes as they were drawn last. */
  get rows(): readonly Row[] {
    return this.#scene.rows;
  }

  /** The event nearest to a place, where one is near. */
  entryNear(x: number, y: number): Entry | null {
    const { view, rows } = this.#scene;
    const row = rows.find((each) => Math.abs(each.y - y) <= each.height / 2);
    const lists = row === undefined ? [this.#app.timeline.entries] : [row.lane.entries];
    const near = lists.flatMap((entries) => {
      const at = countWhile(entries, (entry) => entry.atMs < view.ms(x - 6));
      const found: Entry[] = [];
      for (
        let next = at;
        next < entries.length && entries[next]!.atMs <= view.ms(x + 6) && found.length < 2000;
        next++
      ) {
        if (this.#app.filter.shows(entries[next]!)) found.push(entries[next]!);
      }
      return found;
    });
    let best: Entry | null = null;
    for (const entry of near) {
      if (best === null || weigh(entry, view.x(entry.atMs) - x) < weigh(best, view.x(best.atMs) - x)) best = entry;
    }
    return best;
  }

  #layOut(): void {
    const { lanes, view } = this.#app;
    const width = this.root.clientWidth;
    const height = Math.max(this.root.clientHeight, heightOf(lanes.length));
    const ratio = window.devicePixelRatio || 1;
    if (this.#canvas.width !== Math.round(width * ratio) || this.#canvas.height !== Math.round(height * ratio)) {
      this.#canvas.width = Math.round(width * ratio);
      this.#canvas.height = Math.round(height * ratio);
      this.#canvas.style.width = `${width}px`;
      this.#canvas.style.height = `${height}px`;
    }
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#scene = { view, rows: rowsOf(lanes, height), width, height };
  }

  /** What has not ended is seen until the end of what there is. @returns how many spans */
  #drawSpans(palette: Palette): number {
    const { view, height } = this.#scene;
    const context = this.#context;
    const endX = Math.min(view.x(this.#app.endMs) + (this.#app.isLive ? 0 : 6), view.left + view.width);
    context.save();
    context.beginPath();
    context.rect(view.left, 0, Math.max(endX - view.left, 0), height);
    context.clip();
    const spans = drawSpans(context, this.#scene, palette);
    context.restore();
    return spans;
  }

  #drawFocus(palette: Palette): void {
    const row = this.#scene.rows.find(({ lane }) => lane === this.#app.focus);
    if (row === undefined) return;
    this.#context.globalAlpha = 0.08;
    this.#context.fillStyle = palette.looks.leader;
    this.#context.fillRect(0, row.y - row.height / 2, this.#scene.width, row.height);
    this.#context.globalAlpha = 1;
  }

  #drawCursor(palette: Palette): void {
    const context = this.#context;
    const { view, rows, height, width } = this.#scene;
    const { cursor, found } = this.#app;
    context.fillStyle = palette.kinds.vote;
    let lastX = 0;
    for (const { atMs } of found) {
      const x = view.x(atMs);
      if (x < view.left || x > width || x - lastX < 2) continue;
      lastX = x;
      context.fillRect(x - 1, top - 6, 2, 6);
    }
    if (this.#hover !== null && this.#drag === null && this.#hover.x > view.left) {
      context.globalAlpha = 0.25;
      context.fillStyle = palette.cursor;
      context.fillRect(this.#hover.x - 0.5, top, 1, height);
      context.globalAlpha = 1;
    }
    if (cursor === null) return;
    const x = view.x(cursor.atMs);
    context.fillStyle = palette.cursor;
    context.fillRect(x - 0.75, 0, 1.5, height);
    const row = rows.find(({ lane }) => lane === cursor.lane);
    if (row !== undefined) {
      context.strokeStyle = palette.cursor;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x, row.y, 16, 0, Math.PI * 2);
      context.stroke();
    }
    const text = timeOf(cursor.atMs);
    context.font = '600 12px system-ui, sans-serif';
    const wide = context.measureText(text).width + 12;
    const left = Math.min(Math.max(x - wide / 2, view.left), width - wide - 4);
    context.beginPath();
    context.roundRect(left, 4, wide, 19, 4);
    context.fill();
    label(context, text, { x: left + 6, y: 14, room: wide, color: palette.paper, weight: 600 });
  }

  #drawNames(palette: Palette): void {
    const context = this.#context;
    for (const { lane, y } of this.#scene.rows) {
      context.font = '600 14px system-ui, sans-serif';
      context.textAlign = 'left';
      context.textBaseline = 'middle';
      context.fillStyle = palette.ink;
      context.fillText(lane.name, 18, y, gutter - 26);
    }
  }

  #tellDensity(count: number): void {
    this.#note.hidden = count === 0;
    this.#note.textContent = `${count.toLocaleString('en')} messages shown as density: zoom in for arrows`;
  }

  #listen(): void {
    const app = this.#app;
    const canvas = this.#canvas;
    canvas.addEventListener(
      'wheel',
      (event) => {
        if (event.ctrlKey || (!event.shiftKey && Math.abs(event.deltaY) >= Math.abs(event.deltaX))) {
          event.preventDefault();
          app.zoom(Math.exp(clamp(event.deltaY, 120) * 0.0022), app.view.ms(event.offsetX));
        } else {
          event.preventDefault();
          app.pan((event.deltaX || event.deltaY) * app.view.msPerPixel);
        }
      },
      { passive: false },
    );
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#drag = { x: event.offsetX, isMoved: false };
    });
    canvas.addEventListener('pointermove', (event) => this.#moved(event));
    canvas.addEventListener('pointerup', (event) => {
      const wasMoved = this.#drag?.isMoved ?? true;
      this.#drag = null;
      if (!wasMoved) this.#clicked(event.offsetX, event.offsetY);
      canvas.classList.remove('dragging');
    });
    canvas.addEventListener('pointerleave', () => {
      this.#hover = null;
      this.#tip.hidden = true;
      app.changed();
    });
    canvas.addEventListener('dblclick', (event) => app.zoom(0.25, app.view.ms(event.offsetX)));
  }

  #moved({ offsetX: x, offsetY: y }: PointerEvent): void {
    const app = this.#app;
    this.#hover = { x, y };
    if (this.#drag !== null && (this.#drag.isMoved || Math.abs(x - this.#drag.x) > 3)) {
      app.pan((this.#drag.x - x) * app.view.msPerPixel);
      this.#drag = { x, isMoved: true };
      this.#canvas.classList.add('dragging');
      this.#tip.hidden = true;
      return;
    }
    this.#showTip(x, y);
    app.changed();
  }

  #showTip(x: number, y: number): void {
    const entry = x < gutter ? null : this.entryNear(x, y);
    this.#tip.hidden = entry === null;
    if (entry === null) return;
    this.#tip.replaceChildren(
      element('b', {}, sentenceOf(entry)),
      element('span', {}, `${timeOf(entry.atMs)}${isSaid(entry) ? '' : ` · ${entry.event.cause}`}`),
    );
    const isRight = x > this.root.clientWidth - 300;
    this.#tip.style.left = isRight ? 'auto' : `${x + 14}px`;
    this.#tip.style.right = isRight ? `${this.root.clientWidth - x + 14}px` : 'auto';
    this.#tip.style.top = `${y + 18}px`;
  }

  #clicked(x: number, y: number): void {
    const app = this.#app;
    if (x < gutter) {
      const row = this.#scene.rows.find((each) => Math.abs(each.y - y) <= each.height / 2);
      app.focus = row === undefined || app.focus === row.lane ? null : row.lane;
      app.changed();
      return;
    }
    const entry = this.entryNear(x, y) ?? app.timeline.entryAt(app.view.ms(x));
    if (entry !== undefined) app.select(entry);
  }
}

/** Whether its sentence has its cause already. */
function isSaid({ event }: Entry): boolean {
  return event.event === 'send' || event.event === 'receive' || event.event === 'violation';
}

/** Of several events at one place, the rare ones are what one points at. */
function weigh({ kind }: Entry, distance: number): number {
  const isRare = kind === 'role' || kind === 'life' || kind === 'violation' || kind === 'network';
  return Math.abs(distance) + (isRare ? 0 : kind.endsWith('message') || kind === 'heartbeat' ? 5 : 3);
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}
