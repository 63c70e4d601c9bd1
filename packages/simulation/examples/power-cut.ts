/** What a power cut may leave of a file that was renamed before it was synced. */
import { type Fault, SeededRandom, SimulatedDisk } from '@commitlog/simulation';

const disk = new SimulatedDisk();
await disk.files.makeDirectory('/data');
disk.place('/data/settings', new TextEncoder().encode('old'));

const file = await disk.files.open('/data/settings.new', 'create');
file.write([new TextEncoder().encode('new')], 0);
await disk.files.rename('/data/settings.new', '/data/settings'); // too early: nothing is synced yet

const faults: Fault[] = ['kept', 'lost', 'bytes-lost', 'torn', 'zeros', 'names-lost'];
for (const state of disk.crashStates({ random: new SeededRandom(42), faults })) {
  const found = state.disk.paths().map((path) => {
    const text = new TextDecoder().decode(state.disk.bytesOf(path));
    return `${path} is ${JSON.stringify(text)}`;
  });
  console.log(`${state.fault.padEnd(10)} ${found.join(', ')}`);
}
