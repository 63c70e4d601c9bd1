import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP, isIPv6 } from 'node:net';
import type { Datagrams } from '../network.js';

/** UDP over IPv4, or over IPv6 where the local address is one. */
export const nodeDatagrams: Datagrams = {
  async bind(local, receive) {
    const socket = createSocket(isIPv6(local.host) ? 'udp6' : 'udp4');
    socket.on('message', (packet, from) => receive(packet, { host: from.address, port: from.port }));
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
        if (closing !== undefined) return;
        // A name is looked up first, and that takes longer than the packet is ours.
        socket.send(isIP(to.host) === 0 ? Uint8Array.from(packet) : packet, to.port, to.host);
      },
      close() {
        closing ??= new Promise((done) => socket.close(done));
        return closing;
      },
    };
  },
};
