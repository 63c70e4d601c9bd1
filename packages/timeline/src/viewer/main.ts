import { Timeline } from '../model/timeline.js';
import { App } from './app.js';
import { Chart } from './chart.js';
import { element } from './dom.js';
import { Help } from './help.js';
import { type Inspection, inspectionOf } from './inspection.js';
import { listenToKeys } from './keyboard.js';
import { Legend } from './legend.js';
import { Live } from './live.js';
import { Minimap } from './minimap.js';
import { Panel } from './panel.js';
import { Status } from './status.js';
import { streamUrls } from './stream-urls.js';
import { switchTheme, watchTheme } from './theme.js';
import { Toolbar } from './toolbar.js';

declare global {
  interface Window {
    /** Read-only: see Inspection. */
    timeline: Inspection;
  }
}

try {
  const data = document.getElementById('trace')?.textContent.trimStart() ?? null;
  if (data === null) watch();
  else show(Timeline.of(data), null);
} catch (error) {
  // A trace that somebody has edited, an address that is none: whoever looks at an empty page is told why.
  const why = error instanceof Error ? error.message : String(error);
  document.body.append(element('p', { class: 'failure', role: 'alert' }, `This page cannot be shown: ${why}`));
}

/** Watches the streams that the page's address names. */
function watch(): void {
  const timeline = new Timeline();
  let update = (): void => {};
  const live = new Live(streamUrls(location.href), timeline, () => update());
  update = show(timeline, live);
}

/** Builds the page. @returns what is to be called when events have come */
function show(timeline: Timeline, live: Live | null): () => void {
  const app = new App(timeline, live?.nowMs ?? null);
  app.tornLine = document.getElementById('trace')?.dataset.torn ?? null;
  const chart = new Chart(app);
  const minimap = new Minimap(app);
  const panel = new Panel(app);
  const legend = new Legend(app);
  const help = new Help();
  const status = live === null ? null : new Status(live);
  const theme = (): void => {
    switchTheme();
    app.changed();
  };
  const violation = (): void => {
    const [first] = timeline.violations;
    if (first !== undefined) app.select(first, { isClose: true });
  };
  const actions = { help: () => help.open(), theme, violation };
  const toolbar = new Toolbar(app, actions);
  listenToKeys(app, {
    ...actions,
    search: () => toolbar.search.focus(),
    clear: () => toolbar.clear(),
    closeHelp: () => help.close(),
  });
  const keys = element(
    'p',
    { id: 'keys', class: 'unseen' },
    'Arrow keys step through events and nodes; press the question mark for all keys.',
  );
  const main = element('main', {}, chart.root, minimap.root);
  document.body.append(
    toolbar.root,
    legend.root,
    ...(status === null ? [] : [status.root]),
    main,
    panel.root,
    help.root,
    keys,
  );
  watchTheme(() => app.changed());

  let isDue = false;
  app.onChange(() => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      chart.draw();
      minimap.draw();
      panel.update();
      toolbar.update();
      legend.update();
      status?.update();
    });
  });
  app.resize(chart.root.clientWidth);
  window.timeline = inspectionOf(app, chart);
  if (live === null) app.fit();
  else {
    app.follow();
    // Time goes by even where nothing happens.
    setInterval(() => void (app.isFollowing && app.advanced()), 50);
  }
  return () => app.advanced();
}
