import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AgentComponents } from '../agent.js';
import type { EndpointAnswer, EndpointRequest } from '../observability/endpoints.js';

/** A scrape takes milliseconds: whoever takes longer to ask, or to read, is cut off. */
const requestMsMax = 5000;
/** How often it is looked who that is. Node looks every 30 s unless told, and as many as are let in could keep everybody else out for so long. */
const lookMs = 1000;
const limits = { requestTimeout: requestMsMax, headersTimeout: requestMsMax, connectionsCheckingInterval: lookMs };

/** Plain HTTP/1.1 by Node: no body is read, and nobody keeps a connection for long but those who read a stream as it comes. */
export const serveHttp: AgentComponents['serveHttp'] = async ({ host, port }, answer) => {
  const server = createServer(limits, (request, response) => {
    answer(requestOf(request)).then(
      (answered) => respond(response, answered, request.method === 'HEAD'),
      () => {
        response.writeHead(500);
        response.end();
      },
    );
  });
  server.maxConnections = 64;
  server.setTimeout(2 * requestMsMax);
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

function requestOf({ method = '', url = '/', headers, socket }: IncomingMessage): EndpointRequest {
  const single = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join() : value]);
  const remoteAddress = socket.remoteAddress ?? '';
  return { method, path: url.split('?', 1)[0]!, headers: Object.fromEntries(single), remoteAddress };
}

function respond(response: ServerResponse, { status, type, headers, body }: EndpointAnswer, isHead: boolean): void {
  const head = { ...headers, 'content-type': type, 'x-content-type-options': 'nosniff' };
  if (typeof body === 'string') {
    response.writeHead(status, { ...head, 'content-length': Buffer.byteLength(body) });
    response.end(isHead ? undefined : body);
    return;
  }
  response.writeHead(status, head);
  if (isHead || response.destroyed) {
    response.end();
    return;
  }
  response.flushHeaders();
  const gone = body({
    get isBehind() {
      return response.writableLength > 0;
    },
    write: (text) => void response.write(text),
    end: () => void response.end(),
  });
  response.once('close', gone);
}
