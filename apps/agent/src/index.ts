export { GrpcTransport, type GrpcTransportComponents, type GrpcTransportInit } from './peers/raft-transport.js';
