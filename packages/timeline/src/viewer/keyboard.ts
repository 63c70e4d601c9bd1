import type { Entry } from '../model/entry.js';
import type { App } from './app.js';
import type { Actions } from './toolbar.js';

export interface KeyTargets extends Actions {
  readonly search: () => void;
  readonly clear: () => void;
  readonly closeHelp: () => boolean;
}

interface Binding {
  readonly keys: readonly string[];
  /** How the keys are written in the help. */
  readonly shown: string;
  readonly does: string;
  readonly run: (app: App, event: KeyboardEvent, targets: KeyTargets) => void;
}

const isElection = ({ event }: Entry): boolean => event.event === 'role' && event.role === 'leader';
const isCrash = ({ event }: Entry): boolean =>
  event.event === 'crash' || event.event === 'unreachable' || event.event === 'partition';

/** Every key that does something, in the order of the help. */
export const bindings: readonly Binding[] = [
  {
    keys: ['ArrowRight', 'ArrowLeft'],
    shown: '← →',
    does: 'the event before, the next one; with Shift ten at once',
    run: (app, { key, shiftKey }) => {
      for (let left = shiftKey ? 10 : 1; left > 0; left--) if (!app.step(key === 'ArrowRight' ? 1 : -1)) return;
    },
  },
  {
    keys: ['ArrowDown', 'ArrowUp'],
    shown: '↑ ↓',
    does: 'keep to one node’s events, or to all',
    run: (app, { key }) => app.moveFocus(key === 'ArrowDown' ? 1 : -1),
  },
  {
    keys: ['h'],
    shown: 'h',
    does: 'hide the node that is kept to',
    run: (app) => {
      const { focus } = app;
      if (focus === null) return;
      app.focus = null;
      app.filter.toggleLane(focus.name);
      app.changed();
    },
  },
  {
    keys: ['Home', 'End'],
    shown: 'Home End',
    does: 'the first event, the last one',
    run: (app, { key }) => app.jump(key === 'Home' ? 1 : -1),
  },
  {
    keys: ['e', 'E'],
    shown: 'e E',
    does: 'the next elected leader, the one before',
    run: (app, { key }) => void app.step(key === 'e' ? 1 : -1, isElection, { isClose: true }),
  },
  {
    keys: ['c', 'C'],
    shown: 'c C',
    does: 'the next crash or partition, the one before',
    run: (app, { key }) => void app.step(key === 'c' ? 1 : -1, isCrash),
  },
  { keys: ['v'], shown: 'v', does: 'the violation', run: (_app, _event, { violation }) => violation() },
  { keys: ['m'], shown: 'm', does: 'the other end of a message', run: (app) => toOtherEnd(app) },
  { keys: ['+', '='], shown: '+', does: 'zoom in', run: (app) => app.zoom(1 / 1.6) },
  { keys: ['-'], shown: '−', does: 'zoom out', run: (app) => app.zoom(1.6) },
  { keys: ['f', '0'], shown: 'f', does: 'fit all', run: (app) => app.fit() },
  {
    keys: ['PageDown', 'PageUp', ']', '['],
    shown: '[ ]',
    does: 'back, forward by most of the width',
    run: (app, { key }) => app.pan(app.view.spanMs * (key === 'PageDown' || key === ']' ? 0.8 : -0.8)),
  },
  { keys: ['/'], shown: '/', does: 'search', run: (_app, _event, { search }) => search() },
  {
    keys: ['n', 'N'],
    shown: 'n N',
    does: 'the next that was found, the one before',
    run: (app, { key }) => void app.nextFound(key === 'n' ? 1 : -1),
  },
  { keys: [' '], shown: 'Space', does: 'follow the present, where the trace is live', run: (app) => app.follow() },
  { keys: ['t'], shown: 't', does: 'light or dark', run: (_app, _event, { theme }) => theme() },
  { keys: ['?'], shown: '?', does: 'this list', run: (_app, _event, { help }) => help() },
  {
    keys: ['Escape'],
    shown: 'Esc',
    does: 'close, let go of the cursor, then show everything again',
    run: (app, _event, { closeHelp, clear }) => {
      if (closeHelp()) return;
      if (app.cursor !== null || app.focus !== null) {
        app.focus = null;
        return app.select(null);
      }
      app.filter.clear();
      clear();
    },
  },
];

function toOtherEnd(app: App): void {
  const message = app.cursor?.message;
  if (!message) return;
  const other = message.send === app.cursor ? message.receive : message.send;
  if (other !== null) app.select(other);
}

/** Keys work anywhere on the page, but where one types. */
export function listenToKeys(app: App, targets: KeyTargets): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) {
      if (event.key === 'Escape') target.blur();
      return;
    }
    // What lies under an open dialogue is not to be used.
    if (event.key !== 'Escape' && document.querySelector('dialog[open]') !== null) return;
    // A button keeps the key that presses it.
    if (target instanceof HTMLButtonElement && event.key === ' ') return;
    const binding = bindings.find(({ keys }) => keys.includes(event.key));
    if (binding === undefined) return;
    event.preventDefault();
    binding.run(app, event, targets);
  });
}
