import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP, isIPv6 } from 'node:net';
import type { Datagrams } from '../network.js';

/** UDP over IPv4, or over IPv6 where the local address is one. */
export const nodeDatagrams: Datagrams = {
  async bind(local, receive) {
    const socket = createSocket(isIPv6(local.host) ? 'udp6' : 'udp4');
    socket.on('message', (packet, { address, port }) => {
      if (isPort(port)) receive(packet, { host: address, port });
    });
    try {
      socket.bind(local.port, local.host);
      await once(socket, 'listening');
    } catch (error) {
      socket.close();
      throw error;
    }
    // After binding, an error concerns one packet (an ICMP answer, a full buffer): to the protocol above that packet is lost.
    socket.on('error', () => {});
    const { address, port } = socket.address();
    let closing: Promise<void> | undefined;
    return {
      local: { host: address, port },
      send(packet, to) {
        if (closing !== undefined || !isPort(to.port)) return;
        try {
          // A name is looked up first, and that takes longer than the packet is ours.
          socket.send(isIP(to.host) === 0 ? Uint8Array.from(packet) : packet, to.port, to.host);
        } catch {
          // Where to send often comes out of a packet, and nobody's packet may end the process: this one is lost.
        }
      },
      close() {
        closing ??= new Promise((done) => socket.close(done));
        return closing;
      },
    };
  },
};

/** Port 0 stands for none: no packet can be sent there (RFC 768, which lets a sender that wants no answer give it as its own). */
function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}
