import type { Lane } from '../model/lane.js';
import type { View } from '../model/view.js';

/** Where things are on the canvas, in CSS pixels. */
export const gutter = 84;
/** Room above the lanes: times, and terms. */
export const axisHeight = 26;
export const termHeight = 22;
export const top = axisHeight + termHeight;
const rowMin = 62;
const rowMax = 190;
const below = 12;

/** One lane on the screen. */
export interface Row {
  readonly lane: Lane;
  /** The middle of its bar. */
  readonly y: number;
  readonly height: number;
}

export interface Scene {
  readonly view: View;
  readonly rows: readonly Row[];
  readonly width: number;
  readonly height: number;
}

/** The height that so many lanes need at least. */
export function heightOf(lanes: number): number {
  return top + lanes * rowMin + below;
}

export function rowsOf(lanes: readonly Lane[], height: number): Row[] {
  const rowHeight = Math.min(rowMax, (height - top - below) / Math.max(lanes.length, 1));
  return lanes.map((lane, at) => ({ lane, y: top + (at + 0.5) * rowHeight, height: rowHeight }));
}

/** Half of how thick a bar is: height tells roles apart, too. */
export const halfHeights = {
  leader: 12,
  candidate: 9,
  'pre-candidate': 6,
  follower: 3,
  learner: 1.5,
  paused: 3,
  down: 0,
  unreachable: 0,
} as const;
