const pathOf = (name: string): string => decodeURIComponent(new URL(`../policies/${name}`, import.meta.url).pathname);

/** Path of the Casbin model that comes with this package: prefix patterns, roles, denials that win. */
export const defaultModelPath: string = pathOf('model.conf');

/** Path of a policy for that model, to copy and to change: it gives `root` everything and nobody else anything. */
export const defaultPolicyPath: string = pathOf('policy.csv');
