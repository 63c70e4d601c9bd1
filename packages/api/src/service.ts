import { BinaryReader, type BinaryWriter } from '@bufbuild/protobuf/wire';

/** Messages to bytes and back, as ts-proto generates it. */
export interface Codec<T> {
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  decode(input: BinaryReader): T;
  fromPartial(object: object): T;
}

/** One method of a service, as ts-proto generates it. */
export interface MethodDefinition {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: codecs of all messages, each of which takes only its own
  readonly requestType: Codec<any>;
  readonly requestStream: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly responseType: Codec<any>;
  readonly responseStream: boolean;
  readonly options: { readonly _unknownFields?: Readonly<Record<number, readonly Uint8Array[]>> };
}

/** A service, as ts-proto generates it. */
export interface ServiceDefinition {
  /** With its package: `log.v1.Log`. */
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

/** What a method takes. */
export type RequestOf<M extends MethodDefinition> = ReturnType<M['requestType']['decode']>;
/** What a method gives. */
export type ResponseOf<M extends MethodDefinition> = ReturnType<M['responseType']['decode']>;

/** Who may call a method, as its `.proto` declares it. */
export type Requirement =
  /** Whoever has proved an identity. */
  | { readonly kind: 'authenticated' }
  /** Nodes of this cluster only. */
  | { readonly kind: 'node' }
  /** Whoever is granted the action for the log that a request names; for `*` where requests name none. */
  | { readonly kind: 'granted'; readonly action: string; readonly namesLog: boolean };

/** The field number of `commitlog.options.v1.permission`, and a length-delimited field's tag of it. */
export const permissionField = 50911;
const permissionTag = (permissionField << 3) | 2;

/** The permission that a method declares; `undefined` for none. */
export function permissionOf(method: MethodDefinition): string | undefined {
  const bytes = method.options._unknownFields?.[permissionTag]?.at(-1);
  return bytes === undefined ? undefined : new BinaryReader(bytes).string() || undefined;
}

/** `/log.v1.Log/Produce`: how a method is called on the wire. */
export function pathOf(service: ServiceDefinition, method: MethodDefinition): string {
  return `/${service.fullName}/${method.name}`;
}

/** @throws TypeError when the method declares no permission: nobody could say who may call it */
export function requirementOf(service: ServiceDefinition, method: MethodDefinition): Requirement {
  const permission = permissionOf(method);
  if (permission === undefined) {
    throw new TypeError(
      `${pathOf(service, method)} declares no permission: add the option commitlog.options.v1.permission`,
    );
  }
  if (permission === 'authenticated' || permission === 'node') return { kind: permission };
  return { kind: 'granted', action: permission, namesLog: 'log' in method.requestType.fromPartial({}) };
}
