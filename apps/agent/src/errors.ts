/** What keeps an agent from running, for programs. The message says it for people, with what to do. */
export type AgentErrorCode =
  /** `IDENTITY` cannot be read, or is missing beside a log. */
  | 'identity-damaged'
  /** The directory is that of another node, or of a node of another cluster. */
  | 'not-this-node'
  /** The directory is new, and nobody said whether to found a cluster or to join one. */
  | 'no-cluster'
  /** There is a cluster already where one was to be founded. */
  | 'bootstrap-refused'
  /** A setting does not go with what was found. */
  | 'settings'
  /** It was stopped while it was starting. */
  | 'stopped';

export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: AgentErrorCode;

  constructor(code: AgentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
