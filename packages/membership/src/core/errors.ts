/** What went wrong, for programs. The message says it for people, with what to do. */
export type MembershipErrorCode =
  /** A setting is outside its range, or two contradict each other. */
  | 'ERR_MEMBERSHIP_SETTINGS'
  /** Tags that are too long, or of a type that cannot be sent. */
  | 'ERR_MEMBERSHIP_TAGS'
  /** A key that is no key, or one that the keyring cannot do without. */
  | 'ERR_MEMBERSHIP_KEY'
  /** Without a keyring, an address beyond this machine. */
  | 'ERR_MEMBERSHIP_UNSEALED'
  /** None of the addresses to join by answered. */
  | 'ERR_MEMBERSHIP_JOIN'
  /** What was saved cannot be read. */
  | 'ERR_MEMBERSHIP_SAVED'
  /** A stream broke off, or the other end is none of ours. */
  | 'ERR_MEMBERSHIP_STREAM'
  /** Not started yet, or stopped already. */
  | 'ERR_MEMBERSHIP_STOPPED';

/** Every error of this package. */
export class MembershipError extends Error {
  readonly code: MembershipErrorCode;

  constructor(code: MembershipErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MembershipError';
    this.code = code;
  }
}
