/**
 * What decorated methods leave behind, by shape alone: this package imports none of the others, and a package that is loaded
 * twice still hangs on the same two symbols.
 */
const REGISTRY = Symbol.for('granary.registry')
const METHOD = Symbol.for('granary.method')

/** One decorator on one method. */
export interface MethodNode {
  /** `cached`, `cache-put`, `invalidates`, `rate-limited`, … */
  readonly kind: string
  /** The name given to the decorator; `Class.method` for kinds without one. */
  readonly name: string
  readonly className: string | undefined
  readonly methodName: string
  /** The decorator's options as they were written. */
  readonly options: object
}

/** One run of an undecorated body. */
export interface BodyRun {
  readonly name: string
  /** The entry's key, secrets digested; undefined when the call has none, as a batch. */
  readonly key?: string | undefined
}

/** What a decorated function carries under `Symbol.for('granary.method')`. */
export interface MethodRecord {
  /** One node for each decorator on the method. */
  readonly nodes: readonly MethodNode[]
  /** Calls `listener` each time the undecorated body runs, until the returned function is called. */
  onLoad(listener: (run: BodyRun) => void): () => void
}

/** The record of a decorated function; undefined for every other value. */
export function recordOf(method: unknown): MethodRecord | undefined {
  if (typeof method !== 'function') return undefined
  const record: unknown = Reflect.get(method, METHOD)
  return isRecord(record) ? record : undefined
}

/** Every decorator of this process, as far as the classes that carry them have been loaded. */
export function registeredNodes(): readonly MethodNode[] {
  const registry: unknown = Reflect.get(globalThis, REGISTRY)
  if (typeof registry !== 'object' || registry === null || !('methods' in registry)) return []
  return registry.methods instanceof Map ? [...registry.methods.values()] : []
}

function isRecord(value: unknown): value is MethodRecord {
  return (
    typeof value === 'object' && value !== null && 'nodes' in value && Array.isArray(value.nodes) && 'onLoad' in value
  )
}
