import type { App } from './app.js';
import { button, element } from './dom.js';

export interface Actions {
  readonly help: () => void;
  readonly theme: () => void;
  readonly violation: () => void;
}

/** Title, search, term, zoom and switches. */
export class Toolbar {
  readonly root: HTMLElement;
  readonly search: HTMLInputElement;
  readonly #app: App;
  readonly #summary: HTMLElement;
  readonly #count: HTMLElement;
  readonly #term: HTMLSelectElement;
  readonly #violation: HTMLButtonElement;
  readonly #follow: HTMLButtonElement;
  #terms = '';

  constructor(app: App, actions: Actions) {
    this.#app = app;
    this.#summary = element('span', { class: 'summary' });
    this.#count = element('span', { class: 'count', role: 'status' });
    this.search = element('input', {
      type: 'search',
      placeholder: 'Search: n2 request-vote',
      'aria-label': 'Search the events',
      title: 'Search (/): Enter for the next, Shift Enter for the one before',
      input: () => this.#searched(),
      keydown: (event) => this.#searchKey(event as KeyboardEvent),
    });
    this.#term = element('select', { 'aria-label': 'Term', title: 'Show one term', change: () => this.#chooseTerm() });
    this.#violation = button('Jump to the violation', { key: 'v', press: actions.violation });
    this.#violation.className = 'alarm';
    this.#follow = button('Follow the present', { key: 'Space', press: () => app.follow() });
    const zoom = element(
      'span',
      { class: 'group', role: 'group', 'aria-label': 'Zoom' },
      button('−', { key: '-', name: 'Zoom out', press: () => app.zoom(1.6) }),
      button('Fit', { key: 'f', name: 'Fit all', press: () => app.fit() }),
      button('+', { key: '+', name: 'Zoom in', press: () => app.zoom(1 / 1.6) }),
    );
    this.root = element(
      'header',
      {},
      element('h1', {}, document.title),
      this.#summary,
      element('span', { class: 'space' }),
      this.#violation,
      this.#follow,
      element('span', { class: 'search' }, this.search, this.#count),
      this.#term,
      zoom,
      button('◐', { key: 't', name: 'Light or dark', press: actions.theme }),
      button('?', { key: '?', name: 'Keys', press: actions.help }),
    );
  }

  update(): void {
    const { timeline, isLive, isFollowing, found, query } = this.#app;
    const counts = [
      `${timeline.lanes.length} nodes`,
      `${timeline.entries.length.toLocaleString('en')} events`,
      lengthOf(timeline.toMs - timeline.fromMs),
    ];
    set(this.#summary, counts.join(' · '));
    this.#violation.hidden = timeline.violations.length === 0;
    this.#follow.hidden = !isLive;
    this.#follow.setAttribute('aria-pressed', String(isFollowing));
    set(this.#count, query.trim() === '' ? '' : found.length === 0 ? 'none' : `${found.length.toLocaleString('en')}`);
    const terms = timeline.terms.map(({ term }) => term).join();
    if (terms === this.#terms) return;
    this.#terms = terms;
    const chosen = this.#app.filter.term;
    const options = timeline.terms.map(({ term }) =>
      element('option', { value: term, selected: term === chosen }, `Term ${term}`),
    );
    this.#term.replaceChildren(element('option', { value: '' }, 'All terms'), ...options);
  }

  clear(): void {
    this.search.value = '';
    this.#term.value = '';
    this.#app.search('');
  }

  #searched(): void {
    this.#app.search(this.search.value);
  }

  #searchKey(event: KeyboardEvent): void {
    // A browser would empty the field, and say nothing.
    if (event.key === 'Escape') event.preventDefault();
    if (event.key !== 'Enter') return;
    event.preventDefault();
    this.#app.nextFound(event.shiftKey ? -1 : 1);
  }

  #chooseTerm(): void {
    const { filter, timeline } = this.#app;
    filter.term = this.#term.value === '' ? null : Number(this.#term.value);
    const at = timeline.terms.findIndex(({ term }) => term === filter.term);
    if (at === -1) {
      this.#app.fit();
      return;
    }
    this.#app.isFollowing = false;
    this.#app.look(this.#app.view.fit(timeline.terms[at]!.fromMs, timeline.terms[at + 1]?.fromMs ?? this.#app.endMs));
  }
}

function set(place: HTMLElement, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}

function lengthOf(ms: number): string {
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`;
}
