import type { Metrics } from './metrics.js';

/** What is answered to a request over plain HTTP. */
export interface EndpointAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface EndpointsComponents {
  readonly metrics: Pick<Metrics, 'registry'>;
  /** Why this node does not serve; `undefined` while it does. It is not asked how far behind others it is. */
  readonly notReady: () => string | undefined;
  /** Why this process has to be started anew; `undefined` unless it must. */
  readonly notAlive: () => string | undefined;
  readonly build: Readonly<Record<string, string>>;
}

const text = 'text/plain; charset=utf-8';

/** Health, metrics and build information, for whoever watches the process. */
export class Endpoints {
  readonly #with: EndpointsComponents;

  constructor(components: EndpointsComponents) {
    this.#with = components;
  }

  async answer(method: string, path: string): Promise<EndpointAnswer> {
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, type: text, body: 'expected GET or HEAD\n' };
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
      default:
        return { status: 404, type: text, body: 'expected /livez, /readyz, /metrics or /buildz\n' };
    }
  }
}

function healthOf(problem: string | undefined): EndpointAnswer {
  return problem === undefined
    ? { status: 200, type: text, body: 'ok\n' }
    : { status: 503, type: text, body: `${problem}\n` };
}
