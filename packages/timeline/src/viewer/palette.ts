import type { Kind } from '../model/kind.js';
import type { Look } from '../model/node-state.js';

/** What the canvas is painted with. The hues are Okabe and Ito's, told apart with any kind of colour vision; no meaning rests on hue alone. */
export interface Palette {
  readonly paper: string;
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly bands: readonly [string, string];
  readonly looks: Readonly<Record<Look, string>>;
  readonly onLeader: string;
  readonly kinds: Readonly<Record<Kind, string>>;
  readonly alarm: string;
  readonly cursor: string;
  readonly cut: string;
}

const light: Palette = {
  paper: '#ffffff',
  ink: '#1c2530',
  quiet: '#5d6b7c',
  line: '#dfe4ea',
  bands: ['#ffffff', '#f4f6f9'],
  looks: {
    leader: '#0072b2',
    candidate: '#e69f00',
    'pre-candidate': '#f3cf7a',
    follower: '#a9b6c5',
    learner: '#c9d2dc',
    paused: '#b9b2c9',
    down: '#c1cad4',
    unreachable: '#c1cad4',
  },
  onLeader: '#ffffff',
  kinds: {
    role: '#0072b2',
    vote: '#b87a00',
    append: '#5c7fa3',
    commit: '#00835f',
    configuration: '#a8487f',
    snapshot: '#2f8fc4',
    read: '#7c8a99',
    life: '#d55e00',
    network: '#d55e00',
    violation: '#d1243a',
    'election message': '#cf8a00',
    'log message': '#3f86b8',
    heartbeat: '#97a4b2',
    'other message': '#a8487f',
    other: '#7c8a99',
  },
  alarm: '#d1243a',
  cursor: '#1c2530',
  cut: 'rgba(213, 94, 0, 0.09)',
};

const dark: Palette = {
  paper: '#12171e',
  ink: '#e6ebf1',
  quiet: '#93a1b1',
  line: '#2a333e',
  bands: ['#12171e', '#171e27'],
  looks: {
    leader: '#3a9fdc',
    candidate: '#e9a820',
    'pre-candidate': '#8f7434',
    follower: '#55647a',
    learner: '#3b4757',
    paused: '#5d5677',
    down: '#3a4552',
    unreachable: '#3a4552',
  },
  onLeader: '#08141d',
  kinds: {
    role: '#56b4e9',
    vote: '#f0b43c',
    append: '#7fa3c9',
    commit: '#2fc497',
    configuration: '#dc8bb8',
    snapshot: '#63bdf0',
    read: '#8a98a8',
    life: '#f08a4b',
    network: '#f08a4b',
    violation: '#ff6377',
    'election message': '#e9a820',
    'log message': '#4f9bd0',
    heartbeat: '#66748a',
    'other message': '#dc8bb8',
    other: '#8a98a8',
  },
  alarm: '#ff6377',
  cursor: '#e6ebf1',
  cut: 'rgba(240, 138, 75, 0.11)',
};

export type Theme = 'light' | 'dark';

export function paletteOf(theme: Theme): Palette {
  return theme === 'dark' ? dark : light;
}
