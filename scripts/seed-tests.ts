import fc from 'fast-check';
import { commitSeed } from './seed.mjs';

/** Property tests draw from the commit: the same commit always runs the same cases. */
fc.configureGlobal({ seed: commitSeed() });
