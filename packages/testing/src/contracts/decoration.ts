import { TestingError } from '../errors.ts'
import type { PlannedCall } from './planned-call.ts'
import { type MethodNode, type MethodRecord, recordOf, registeredNodes } from './registry.ts'

/** A contract assertion does not hold. The message says what was seen and what to look at. */
export class ContractViolated extends TestingError {
  constructor(message: string, cause?: unknown) {
    super('CONTRACT_VIOLATED', message, cause)
  }
}

const TITLES: Readonly<Record<string, string>> = {
  cached: '@Cached',
  'cache-put': '@CachePut',
  put: '@CachePut',
  invalidates: '@Invalidates',
  'rate-limited': '@RateLimited',
}

/** Kinds of decorators that a method may carry for it to be read from a cache. */
export const READING = ['cached', 'semantic']

/** Kinds of decorators that make a write be seen. */
export const WRITING = ['invalidates', 'cache-put', 'put']

/** The record of the method to be called, which must carry a decorator of one of these kinds; else throws {@link ContractViolated}. */
export function requireDecorated(call: PlannedCall, kinds: readonly string[]): MethodRecord {
  if (!call.exists) throw new ContractViolated(`${call.label} is not a method${suggestion(call)}`)
  const { record } = call
  const wanted = titleOf(kinds[0] as string)
  if (record === undefined)
    throw new ContractViolated(`${call.label} is not decorated with ${wanted}: ${whyBare(call)}`)
  if (record.nodes.some(({ kind }) => kinds.includes(kind))) return record
  const found = record.nodes.map(({ kind }) => titleOf(kind)).join(' and ')
  throw new ContractViolated(
    `${call.label} is decorated with ${found}, but not with ${wanted}: was that decorator lost in a merge?`,
  )
}

/** The decorator's name as it is written, `@Cached`. */
export function titleOf(kind: string): string {
  return TITLES[kind] ?? `@${kind}`
}

/** A decorated method that lost its decorators on the way is another mistake than one that never had any. */
function whyBare(call: PlannedCall): string {
  const hidden = decoratedBeneath(call)
  if (hidden !== undefined) {
    return `what is called hides the decorated method of ${hidden}. Was it overridden, bound or spied on?`
  }
  const known = registeredNodes().find((node) => sameMethod(node, call))
  if (known === undefined) return 'was the decorator lost in a merge?'
  return `a decorator named '${known.name}' was put on it, so something replaced the method afterwards. Was it wrapped, bound or spied on?`
}

/** The class further up whose own method of this name is decorated. */
function decoratedBeneath({ owner, methodName }: PlannedCall): string | undefined {
  for (let level = owner; level !== undefined && level !== null; level = Object.getPrototypeOf(level) as object) {
    const own = Object.getOwnPropertyDescriptor(level, methodName)
    if (own !== undefined && recordOf(own.value) !== undefined) {
      return typeof level === 'function' ? level.name : level.constructor.name
    }
  }
  return undefined
}

function sameMethod(node: MethodNode, { owner, methodName }: PlannedCall): boolean {
  if (owner === undefined || node.methodName !== methodName || node.className === undefined) return false
  for (let level: object | null = owner; level !== null; level = Object.getPrototypeOf(level) as object | null) {
    const name = typeof level === 'function' ? level.name : level.constructor?.name
    if (name === node.className) return true
  }
  return false
}

function suggestion({ owner, methodName }: PlannedCall): string {
  const names = new Set<string>()
  for (
    let level = owner ?? null;
    level !== null && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(level)) names.add(name)
  }
  names.delete('constructor')
  const close = [...names].find(
    (name) => name.toLowerCase() === methodName.toLowerCase() || areOneEditApart(name, methodName),
  )
  return close === undefined ? '.' : `; did you mean '${close}'?`
}

/** Whether one inserted, deleted, replaced or swapped character makes one word of the other. */
function areOneEditApart(one: string, other: string): boolean {
  let start = 0
  while (start < one.length && one[start] === other[start]) start++
  const [a, b] = [one.slice(start), other.slice(start)]
  const isSwap = a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2)
  return a.slice(1) === b || a === b.slice(1) || a.slice(1) === b.slice(1) || isSwap
}
