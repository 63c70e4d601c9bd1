import { type Asked, type BrowserAccessSettings, browserAccess } from './browser-access.js';
import type { Metrics } from './metrics.js';
import type { StreamReader, TraceStreams } from './trace-streams.js';

/** A request over plain HTTP. */
export interface EndpointRequest extends Asked {
  readonly method: string;
}

/** What is answered to it. */
export interface EndpointAnswer {
  readonly status: number;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** All of it; or what is to be called with a reader of what comes, and returns what is to be called once that has gone. */
  readonly body: string | ((reader: StreamReader) => () => void);
}

export interface EndpointsComponents {
  readonly metrics: Pick<Metrics, 'registry'>;
  /** Why this node does not serve; `undefined` while it does. It is not asked how far behind others it is. */
  readonly notReady: () => string | undefined;
  /** Why this process has to be started anew; `undefined` unless it must. */
  readonly notAlive: () => string | undefined;
  readonly build: Readonly<Record<string, string>>;
  readonly trace: Pick<TraceStreams, 'refusal' | 'open'>;
  /** The page that shows traces as they come: HTML that needs nothing else, but for the `/trace` of the nodes that it watches. */
  readonly timelinePage: () => string;
  /** Who may see the trace, and its page. */
  readonly timelineAccess: BrowserAccessSettings;
}

const text = 'text/plain; charset=utf-8';

/** Health, metrics, build information and the trace, for whoever watches the process. Nothing that is asked for changes anything. */
export class Endpoints {
  readonly #with: EndpointsComponents;

  constructor(components: EndpointsComponents) {
    this.#with = components;
  }

  async answer(request: EndpointRequest): Promise<EndpointAnswer> {
    const { method, path } = request;
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, type: text, headers: { allow: 'GET, HEAD' }, body: 'expected GET or HEAD\n' };
    }
    const { metrics, notAlive, notReady, build } = this.#with;
    switch (path) {
      case '/livez':
        return healthOf(notAlive());
      // One that lags serves what it has, and who needs the newest asks for it: taking it away would only add to what the others have to do (nats-server 5976).
      case '/readyz':
        return healthOf(notAlive() ?? notReady());
      case '/metrics':
        return { status: 200, type: metrics.registry.contentType, body: await metrics.registry.metrics() };
      case '/buildz':
        return { status: 200, type: 'application/json', body: `${JSON.stringify(build)}\n` };
      case '/timeline':
      case '/trace':
        return this.#timeline(path, request);
      default:
        return { status: 404, type: text, body: 'expected /livez, /readyz, /metrics, /buildz, /timeline or /trace\n' };
    }
  }

  #timeline(path: '/timeline' | '/trace', asked: Asked): EndpointAnswer {
    const { trace, timelinePage, timelineAccess } = this.#with;
    const access = browserAccess(asked, timelineAccess);
    if (!access.isGranted) return { status: 403, type: text, body: `${access.reason}\n` };
    const headers = { 'cache-control': 'no-store', ...access.headers };
    if (path === '/timeline') {
      const type = 'text/html; charset=utf-8';
      return { status: 200, type, headers: { ...headers, ...ofPage(timelineAccess.origins) }, body: timelinePage() };
    }
    const { refusal } = trace;
    if (refusal !== undefined) return { status: 503, type: text, headers, body: `${refusal}\n` };
    return { status: 200, type: 'text/event-stream', headers, body: (reader) => trace.open(reader) };
  }
}

function healthOf(problem: string | undefined): EndpointAnswer {
  return problem === undefined
    ? { status: 200, type: text, body: 'ok\n' }
    : { status: 503, type: text, body: `${problem}\n` };
}

/** The page has its scripts and styles in itself, fetches nothing, and reads the traces of nodes alone. */
function ofPage(origins: readonly string[]): Record<string, string> {
  const nodes = ["'self'", 'http://127.0.0.1:*', 'http://localhost:*', ...origins].join(' ');
  const policy = [
    "default-src 'none'",
    "script-src 'unsafe-inline'",
    "style-src 'unsafe-inline'",
    'img-src data: blob:',
    `connect-src ${nodes}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  };
}
