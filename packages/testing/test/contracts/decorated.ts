// Decorated methods made by hand: the least that has the shape which the assertions read.
import type { BodyRun, MethodNode } from '../../src/index.ts'

type Method = (...args: never[]) => Promise<unknown>

const METHOD = Symbol.for('granary.method')
const REGISTRY = Symbol.for('granary.registry')

export interface HandMade {
  readonly kind?: string
  readonly name?: string
  readonly className?: string
  readonly key?: (...args: never[]) => unknown
  readonly keeps?: (value: unknown) => boolean
  readonly tags?: readonly string[]
  readonly forgets?: (...args: never[]) => void
  readonly copies?: (value: unknown) => unknown
  readonly options?: object
}

interface Entry {
  readonly value: unknown
  readonly tags: readonly string[]
}

export const entries = new Map<string, Entry>()
export const nodes = new Map<string, MethodNode>()
Object.defineProperty(globalThis, REGISTRY, { value: { version: 1, methods: nodes }, configurable: true })

export function forgetTag(tag: string): void {
  for (const [key, entry] of entries) if (entry.tags.includes(tag)) entries.delete(key)
}

/** Replaces a method by one that caches or invalidates as `made` says. */
export function decorate(owner: object, methodName: string, made: HandMade = {}): void {
  const { kind = 'cached', name = methodName, key = (...args: never[]) => args } = made
  const className = made.className ?? (typeof owner === 'function' ? owner.name : owner.constructor.name)
  const body = Reflect.get(owner, methodName) as Method
  const node: MethodNode = { kind, name, className, methodName, options: made.options ?? {} }
  const listeners = new Set<(run: BodyRun) => void>()
  const onLoad = (listener: (run: BodyRun) => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const run = (self: unknown, args: never[], entry?: string) => {
    for (const listener of listeners) listener({ name, key: entry })
    return Reflect.apply(body, self, args)
  }
  const { keeps = () => true, tags = [], forgets, copies = (value: unknown) => value } = made
  const reading = async function (this: unknown, ...args: never[]) {
    const entry = `${name}:${JSON.stringify(key(...args))}`
    const known = entries.get(entry)
    if (known !== undefined) return copies(known.value)
    const value = await run(this, args, entry)
    if (keeps(value)) entries.set(entry, { value, tags })
    return value
  }
  const writing = async function (this: unknown, ...args: never[]) {
    const value = await run(this, args)
    forgets?.(...args)
    return value
  }
  const decorated = kind === 'cached' ? reading : writing
  Object.defineProperty(decorated, METHOD, { value: { nodes: [node], onLoad } })
  Object.defineProperty(owner, methodName, { value: decorated, configurable: true, writable: true })
  nodes.set(name, node)
}
