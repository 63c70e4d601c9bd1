import { type Kind, kinds } from '../model/kind.js';
import type { App } from './app.js';
import { element } from './dom.js';
import { drawMark, type MarkName } from './draw/marks.js';
import { paletteOf } from './palette.js';
import { themeNow } from './theme.js';

/** What each kind is drawn as: marks, or a line for messages. */
const signs: Readonly<Partial<Record<Kind, readonly MarkName[]>>> = {
  vote: ['granted', 'refused'],
  append: ['append'],
  commit: ['commit'],
  configuration: ['configuration'],
  snapshot: ['snapshot'],
  life: ['crash', 'start'],
};

const labels: Readonly<Record<Kind, string>> = {
  role: 'roles',
  vote: 'votes',
  append: 'appends',
  commit: 'commits',
  configuration: 'configurations',
  snapshot: 'snapshots',
  read: 'reads',
  life: 'crashes, starts',
  network: 'partitions',
  violation: 'violations',
  'election message': 'election messages',
  'log message': 'log messages',
  heartbeat: 'heartbeats',
  'other message': 'other messages',
  other: 'others',
};

/** What the signs mean; each is a switch that hides its kind. */
export class Legend {
  readonly root: HTMLElement;
  readonly #app: App;
  #shown = '';

  constructor(app: App) {
    this.#app = app;
    this.root = element('div', {
      class: 'legend',
      role: 'group',
      'aria-label': 'Kinds of events: press to hide or show',
    });
  }

  update(): void {
    const { timeline, filter, lanes } = this.#app;
    const { counts } = timeline;
    const offered = kinds.filter((kind) => counts.has(kind) && kind !== 'violation');
    const key = [
      themeNow(),
      offered.join(),
      [...filter.hiddenKinds].join(),
      [...filter.hiddenLanes].join(),
      lanes.length,
    ].join('|');
    if (key === this.#shown) return;
    this.#shown = key;
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.kind : undefined;
    const chips = offered.map((kind) => this.#chip(kind, counts.get(kind)!));
    const hidden = [...filter.hiddenLanes].map((name) => this.#hiddenLane(name));
    this.root.replaceChildren(...chips, ...hidden);
    if (focused !== undefined) this.root.querySelector<HTMLElement>(`[data-kind="${focused}"]`)?.focus();
  }

  #chip(kind: Kind, count: number): HTMLElement {
    const { filter } = this.#app;
    const isOn = !filter.hiddenKinds.has(kind);
    const press = (): void => {
      filter.toggleKind(kind);
      this.#app.changed();
    };
    const title = `${count.toLocaleString('en')} events`;
    return element(
      'button',
      { type: 'button', 'aria-pressed': String(isOn), 'data-kind': kind, title, click: press },
      sign(kind),
      labels[kind],
    );
  }

  #hiddenLane(name: string): HTMLElement {
    const press = (): void => {
      this.#app.filter.toggleLane(name);
      this.#app.changed();
    };
    return element(
      'button',
      { type: 'button', class: 'hidden-lane', 'aria-pressed': 'false', click: press },
      `show ${name}`,
    );
  }
}

function sign(kind: Kind): HTMLElement {
  const palette = paletteOf(themeNow());
  const names = signs[kind] ?? [];
  const width = Math.max(names.length, 1) * 16;
  const ratio = window.devicePixelRatio || 1;
  const canvas = element('canvas', { width: width * ratio, height: 16 * ratio, 'aria-hidden': 'true' });
  canvas.style.width = `${width}px`;
  const context = canvas.getContext('2d')!;
  context.scale(ratio, ratio);
  const color = palette.kinds[kind];
  for (const [at, name] of names.entries()) {
    drawMark(context, name, { x: at * 16 + 8, y: 8, color: name === 'start' ? palette.kinds.commit : color });
  }
  if (names.length === 0) drawLine(context, kind, color);
  return canvas;
}

function drawLine(context: CanvasRenderingContext2D, kind: Kind, color: string): void {
  context.strokeStyle = color;
  context.fillStyle = color;
  context.lineWidth = 1.5;
  if (kind === 'role') {
    context.fillRect(1, 4, 14, 8);
    return;
  }
  if (kind === 'network') context.setLineDash([2, 2]);
  context.beginPath();
  context.moveTo(2, 3);
  context.lineTo(13, 13);
  context.stroke();
  if (kind === 'network' || kind === 'read' || kind === 'other') return;
  context.beginPath();
  context.moveTo(14, 14);
  context.lineTo(8.5, 12.5);
  context.lineTo(12.5, 8.5);
  context.fill();
}
