import { element } from './dom.js';
import type { Live, StreamState } from './live.js';

const words: Readonly<Record<StreamState, string>> = {
  connecting: 'connecting',
  open: 'live',
  lost: 'unreachable, trying again',
  refused: 'no answer yet, trying again',
};

/** How each stream is. */
export class Status {
  readonly root: HTMLElement = element('div', { class: 'streams', role: 'status', 'aria-label': 'Streams' });
  #shown = '';

  constructor(readonly live: Live) {}

  update(): void {
    const texts = this.live.streams.map(({ url, name, state, lost }) => {
      const missed = lost === 0 ? '' : `, ${lost} events missed`;
      return { state, text: `${name ?? new URL(url).host}: ${words[state]}${missed}` };
    });
    const shown = JSON.stringify(texts);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.root.replaceChildren(...texts.map(({ state, text }) => element('span', { class: state }, text)));
  }
}
