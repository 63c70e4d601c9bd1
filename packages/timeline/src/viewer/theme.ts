import type { Theme } from './palette.js';

let chosen: Theme | null = null;
const system = matchMedia('(prefers-color-scheme: dark)');

/** What the person has chosen; what the system says until then. */
export function themeNow(): Theme {
  return chosen ?? (system.matches ? 'dark' : 'light');
}

export function switchTheme(): void {
  chosen = themeNow() === 'dark' ? 'light' : 'dark';
  apply();
}

/** Applies the theme to the page, now and whenever the system changes its own. */
export function watchTheme(changed: () => void): void {
  apply();
  system.addEventListener('change', () => {
    apply();
    changed();
  });
}

function apply(): void {
  document.documentElement.dataset.theme = themeNow();
}
