/**
 * One node of Commitlog: the parts composed into a running server.
 *
 * @packageDocumentation
 */
export { Agent, type AgentComponents, type HttpListener } from './agent.js';
export type { ClusterNode } from './cluster-node.js';
export {
  ConfigurationError,
  type ConfigurationProblem,
  type ConfigurationSources,
  type ResolvedConfiguration,
  resolveConfiguration,
  type ShownSetting,
} from './configuration/configuration.js';
export { type CommandSurroundings, readConfiguration } from './configuration/read-configuration.js';
export type { Configuration, Setting, SettingPath } from './configuration/settings.js';
export { AgentError, type AgentErrorCode } from './errors.js';
export { type AgentSettings, type CreateAgentOptions, createAgent } from './node/create-agent.js';
export { createTestCluster, type TestCluster, type TestClusterInit } from './node/test-cluster.js';
export type { EndpointAnswer, EndpointRequest } from './observability/endpoints.js';
export type { Logger } from './observability/logger.js';
export { GossipExchanges, type GossipExchangesComponents } from './peers/gossip-exchanges.js';
export { GrpcTransport, type GrpcTransportComponents, type GrpcTransportInit } from './peers/raft-transport.js';
export { preflight } from './preflight.js';
export { type ClusterServer, LogService, type LogServiceComponents } from './service/log-service.js';
