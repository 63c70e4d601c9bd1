import type { Message } from '../../model/entry.js';
import type { Filter } from '../../model/filter.js';
import type { Kind } from '../../model/kind.js';
import { lookOf } from '../../model/node-state.js';
import type { Timeline } from '../../model/timeline.js';
import type { Palette } from '../palette.js';
import { halfHeights, type Row, type Scene } from '../scene.js';

/** In this order messages get arrows, while there is room for them. */
const classes: readonly Kind[] = ['election message', 'other message', 'log message', 'heartbeat'];
/** Arrows for each pixel of width: with more, nobody can follow one. */
const arrowsPerPixel = 0.9;

export interface DrawnArrows {
  readonly arrows: number;
  readonly lost: number;
  /** Messages shown as density only. */
  readonly aggregated: number;
}

export interface ArrowsInit {
  readonly timeline: Timeline;
  readonly filter: Filter;
  readonly palette: Palette;
  /** Drawn over all others. */
  readonly chosen: Message | null;
  /** A message that was not received until then is lost. */
  readonly lostAfterMs: number;
}

/** Draws messages from their sending to their receipt; where there are too many, how many there are. */
export function drawArrows(context: CanvasRenderingContext2D, scene: Scene, init: ArrowsInit): DrawnArrows {
  const { timeline, filter, palette, chosen } = init;
  const { view } = scene;
  const rows = new Map(scene.rows.map((row) => [row.lane.name, row]));
  const ofKind = new Map<Kind, Message[]>(classes.map((kind) => [kind, []]));
  for (const message of timeline.messagesIn(view.fromMs, view.toMs)) {
    if (isShown(message, filter)) ofKind.get(message.kind)?.push(message);
  }
  let room = Math.round(view.width * arrowsPerPixel);
  let arrows = 0;
  let lost = 0;
  const aggregated: Message[] = [];
  const drawn: Message[] = [];
  for (const kind of classes) {
    const messages = ofKind.get(kind)!;
    if (messages.length <= room) {
      room -= messages.length;
      drawn.push(...messages);
    } else {
      room = 0;
      for (const message of messages) aggregated.push(message);
    }
  }
  drawDensity(context, scene, aggregated, palette);
  // What matters most is drawn last, and so on top.
  const isCrowded = drawn.length > view.width * 0.35;
  for (const message of drawn.reverse()) {
    const isLost = drawArrow(context, scene, message, { rows, ...init, isCrowded });
    arrows += 1;
    if (isLost) lost += 1;
  }
  if (chosen !== null) drawArrow(context, scene, chosen, { rows, ...init, isCrowded: false });
  return { arrows, lost, aggregated: aggregated.length };
}

function isShown({ kind, fromNode, toNode, term }: Message, filter: Filter): boolean {
  if (filter.hiddenKinds.has(kind)) return false;
  if (filter.term !== null && term !== null && term !== filter.term) return false;
  return !filter.hiddenLanes.has(fromNode) && !filter.hiddenLanes.has(toNode);
}

interface ArrowInit extends ArrowsInit {
  readonly rows: ReadonlyMap<string, Row>;
  readonly isCrowded: boolean;
}

/** @returns whether it was lost */
function drawArrow(
  context: CanvasRenderingContext2D,
  { view }: Scene,
  message: Message,
  { rows, palette, chosen, lostAfterMs, isCrowded }: ArrowInit,
): boolean {
  const from = rows.get(message.fromNode);
  const to = rows.get(message.toNode);
  if (from === undefined || to === undefined || from === to) return false;
  const { send, receive } = message;
  const isChosen = message === chosen;
  const down = to.y > from.y ? 1 : -1;
  const y1 = from.y + down * halfOf(message.send?.state);
  const y2 = to.y - down * halfOf(message.receive?.state);
  const isLost = receive === null && (message.lost !== null || send!.atMs < lostAfterMs);
  if (receive === null && !isLost) return false;
  context.globalAlpha = isChosen ? 1 : isCrowded ? 0.32 : message.kind === 'heartbeat' ? 0.5 : 0.75;
  context.lineWidth = isChosen ? 2.5 : isCrowded ? 0.75 : 1;
  const color = isChosen ? palette.ink : palette.kinds[message.kind];
  context.strokeStyle = color;
  context.fillStyle = color;
  if (receive === null) drawLost(context, { x: view.x(send!.atMs), y1, y2, isChosen, color: palette.kinds.network });
  else {
    const x2 = view.x(receive.atMs);
    // Where the trace does not know its sending, only its end is known.
    const x1 = send === null ? x2 - 12 : view.x(send.atMs);
    const begin = send === null ? y2 - down * 12 : y1;
    context.beginPath();
    context.moveTo(x1, begin);
    context.lineTo(x2, y2);
    context.stroke();
    if (!isCrowded || isChosen)
      drawHead(context, { x1, y1: begin, x2, y2 }, { isOpen: message.ignored !== null, size: isChosen ? 8 : 5.5 });
  }
  context.globalAlpha = 1;
  return isLost;
}

function halfOf(state: NonNullable<Message['send']>['state'] | undefined): number {
  const look = state === undefined ? null : lookOf(state);
  return (look === null ? 0 : halfHeights[look]) + 1;
}

/** It leaves, and comes to an end between the lanes. */
function drawLost(
  context: CanvasRenderingContext2D,
  { x, y1, y2, isChosen, color }: { x: number; y1: number; y2: number; isChosen: boolean; color: string },
): void {
  const length = Math.min(Math.abs(y2 - y1) * 0.45, 30);
  const y = y1 + Math.sign(y2 - y1) * length;
  const endX = x + 7;
  context.setLineDash([3, 2.5]);
  context.beginPath();
  context.moveTo(x, y1);
  context.lineTo(endX, y);
  context.stroke();
  context.setLineDash([]);
  context.strokeStyle = color;
  context.lineWidth = isChosen ? 2.5 : 1.5;
  const size = isChosen ? 4.5 : 3;
  context.beginPath();
  context.moveTo(endX - size, y - size);
  context.lineTo(endX + size, y + size);
  context.moveTo(endX + size, y - size);
  context.lineTo(endX - size, y + size);
  context.stroke();
}

function drawHead(
  context: CanvasRenderingContext2D,
  { x1, y1, x2, y2 }: { x1: number; y1: number; x2: number; y2: number },
  { isOpen, size }: { isOpen: boolean; size: number },
): void {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  context.beginPath();
  if (isOpen) {
    context.arc(x2 - Math.cos(angle) * 3.5, y2 - Math.sin(angle) * 3.5, 3, 0, Math.PI * 2);
    context.stroke();
    return;
  }
  context.moveTo(x2, y2);
  context.lineTo(x2 - Math.cos(angle - 0.42) * size, y2 - Math.sin(angle - 0.42) * size);
  context.lineTo(x2 - Math.cos(angle + 0.42) * size, y2 - Math.sin(angle + 0.42) * size);
  context.fill();
}

/** How many messages each node sent, as a small hill under its bar. */
function drawDensity(
  context: CanvasRenderingContext2D,
  scene: Scene,
  messages: readonly Message[],
  palette: Palette,
): void {
  if (messages.length === 0) return;
  const { view, rows } = scene;
  const step = 3;
  const columns = Math.ceil(view.width / step);
  const counts = new Map(rows.map((row) => [row.lane.name, new Uint16Array(columns)]));
  let most = 1;
  for (const { send, fromNode } of messages) {
    if (send === null) continue;
    const column = Math.floor((view.x(send.atMs) - view.left) / step);
    const count = counts.get(fromNode);
    if (count === undefined || column < 0 || column >= columns) continue;
    count[column]! += 1;
    most = Math.max(most, count[column]!);
  }
  context.fillStyle = palette.kinds['log message'];
  context.globalAlpha = 0.4;
  for (const { lane, y, height } of rows) {
    const count = counts.get(lane.name)!;
    const hill = Math.min(height * 0.2, 18);
    const foot = y + height / 2 - 3;
    for (let column = 0; column < columns; column++) {
      if (count[column] === 0) continue;
      const tall = Math.max(1, Math.sqrt(count[column]! / most) * hill);
      context.fillRect(view.left + column * step, foot - tall, step - 0.5, tall);
    }
  }
  context.globalAlpha = 1;
}
