/**
 * Who may: identities from certificates, mutual TLS for gRPC servers, access control by Casbin, and a small PKI.
 *
 * @packageDocumentation
 */
export {
  AccessControl,
  type AccessControlComponents,
  type AccessControlSettings,
  openAccessControl,
} from './acl/access-control.js';
export type { Decision } from './acl/policy.js';
export { type Audit, type AuditEvent, type AuditRecord, AuditTrail, type AuditTrailSettings } from './audit.js';
export {
  type Authentication,
  Authenticator,
  type AuthenticatorSettings,
  type PresentedCertificate,
} from './authenticator.js';
export { defaultModelPath, defaultPolicyPath } from './default-files.js';
export { AuthError, type AuthErrorCode } from './errors.js';
export {
  Authority,
  type AuthorityComponents,
  createAuthority,
  type Issued,
  type IssuedBefore,
  openAuthority,
  saveIssued,
} from './pki/authority.js';
export type { WebCrypto } from './pki/keys.js';
export type { Identity } from './pki/profile.js';
export { type Principal, subjectOf } from './principal.js';
export type { CredentialPaths } from './tls/credential-files.js';
export type { PresentedChain } from './tls/peer.js';
export {
  openServerTls,
  ServerTls,
  type ServerTlsComponents,
  type ServerTlsSettings,
  type ServerTlsStatus,
} from './tls/server-tls.js';
