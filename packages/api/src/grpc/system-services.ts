import type { Server, ServerDuplexStream, ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { fileDescriptors } from '../descriptors.js';

type AddService = Server['addService'];
type Served = Parameters<AddService>;

/** Health by the standard protocol (grpc/grpc, doc/health-checking.md). Not serving until somebody says so. */
export class Health {
  readonly #implementation: HealthImplementation;
  readonly #known: ReadonlySet<string>;
  #isServing = false;

  /** @param services full names; the empty one, the server as a whole, is always known */
  constructor(services: readonly string[]) {
    this.#known = new Set(['', ...services]);
    this.#implementation = new HealthImplementation(
      Object.fromEntries([...this.#known].map((service) => [service, 'NOT_SERVING' as const])),
    );
  }

  /** Tells everybody who asks, and, if it changes, who watches. */
  set(isServing: boolean): void {
    if (isServing === this.#isServing) return;
    this.#isServing = isServing;
    for (const service of this.#known) this.#implementation.setStatus(service, isServing ? 'SERVING' : 'NOT_SERVING');
  }

  addTo(add: AddService): void {
    this.#implementation.addToServer({ addService: (...served: Served) => add(...this.#bounded(served)) } as Server);
  }

  /** The library keeps an entry for every name that somebody ever watched: those that are unknown, and stay so, never reach it. */
  #bounded([definition, handlers]: Served): Served {
    const watch = handlers.watch as (call: ServerWritableStream<{ service: string }, object>) => void;
    const bounded: UntypedServiceImplementation = {
      ...handlers,
      watch: (call: Parameters<typeof watch>[0]) => {
        if (this.#known.has(call.request.service)) watch(call);
        else call.write({ status: 'SERVICE_UNKNOWN' });
      },
    };
    return [definition, bounded];
  }
}

/** Reflection, as grpcurl asks for it: both versions of the protocol, for all of our services and those in `others`. */
export function addReflection(others: readonly Served[0][], add: AddService): void {
  const files = [...fileDescriptors(), ...others.flatMap(descriptorsOf)];
  // What the library takes from proto-loader is but this.
  const root = { files: { format: 'files', type: {}, fileDescriptorProtos: files } };
  const service = new ReflectionService(root as unknown as ConstructorParameters<typeof ReflectionService>[0]);
  service.addToServer({ addService: (definition, handlers) => add(definition, inStep(handlers)) });
}

/** The library writes answers without looking at whether anybody takes them: no more questions until somebody does. */
function inStep(handlers: UntypedServiceImplementation): UntypedServiceImplementation {
  const answer = handlers.ServerReflectionInfo as (call: ServerDuplexStream<object, object>) => void;
  return {
    ServerReflectionInfo: (call: Parameters<typeof answer>[0]) => {
      const write = call.write.bind(call);
      call.write = ((message: object) => {
        const hasRoom = write(message);
        if (!hasRoom && !call.isPaused()) {
          call.pause();
          call.once('drain', () => call.resume());
        }
        return hasRoom;
      }) as typeof call.write;
      call.on('error', () => {});
      answer(call);
    },
  };
}

/** The files that a service of proto-loader comes from. */
function descriptorsOf(definition: Served[0]): Buffer[] {
  return Object.values(definition).flatMap((method) => {
    const { requestType, responseType } = method as unknown as Record<string, { fileDescriptorProtos?: Buffer[] }>;
    return [requestType, responseType].flatMap((type) => type?.fileDescriptorProtos ?? []);
  });
}
