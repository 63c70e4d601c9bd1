import type { Entry } from '../../model/entry.js';
import type { Filter } from '../../model/filter.js';
import { countWhile } from '../../model/search.js';
import type { Palette } from '../palette.js';
import { type Row, type Scene, top } from '../scene.js';

type Draw = (context: CanvasRenderingContext2D, x: number, y: number) => void;

/** One sign: where it stands beside the bar's middle, and what it looks like. */
interface Mark {
  readonly name: string;
  readonly dy: number;
  /** How much room it needs before the next of its own. */
  readonly apart: number;
  readonly draw: Draw;
}

const circle =
  (radius: number, isFilled: boolean): Draw =>
  (context, x, y) => {
    context.beginPath();
    context.arc(x, y, radius, 0, Math.PI * 2);
    if (isFilled) context.fill();
    else context.stroke();
  };
const tick =
  (length: number): Draw =>
  (context, x, y) =>
    context.fillRect(x - 0.75, y - length / 2, 1.5, length);
const diamond: Draw = (context, x, y) => polygon(context, [x, y - 5, x + 5, y, x, y + 5, x - 5, y]);
const square: Draw = (context, x, y) => context.fillRect(x - 3.5, y - 3.5, 7, 7);
const play: Draw = (context, x, y) => polygon(context, [x - 3, y - 6, x + 7, y, x - 3, y + 6]);
const back: Draw = (context, x, y) => polygon(context, [x + 4, y - 4, x - 4, y, x + 4, y + 4]);
const bars: Draw = (context, x, y) => {
  context.fillRect(x - 4, y - 6, 3, 12);
  context.fillRect(x + 1, y - 6, 3, 12);
};
const cross =
  (size: number): Draw =>
  (context, x, y) => {
    context.beginPath();
    context.moveTo(x - size, y - size);
    context.lineTo(x + size, y + size);
    context.moveTo(x + size, y - size);
    context.lineTo(x - size, y + size);
    context.stroke();
  };

function polygon(context: CanvasRenderingContext2D, points: readonly number[]): void {
  context.beginPath();
  for (let at = 0; at < points.length; at += 2) context.lineTo(points[at]!, points[at + 1]!);
  context.fill();
}

const marks = {
  granted: { name: 'granted', dy: -20, apart: 5, draw: circle(3.5, true) },
  refused: { name: 'refused', dy: -20, apart: 5, draw: circle(3, false) },
  append: { name: 'append', dy: 18, apart: 2, draw: tick(5) },
  truncate: { name: 'truncate', dy: 18, apart: 6, draw: back },
  failed: { name: 'failed', dy: 18, apart: 6, draw: cross(3.5) },
  commit: { name: 'commit', dy: 25, apart: 2, draw: tick(7) },
  configuration: { name: 'configuration', dy: -20, apart: 6, draw: diamond },
  snapshot: { name: 'snapshot', dy: -20, apart: 6, draw: square },
  repair: { name: 'repair', dy: -20, apart: 6, draw: cross(3) },
  start: { name: 'start', dy: 0, apart: 8, draw: play },
  crash: { name: 'crash', dy: 0, apart: 8, draw: cross(6.5) },
  pause: { name: 'pause', dy: 0, apart: 8, draw: bars },
} satisfies Readonly<Record<string, Mark>>;

/** What an event is drawn as beside its lane's bar; null for one that is seen otherwise: as a span, an arrow, or the bar's end. */
function markOf({ event }: Entry): Mark | null {
  switch (event.event) {
    case 'vote':
      return event.isGranted === true ? marks.granted : marks.refused;
    case 'append':
      return marks.append;
    case 'truncate':
      return marks.truncate;
    case 'write-failed':
      return marks.failed;
    case 'commit':
      return marks.commit;
    case 'configuration':
      return marks.configuration;
    case 'snapshot':
      return marks.snapshot;
    case 'repair':
      return marks.repair;
    case 'start':
    case 'resume':
      return marks.start;
    case 'crash':
    case 'unreachable':
      return marks.crash;
    case 'pause':
      return marks.pause;
    default:
      return null;
  }
}

export interface MarksInit {
  readonly filter: Filter;
  readonly palette: Palette;
}

/** Draws what happened at single moments. Of many at one place one is drawn. @returns how many */
export function drawMarks(context: CanvasRenderingContext2D, scene: Scene, init: MarksInit): number {
  let drawn = 0;
  for (const row of scene.rows) drawn += drawRow(context, scene, row, init);
  return drawn;
}

function drawRow(
  context: CanvasRenderingContext2D,
  { view }: Scene,
  { lane, y, height }: Row,
  { filter, palette }: MarksInit,
): number {
  const { entries } = lane;
  const lastX = new Map<string, number>();
  const scale = Math.min(1, height / 74);
  let drawn = 0;
  context.lineWidth = 1.5;
  for (let at = countWhile(entries, (entry) => entry.atMs < view.fromMs); at < entries.length; at++) {
    const entry = entries[at]!;
    if (entry.atMs > view.toMs) break;
    const mark = markOf(entry);
    if (mark === null || !filter.shows(entry)) continue;
    const x = view.x(entry.atMs);
    if (x - (lastX.get(mark.name) ?? Number.NEGATIVE_INFINITY) < mark.apart) continue;
    lastX.set(mark.name, x);
    const color = mark === marks.start ? palette.kinds.commit : palette.kinds[entry.kind];
    context.fillStyle = color;
    context.strokeStyle = color;
    const isLife = entry.kind === 'life';
    if (isLife) halo(context, x, y, palette);
    context.lineWidth = isLife ? 2.75 : 1.5;
    mark.draw(context, x, y + mark.dy * scale);
    drawn += 1;
  }
  return drawn;
}

function halo(context: CanvasRenderingContext2D, x: number, y: number, palette: Palette): void {
  const { fillStyle } = context;
  context.fillStyle = palette.paper;
  circle(10, true)(context, x, y);
  context.fillStyle = fillStyle;
}

/** Violations go through all lanes, and say what they are. */
export function drawViolations(
  context: CanvasRenderingContext2D,
  { view, height }: Scene,
  violations: readonly Entry[],
  palette: Palette,
): void {
  for (const { atMs, event } of violations) {
    const x = view.x(atMs);
    if (x < view.left || x > view.left + view.width) continue;
    context.fillStyle = palette.alarm;
    context.fillRect(x - 1, top, 2, height - top);
    context.font = '600 12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    const text = `violation: ${event.cause}`;
    const wide = context.measureText(text).width + 14;
    const left = Math.min(x + 1, view.left + view.width - wide);
    context.beginPath();
    context.roundRect(left - (left < x ? 1 : 0), top + 2, wide, 20, 3);
    context.fill();
    context.fillStyle = palette.paper;
    context.textAlign = 'left';
    context.fillText(text, left + 7, top + 12.5);
  }
}

/** One sign alone, for the legend. */
export function drawMark(
  context: CanvasRenderingContext2D,
  name: keyof typeof marks,
  { x, y, color }: { x: number; y: number; color: string },
): void {
  context.fillStyle = color;
  context.strokeStyle = color;
  context.lineWidth = 1.75;
  marks[name].draw(context, x, y);
}

export type MarkName = keyof typeof marks;
