import { mergeConfig } from 'vitest/config';
import shared from '../../vitest.shared.js';

// One file looks at what a library keeps to itself, of which there must be one for each.
export default mergeConfig(shared, { test: { isolate: true } });
