export {
  ConfigurationError,
  type ConfigurationProblem,
  type ConfigurationSources,
  type ResolvedConfiguration,
  resolveConfiguration,
  type ShownSetting,
} from './configuration/configuration.js';
export type { Configuration, Setting, SettingPath } from './configuration/settings.js';
export { GossipExchanges, type GossipExchangesComponents } from './peers/gossip-exchanges.js';
export { GrpcTransport, type GrpcTransportComponents, type GrpcTransportInit } from './peers/raft-transport.js';
export { type ClusterServer, LogService, type LogServiceComponents } from './service/log-service.js';
