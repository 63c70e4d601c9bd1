import type { Entry } from '../model/entry.js';
import type { Lane } from '../model/lane.js';
import { changesBetween, lookOf, type NodeState } from '../model/node-state.js';
import { timeOf } from '../model/view.js';
import { fieldNames, sentenceOf, stateInWords, valueInWords } from '../model/words.js';
import { nodeOf } from '../trace/event.js';
import type { App } from './app.js';
import { element } from './dom.js';

/** Fields that every event has, and that the panel shows in its own way. */
const shownElsewhere: ReadonlySet<string> = new Set(['v', 'atMs', 'node', 'term', 'index', 'commit', 'event', 'cause']);

/** Kinds whose sentence has their cause in it. */
const causesSaid: ReadonlySet<string> = new Set(['send', 'receive', 'violation']);

/** What is shown now: it is made anew only where this has changed. */
interface Shown {
  readonly cursor: Entry | null;
  readonly last: Entry | undefined;
  readonly lanes: string;
  readonly focus: Lane | null;
}

/** What the cursor stands on, what it has changed, and the state of every node at that instant. */
export class Panel {
  readonly root: HTMLElement;
  readonly #app: App;
  readonly #event: HTMLElement;
  readonly #table: HTMLElement;
  readonly #live: HTMLElement;
  #shown: Shown | null = null;

  constructor(app: App) {
    this.#app = app;
    this.#event = element('section', { class: 'event', 'aria-label': 'The event under the cursor' });
    this.#table = element('section', { class: 'states', 'aria-label': 'Every node at this instant' });
    this.#live = element('p', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
    this.root = element('aside', { 'aria-label': 'At the cursor' }, this.#event, this.#table, this.#live);
  }

  update(): void {
    const { cursor, timeline, lanes } = this.#app;
    const at = cursor ?? timeline.entryAt(this.#app.isFollowing ? Number.POSITIVE_INFINITY : this.#app.view.toMs);
    const { focus } = this.#app;
    const key = { cursor, last: at, lanes: lanes.map(({ name }) => name).join(), focus };
    const shown = this.#shown;
    const isSame = shown !== null && shown.cursor === cursor && shown.last === at && shown.lanes === key.lanes;
    if (isSame && shown.focus === focus) return;
    const hasMoved = shown !== null && shown.focus !== focus && shown.cursor === cursor;
    this.#shown = key;
    this.#event.replaceChildren(...(cursor === null ? hint(this.#app) : this.#describe(cursor)));
    this.#table.replaceChildren(...(at === undefined ? [] : this.#states(at, cursor !== null)));
    if (hasMoved)
      this.#live.textContent =
        focus === null ? 'all nodes' : stateInWords(focus.name, at === undefined ? focus.lastState : focus.stateAt(at));
    else this.#live.textContent = cursor === null ? '' : this.#spoken(cursor);
  }

  #describe(entry: Entry): Node[] {
    const { event, atMs } = entry;
    const { entries } = this.#app.timeline;
    const place = `${timeOf(atMs)} · event ${(this.#app.timeline.positionOf(entry) + 1).toLocaleString('en')} of ${entries.length.toLocaleString('en')}`;
    const facts = Object.entries(event).filter(([name]) => !shownElsewhere.has(name));
    const why = causesSaid.has(event.event) ? [] : [element('p', { class: 'cause' }, event.cause)];
    const list = facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, fact(value))]);
    const { message } = entry;
    if (message?.receive && message.send) {
      list.push(element('dt', {}, 'took'), element('dd', {}, timeOf(message.receive.atMs - message.send.atMs)));
    }
    if (message?.ignored) list.push(element('dt', {}, 'not acted on'), element('dd', {}, message.ignored));
    return [
      element('p', { class: 'place' }, place),
      element('h2', {}, sentenceOf(entry)),
      ...why,
      element('dl', {}, ...list),
      ...this.#changes(entry),
    ];
  }

  #changes(entry: Entry): Node[] {
    if (entry.lane === null) return [];
    const changes = changesBetween(entry.lane.stateBefore(entry), entry.state).filter(
      ({ field }) => field !== 'member',
    );
    if (changes.length === 0) return [element('p', { class: 'unchanged' }, 'Changes nothing that is shown.')];
    const items = changes.map(({ field, before, after }) =>
      element(
        'li',
        {},
        `${fieldNames[field]} `,
        element('del', {}, valueInWords(before)),
        ' → ',
        element('ins', {}, valueInWords(after)),
      ),
    );
    return [element('ul', { class: 'changes', 'aria-label': 'Changed by this event' }, ...items)];
  }

  #states(at: Entry, hasCursor: boolean): Node[] {
    const { lanes, focus } = this.#app;
    const states = lanes.map((lane) => ({ lane, state: lane.stateAt(at) }));
    const last = Math.max(1, ...states.map(({ state }) => state.last));
    const head = ['node', 'role', 'term', 'vote', 'follows', 'log', 'commit'].map((name) =>
      element('th', { scope: 'col' }, name),
    );
    const rows = states.map(({ lane, state }) => {
      const before = hasCursor && at.lane === lane ? lane.stateBefore(at) : state;
      const row = stateRow(lane, state, { before, last });
      if (lane === focus) row.classList.add('focus');
      return row;
    });
    const configured = states
      .map(({ state }) => state)
      .filter(({ voters, life }) => voters.length > 0 && life === 'up');
    const newest = configured.sort((one, other) => other.commit - one.commit)[0];
    const title = hasCursor ? 'At this instant' : this.#app.isFollowing ? 'Now' : 'At the right edge';
    return [
      element('h3', {}, title),
      element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows)),
      ...(newest === undefined ? [] : [element('p', { class: 'members' }, membersInWords(newest))]),
    ];
  }

  /** What is read out. */
  #spoken(entry: Entry): string {
    const { event, lane } = entry;
    const changes = lane === null ? [] : changesBetween(lane.stateBefore(entry), entry.state);
    const told = changes
      .filter(({ field }) => field !== 'member')
      .map(({ field, after }) => `${fieldNames[field]} ${valueInWords(after)}`);
    return `${timeOf(entry.atMs)}: ${sentenceOf(entry)}: ${event.cause}. ${told.join(', ')}`;
  }
}

function hint({ isLive, timeline, tornLine }: App): Node[] {
  if (!isLive && timeline.entries.length === 0) return [element('p', { class: 'hint' }, 'This trace holds no events.')];
  const text = isLive
    ? 'The present runs at the right edge. Click an event, or press an arrow key, to hold on to an instant.'
    : 'Click an event, or press an arrow key, to see what happened and what every node knew at that instant.';
  const torn = `Line ${tornLine} of the trace is cut short, and left out: whoever wrote it has died of a sudden.`;
  return [element('p', { class: 'hint' }, text), ...(tornLine === null ? [] : [element('p', { class: 'hint' }, torn)])];
}

function stateRow(
  lane: Lane,
  state: NodeState,
  { before, last }: { readonly before: NodeState; readonly last: number },
): HTMLElement {
  const look = lookOf(state) ?? 'unknown';
  const changed = new Set(changesBetween(before, state).map(({ field }) => field));
  const cell = (text: string, isChanged: boolean, title?: string): HTMLElement =>
    element('td', { ...(isChanged && { class: 'changed' }), ...(title !== undefined && { title }) }, text);
  const isKnown = look !== 'unknown';
  const short: Readonly<Record<string, string>> = { 'pre-candidate': 'pre-cand.' };
  const role = element('td', { class: `role ${changed.has('role') || changed.has('life') ? 'changed' : ''}` });
  role.append(element('i', { class: `look ${look}`, 'aria-hidden': 'true' }), short[look] ?? look);
  const log = element('td', {
    class: `log ${changed.has('last') || changed.has('durable') || changed.has('logStart') ? 'changed' : ''}`,
  });
  if (isKnown) log.append(...logBar(state, last));
  return element(
    'tr',
    { 'data-node': lane.name, class: look },
    element('th', { scope: 'row', title: state.member }, lane.name),
    role,
    cell(isKnown ? String(state.term) : '', changed.has('term')),
    cell(nodeOf(state.vote ?? '·'), changed.has('vote')),
    cell(nodeOf(state.leader ?? '·'), changed.has('leader')),
    log,
    cell(isKnown ? String(state.commit) : '', changed.has('commit')),
  );
}

/** The log as a bar: what is there, what of it is on disk, what is committed. */
function logBar({ logStart, last, durable, commit }: NodeState, most: number): Node[] {
  const title = `from ${logStart + 1} to ${last}; on disk up to ${durable}, committed up to ${commit}`;
  const part = (name: string, from: number, to: number): HTMLElement => {
    const made = element('i', { class: name });
    made.style.left = `${(from / most) * 100}%`;
    made.style.width = `${(Math.max(to - from, 0) / most) * 100}%`;
    return made;
  };
  const text = logStart >= last ? `${last}` : `${logStart + 1}–${last}`;
  const bar = element(
    'span',
    { class: 'bar' },
    part('held', logStart, last),
    part('durable', logStart, durable),
    part('committed', logStart, Math.min(commit, last)),
  );
  return [element('span', { title }, text), bar];
}

function membersInWords({ voters, outgoing, learners }: NodeState): string {
  const joint = outgoing.length === 0 ? '' : `; jointly with ${valueInWords(outgoing)}`;
  return `Voters: ${valueInWords(voters)}${joint}. Learners: ${valueInWords(learners)}.`;
}

function fact(value: unknown): string {
  if (Array.isArray(value))
    return value.length === 0
      ? 'none'
      : value.map((each) => (Array.isArray(each) ? each.join('→') : String(each))).join(' ');
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
