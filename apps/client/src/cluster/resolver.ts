import { experimental } from '@commitlog/api';
import { balancingName, type CallRole, registerBalancer, roleKey } from './balancer.js';
import type { Directory } from './directory.js';

/** Targets of channels: `commitlog:<number>`, of a directory that is kept here while it is used. */
const scheme = 'commitlog';
const directories = new Map<string, Directory>();
let directoriesMade = 0;
let isRegistered = false;

/** Whom each method is for; those that are not here are for anybody. */
const roles: Readonly<Record<string, CallRole>> = {
  '/log.v1.Log/Append': 'leader',
  '/log.v1.Log/OpenProducer': 'leader',
  '/log.v1.Log/Read': 'reader',
};

const selector: experimental.ConfigSelector = {
  invoke: (method) => ({
    methodConfig: { name: [] },
    pickInformation: { [roleKey]: roles[method] ?? 'any' },
    status: 0,
    dynamicFilterFactories: [],
  }),
  unref() {},
};

/**
 * Makes channels find servers by a directory.
 *
 * @returns the target for a channel, and what forgets it
 */
export function serveDirectory(directory: Directory): { readonly target: string; readonly forget: () => void } {
  if (!isRegistered) {
    isRegistered = true;
    registerBalancer();
    experimental.registerResolver(scheme, DirectoryResolver);
  }
  directoriesMade += 1;
  const name = `${directoriesMade}`;
  directories.set(name, directory);
  return { target: `${scheme}:${name}`, forget: () => directories.delete(name) };
}

/** Tells a channel what a directory knows, and the directory when the channel wants to know more. */
class DirectoryResolver implements experimental.Resolver {
  readonly #directory: Directory | undefined;
  readonly #listener: experimental.ResolverListener;
  #unwatch: (() => void) | undefined;

  constructor({ path }: experimental.GrpcUri, listener: experimental.ResolverListener) {
    this.#directory = directories.get(path);
    this.#listener = listener;
  }

  updateResolution(): void {
    const directory = this.#directory;
    if (directory === undefined) return;
    const isFirst = this.#unwatch === undefined;
    this.#unwatch ??= directory.onChange(() => this.#tell());
    // The channel must have returned from this call before it is told.
    queueMicrotask(() => this.#tell());
    if (!isFirst) void directory.refresh();
  }

  destroy(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  static getDefaultAuthority(): string {
    return scheme;
  }

  #tell(): void {
    if (this.#unwatch === undefined) return;
    const { addresses, leader, servers } = this.#directory!;
    const balancing = { leader, servers: servers.map(({ address }) => address) };
    this.#listener(
      experimental.statusOrFromValue(addresses.map(endpointOf)),
      { [experimental.CHANNEL_ARGS_CONFIG_SELECTOR_KEY]: selector },
      experimental.statusOrFromValue({ loadBalancingConfig: [{ [balancingName]: balancing }], methodConfig: [] }),
      '',
    );
  }
}

function endpointOf(address: string): experimental.Endpoint {
  const { host, port = 0 } = experimental.splitHostPort(address)!;
  return { addresses: [{ host, port }] };
}
