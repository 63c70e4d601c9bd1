import { Buffer } from 'node:buffer';
import { ApiError, connectivityState, experimental, Metadata, rpc, toStatus } from '@commitlog/api';

/** Whom a call is for: whoever leads; whoever can be read from; anybody. */
export type CallRole = 'leader' | 'reader' | 'any';

/** Where the config selector writes the role, and the picker reads it: a picker sees no method names. */
export const roleKey = 'commitlog-role';

/** The name under which grpc-js knows this way of balancing. */
export const balancingName = 'commitlog';

/**
 * How many calls of each role there were. It counts on from one picker to the next, so that each server has its turn; and each role by itself, since a reading that
 * tries again asks for the servers in between, and would come to the same one of two each time.
 */
type Turns = Map<CallRole, number>;

type LoadBalancer = experimental.LoadBalancer;
type Helper = experimental.ChannelControlHelper;
type Endpoint = experimental.Endpoint;
type Options = Parameters<LoadBalancer['updateAddressList']>[2];

/** What the resolver tells the balancer beside the addresses. */
class Balancing implements experimental.TypedLoadBalancingConfig {
  readonly leader: string | undefined;
  /** The servers that the cluster has; empty while that is not known. */
  readonly servers: readonly string[];

  constructor(leader: string | undefined, servers: readonly string[]) {
    this.leader = leader;
    this.servers = servers;
  }

  getLoadBalancerName(): string {
    return balancingName;
  }

  toJsonObject(): object {
    return { [balancingName]: { leader: this.leader, servers: this.servers } };
  }

  static createFromJson({ leader, servers = [] }: { leader?: string; servers?: readonly string[] }): Balancing {
    return new Balancing(leader, servers);
  }
}

/** Keeps a connection to each server, and sends each call where it belongs. A connection stays when others come or go. */
class ClusterBalancer implements LoadBalancer {
  readonly #helper: Helper;
  readonly #childHelper: Helper;
  #children = new Map<string, experimental.LeafLoadBalancer>();
  #balancing = new Balancing(undefined, []);
  #lastError: string | null = null;
  readonly #turns: Turns = new Map();
  #isUpdating = false;
  #wasReady = new Set<string>();

  constructor(helper: Helper) {
    this.#helper = helper;
    this.#childHelper = experimental.createChildChannelControlHelper(helper, {
      updateState: (_state, _picker, error) => {
        if (error !== null) this.#lastError = error;
        this.#update();
      },
    });
  }

  updateAddressList(
    endpoints: experimental.StatusOr<Endpoint[]>,
    balancing: experimental.TypedLoadBalancingConfig,
    options: Options,
    note: string,
  ): boolean {
    if (!(balancing instanceof Balancing) || !endpoints.ok) return false;
    this.#balancing = balancing;
    this.#isUpdating = true;
    const children = new Map<string, experimental.LeafLoadBalancer>();
    for (const endpoint of endpoints.value) {
      const address = addressOf(endpoint);
      let child = this.#children.get(address);
      if (child === undefined) {
        child = new experimental.LeafLoadBalancer(endpoint, this.#childHelper, optionsOf(endpoint, options), note);
        child.startConnecting();
      }
      children.set(address, child);
    }
    for (const [address, child] of this.#children) if (!children.has(address)) child.destroy();
    this.#children = children;
    this.#isUpdating = false;
    this.#update();
    return true;
  }

  exitIdle(): void {
    for (const child of this.#children.values()) child.exitIdle();
  }

  resetBackoff(): void {}

  destroy(): void {
    this.#isUpdating = true;
    for (const child of this.#children.values()) child.destroy();
    this.#children.clear();
  }

  getTypeName(): string {
    return balancingName;
  }

  #update(): void {
    if (this.#isUpdating) return;
    const ready = new Set<string>();
    let isConnecting = false;
    for (const [address, child] of this.#children) {
      const state = child.getConnectivityState();
      if (state === connectivityState.READY) ready.add(address);
      else if (state !== connectivityState.TRANSIENT_FAILURE) isConnecting = true;
    }
    const hasLost = [...this.#wasReady].some((address) => this.#children.has(address) && !ready.has(address));
    this.#wasReady = ready;
    const picker = new ClusterPicker(this.#children, this.#balancing, this.#turns, this.#lastError);
    const others = isConnecting ? connectivityState.CONNECTING : connectivityState.TRANSIENT_FAILURE;
    this.#helper.updateState(ready.size > 0 ? connectivityState.READY : others, picker, this.#lastError);
    // A server that went away may have led.
    if (hasLost) this.#helper.requestReresolution();
    // One whose connection ended is connected to again.
    for (const child of this.#children.values()) {
      if (child.getConnectivityState() === connectivityState.IDLE) child.exitIdle();
    }
  }
}

type Leaf = Pick<experimental.LeafLoadBalancer, 'getConnectivityState' | 'getPicker'>;

/** Appends go to the leader; reads to each follower in turn, and to the leader where there is none; the rest to each server in turn. */
export class ClusterPicker implements experimental.Picker {
  readonly #children: ReadonlyMap<string, Leaf>;
  readonly #balancing: Pick<Balancing, 'leader' | 'servers'>;
  readonly #turns: Turns;
  readonly #lastError: string | null;

  constructor(
    children: ReadonlyMap<string, Leaf>,
    balancing: Pick<Balancing, 'leader' | 'servers'>,
    turns: Turns,
    lastError: string | null,
  ) {
    this.#children = children;
    this.#balancing = balancing;
    this.#turns = turns;
    this.#lastError = lastError;
  }

  pick(args: experimental.PickArgs): experimental.PickResult {
    const { leader, servers } = this.#balancing;
    const role = (args.extraPickInfo[roleKey] ?? 'any') as CallRole;
    if (role === 'leader') return this.#pickLeader(args);
    if (role === 'reader') {
      const followers = servers.filter((address) => address !== leader && this.#isReady(address));
      if (followers.length > 0) return this.#pickOf(followers, role, args);
      if (leader !== undefined && this.#isReady(leader)) return this.#pickOf([leader], role, args);
    }
    return this.#pickOf(
      [...this.#children.keys()].filter((address) => this.#isReady(address)),
      role,
      args,
    );
  }

  #pickLeader(args: experimental.PickArgs): experimental.PickResult {
    const { leader } = this.#balancing;
    const child = leader === undefined ? undefined : this.#children.get(leader);
    if (child === undefined) return unavailable('no server has told who leads');
    if (child.getConnectivityState() === connectivityState.READY) return child.getPicker().pick(args);
    if (child.getConnectivityState() !== connectivityState.TRANSIENT_FAILURE) return queued;
    return unavailable(`the leader, ${leader}, cannot be reached: ${this.#lastError ?? 'no connection'}`);
  }

  #pickOf(addresses: readonly string[], role: CallRole, args: experimental.PickArgs): experimental.PickResult {
    const turn = this.#turns.get(role) ?? 0;
    this.#turns.set(role, (turn + 1) % 0x4000_0000);
    const address = addresses[turn % addresses.length];
    if (address !== undefined) return this.#children.get(address)!.getPicker().pick(args);
    const states = [...this.#children.values()].map((child) => child.getConnectivityState());
    if (states.some((state) => state !== connectivityState.TRANSIENT_FAILURE)) return queued;
    return unavailable(`no server can be reached: ${this.#lastError ?? 'no connection'}`);
  }

  #isReady(address: string): boolean {
    return this.#children.get(address)?.getConnectivityState() === connectivityState.READY;
  }
}

const nothing = { subchannel: null, onCallStarted: null, onCallEnded: null } as const;
/** Waits for the next picker. */
const queued: experimental.PickResult = {
  ...nothing,
  pickResultType: experimental.PickResultType.QUEUE,
  status: null,
};

/** Fails a call, in the words that a server would use: whoever made it knows that nothing has left. */
function unavailable(details: string): experimental.PickResult {
  const metadata = new Metadata();
  const status = rpc.Status.encode(toStatus(new ApiError('NO_LEADER', details))).finish();
  metadata.set('grpc-status-details-bin', Buffer.from(status));
  return {
    ...nothing,
    pickResultType: experimental.PickResultType.TRANSIENT_FAILURE,
    status: { code: 14, details, metadata },
  };
}

function addressOf({ addresses }: Endpoint): string {
  return experimental.subchannelAddressToString(addresses[0]!);
}

/** Each server proves the name that it is dialled by, not that of the cluster. */
function optionsOf({ addresses: [address] }: Endpoint, options: Options): Options {
  return address !== undefined && 'host' in address
    ? { ...options, 'grpc.ssl_target_name_override': address.host }
    : options;
}

/** Makes grpc-js know this way of balancing. */
export function registerBalancer(): void {
  experimental.registerLoadBalancerType(balancingName, ClusterBalancer, Balancing);
}
