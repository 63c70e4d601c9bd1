#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

/*
 * Batches pass through in buffers, which the engine counts as its own. Left alone, it collects after every 30 MB of them, many times a second, which
 * took half of a busy leader's time; the next collection is due when 2.2 times what the last one left is held. And the room for new
 * objects, of which there are few, does not grow, here where nothing is loaded yet: at its full size it takes 30 MB that buffers can use.
 */
setFlagsFromString('--heap-growing-percent=120');
setFlagsFromString('--semi-space-growth-factor=1');

await import('./program/main.js');
