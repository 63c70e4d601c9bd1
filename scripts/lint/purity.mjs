/**
 * What oxlint's own rules cannot say of pure code: `new Date()` and `Date()` read the clock, `new Date(ms)` does not.
 */
const message = 'This reads the clock. Use `wallMs` of a Clock of @commitlog/runtime.';

/**
 * @typedef {{ type: string, name?: string }} Callee
 * @typedef {{ callee: Callee, arguments: object[] }} Call
 * @typedef {{ report(problem: { node: Call, message: string }): void }} Context
 */

const isDate = (/** @type {Callee} */ callee) => callee.type === 'Identifier' && callee.name === 'Date';

export default {
  meta: { name: 'purity' },
  rules: {
    'no-clock-reading': {
      create: (/** @type {Context} */ context) => ({
        NewExpression(/** @type {Call} */ node) {
          if (isDate(node.callee) && node.arguments.length === 0) context.report({ node, message });
        },
        CallExpression(/** @type {Call} */ node) {
          if (isDate(node.callee)) context.report({ node, message });
        },
      }),
    },
  },
};
