#!/usr/bin/env node
import { runProgram } from './node/program.js';

process.exitCode = await runProgram(process.argv.slice(2));
