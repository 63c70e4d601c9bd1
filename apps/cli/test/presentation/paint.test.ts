import { expect, it } from 'vitest';
import { painted } from '../../src/presentation/paint.js';

it('colours are for those who want them', () => {
  expect(painted('sound', 'green', { hasColors: true })).toBe('\u001b[32msound\u001b[39m');
  expect(painted('sound', 'green', { hasColors: false })).toBe('sound');
});
