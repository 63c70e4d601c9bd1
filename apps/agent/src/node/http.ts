import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AgentComponents } from '../agent.js';

/** A scrape takes milliseconds: whoever takes longer to ask, or to read, is cut off. */
const requestMsMax = 5000;

/** Plain HTTP/1.1 by Node: no body is read, and nobody keeps a connection for long. */
export const serveHttp: AgentComponents['serveHttp'] = async ({ host, port }, answer) => {
  const server = createServer({ requestTimeout: requestMsMax, headersTimeout: requestMsMax }, (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    answer(request.method ?? '', path).then(
      ({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
        response.end(request.method === 'HEAD' ? undefined : body);
      },
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
