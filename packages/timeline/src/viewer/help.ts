import { button, element } from './dom.js';
import { bindings } from './keyboard.js';

/** All keys, in a dialogue. */
export class Help {
  readonly root: HTMLDialogElement;

  constructor() {
    const rows = bindings.map(({ shown, does }) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, ...shown.split(' ').map((key) => element('kbd', {}, key))),
        element('td', {}, does),
      ),
    );
    this.root = element(
      'dialog',
      { 'aria-label': 'Keys' },
      element('h2', {}, 'Keys'),
      element('table', {}, element('tbody', {}, ...rows)),
      element(
        'p',
        {},
        'The wheel zooms, with Shift it moves; drag to move; click an event for what it changed, a node’s name to keep to its events.',
      ),
      element('form', { method: 'dialog' }, button('Close', { key: 'Esc', press: () => this.close() })),
    );
  }

  open(): void {
    if (!this.root.open) this.root.showModal();
  }

  close(): boolean {
    if (!this.root.open) return false;
    this.root.close();
    return true;
  }
}
