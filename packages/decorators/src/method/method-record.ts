import type { AsyncMethod } from './fit.ts'
import type { MethodNode } from './method-node.ts'

const METHOD = Symbol.for('granary.method')

/** Told each time the undecorated method runs. `key` is the entry key (secrets digested) when the method is cached. */
export interface BodyRun {
  readonly name: string
  readonly key?: string
}

/** What a decorated function carries under `Symbol.for('granary.method')`. Decorators stacked on one method share it. */
export interface MethodRecord {
  /** One node per decorator, the innermost first. */
  readonly nodes: MethodNode[]
  /** Calls `listener` each time the undecorated method runs; returns what stops that. */
  onLoad(listener: (run: BodyRun) => void): () => void
}

/** The record with what only decorators use. */
export class OwnRecord implements MethodRecord {
  readonly nodes: MethodNode[] = []
  /** The undecorated method, with listeners told first. */
  readonly body: AsyncMethod
  readonly #listeners = new Set<(run: BodyRun) => void>()

  constructor(method: AsyncMethod) {
    const listeners = this.#listeners
    const record = this
    this.body = function (this: unknown, ...args) {
      if (listeners.size > 0) record.#tell(this, args)
      return method.apply(this, args)
    }
  }

  onLoad(listener: (run: BodyRun) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(self: unknown, args: readonly unknown[]): void {
    const cached = this.nodes.find((node) => node.entries !== undefined)
    const name = (cached ?? (this.nodes[0] as MethodNode)).name
    const key = cached === undefined ? undefined : keyOf(cached, self, args)
    for (const listener of this.#listeners) listener(key === undefined ? { name } : { name, key })
  }
}

/** The record of a decorated function; undefined for any other. */
export function recordOf(method: unknown): MethodRecord | undefined {
  return typeof method === 'function' ? (method as { [METHOD]?: MethodRecord })[METHOD] : undefined
}

/** Puts the record on a function that decorators made. */
export function attachRecord(method: object, record: MethodRecord): void {
  Object.defineProperty(method, METHOD, { value: record, configurable: true })
}

/** The key of the one entry that the call reads; undefined for a batch, and for arguments that have no key. */
function keyOf({ entries }: MethodNode, self: unknown, args: readonly unknown[]): string | undefined {
  try {
    const [only, ...others] = entries?.split(args) ?? []
    if (only === undefined || others.length > 0) return undefined
    const reached = entries?.reach(self)
    return reached?.named.keyOf(only, reached.self)
  } catch {
    return undefined
  }
}
