import { derElement, derElements, derTags } from '../der.js';
import type { X509Crl } from '../x509.js';

/**
 * Of which certificates a list speaks: its issuing distribution point (RFC 5280 §5.2.5) in hexadecimal digits, which is empty for all that its authority has issued.
 * An authority has a list for each, and numbers each for itself (§5.2.3).
 *
 * A place where the list is found is fine, and so are users' certificates alone: step-ca writes both. Other parts are refused, critical or not, since not every tool
 * says so: heeding half a list would be worse than saying so.
 *
 * @throws Error for a part that is refused, and for a critical extension that is not known
 */
export function scopeOf({ extensions, issuer }: X509Crl): string {
  const refuse = (what: string, todo: string): Error =>
    new Error(`the list of ${issuer} ${what}: a complete one is needed, ${todo}`);
  let scope = '';
  for (const [at, { type, critical, value }] of extensions.entries()) {
    if (extensions.findIndex((other) => other.type === type) !== at)
      throw refuse(`has the extension ${type} twice (RFC 5280 §4.2)`, 'have its authority write it anew');
    if (type === deltaIndicator)
      throw refuse(
        'says only what has changed since another (delta, RFC 5280 §5.2.4)',
        'take the one that its authority writes beside it',
      );
    if (type === issuingDistributionPoint) {
      const part = refusedPartOf(Buffer.from(value));
      if (part !== undefined)
        throw refuse(
          `is only a part: ${part} (issuing distribution point, RFC 5280 §5.2.5)`,
          'have its authority write one (it may name a distribution point, and onlyContainsUserCerts)',
        );
      scope = Buffer.from(value).toString('hex');
    } else if (critical) {
      throw refuse(`has the critical extension ${type}, which is not understood`, 'have its authority leave that out');
    }
  }
  return scope;
}

const deltaIndicator = '2.5.29.27';
const issuingDistributionPoint = '2.5.29.28';

/** Context tags of an issuing distribution point's parts. */
const allowedParts: ReadonlySet<number> = new Set([
  // distributionPoint
  0xa0,
  // onlyContainsUserCerts
  0x81,
]);
const refusedParts: Readonly<Record<number, string>> = {
  130: 'onlyContainsCACerts',
  131: 'onlySomeReasons',
  132: 'indirectCRL',
  133: 'onlyContainsAttributeCerts',
};

function refusedPartOf(der: Buffer): string | undefined {
  for (const { tag } of derElements(derElement(der, derTags.sequence).content))
    if (!allowedParts.has(tag)) return refusedParts[tag] ?? `a part of the type ${tag}, which is not known`;
  return undefined;
}
