import { isDeepStrictEqual } from 'node:util'
import { InvalidTestOption } from '../errors.ts'
import { ContractViolated, READING, requireDecorated } from './decoration.ts'
import { type ArgumentsOf, type CallResult, type MethodNames, PlannedCall } from './planned-call.ts'
import type { MethodRecord } from './registry.ts'

/** How {@link expectCached} puts a planned call to the proof. */
export interface CachedProofOptions {
  /** How often to make the call, at least 2; default 2. */
  readonly calls?: number
  /** Calls of the same method that must *not* share the entry: each must run the body itself. Default none. */
  readonly apart?: readonly PlannedCall[]
}

/** How {@link expectCached} puts a method to the proof. */
export interface ExpectCachedOptions<A extends readonly unknown[] = readonly unknown[]> {
  /** The arguments of every call. The entry must not be in the cache yet. */
  readonly args: A
  /** How often to make the call, at least 2; default 2. */
  readonly calls?: number
  /** Arguments that must *not* share the entry: each must run the body itself. Default none. */
  readonly apart?: readonly A[]
}

/** What was seen when a method proved to be cached. */
export interface CachedProof {
  /** What the last call resolved to: a value from the cache. */
  readonly value: unknown
  /** The key of the entry, secrets digested; undefined for a batch. */
  readonly key: string | undefined
}

/**
 * Proves that a method is cached: really calls it, and fails unless the first call ran the undecorated body and every later
 * one did not, and all resolved to equal values. `apart` proves in the same way that other arguments have entries of their own.
 *
 * ```ts
 * await expectCached(auth, 'userByKey', { args: ['key-1'] })
 * await expectCached(auth, 'userByKey', { args: ['key-1'], calls: 5, apart: [['key-2']] })
 * await expectCached(calling(auth).userByKey('key-1'))
 * ```
 *
 * @throws {@link ContractViolated} whose message says what was seen and where to look
 */
export function expectCached<S extends object, N extends MethodNames<S>>(
  service: S,
  method: N,
  options: ExpectCachedOptions<ArgumentsOf<S[N]>>,
): Promise<CachedProof>
export function expectCached(call: PlannedCall, options?: CachedProofOptions): Promise<CachedProof>
export async function expectCached(
  target: object,
  second?: string | CachedProofOptions,
  third?: ExpectCachedOptions,
): Promise<CachedProof> {
  if (target instanceof PlannedCall) return prove(target, (second ?? {}) as CachedProofOptions)
  const plan = (args: readonly unknown[]) => new PlannedCall(target, second as string, args)
  const { args, calls = 2, apart = [] } = third as ExpectCachedOptions
  return prove(plan(args), { calls, apart: apart.map(plan) })
}

async function prove(call: PlannedCall, { calls = 2, apart = [] }: CachedProofOptions): Promise<CachedProof> {
  if (!Number.isSafeInteger(calls) || calls < 2)
    throw new InvalidTestOption('calls', calls, 'give a whole number from 2')
  const record = requireDecorated(call, READING)
  const first = await attempt(call)
  if (first.runs.length === 0) throw warm(call)
  let last = first
  for (let round = 2; round <= calls; round++) {
    last = await attempt(call)
    if (last.runs.length > 0) throw notCached(call, record, { first, again: last, round })
    if (!isDeepStrictEqual(last.value, first.value)) throw unequal(call, round)
  }
  const key = first.runs[0]?.key
  for (const other of apart) await proveApart(call, other, key)
  return { value: last.value, key }
}

async function proveApart(call: PlannedCall, other: PlannedCall, key: string | undefined): Promise<void> {
  const { runs } = await attempt(other)
  if (runs.length > 0 && (key === undefined || runs.every((run) => run.key !== key))) return
  throw new ContractViolated(
    `${other} was answered with the entry of ${call}${key === undefined ? '' : ` (${key})`}. ` +
      'Do `key` and `ignore` leave out an argument that changes the answer? (Or was it called before in this test?)',
  )
}

async function attempt(call: PlannedCall): Promise<CallResult> {
  try {
    return await call.make()
  } catch (error) {
    throw new ContractViolated(`${call} rejected, and a rejected load is never cached: ${String(error)}`, error)
  }
}

function warm(call: PlannedCall): ContractViolated {
  return new ContractViolated(
    `${call} was answered without running its body at the first call, so nothing can be proven: it is in the cache already. ` +
      'Use arguments that no earlier test used, or clear the cache before.',
  )
}

function unequal(call: PlannedCall, round: number): ContractViolated {
  return new ContractViolated(
    `${call} resolved to another value at call ${round}, from the cache, than at call 1, from its body. ` +
      'Did something change the cached object, or does it hold what does not survive storing?',
  )
}

interface Repetition {
  readonly first: CallResult
  readonly again: CallResult
  readonly round: number
}

function notCached(call: PlannedCall, record: MethodRecord, { first, again, round }: Repetition): ContractViolated {
  const seen = `${call} is decorated with @Cached, yet its body ran again at call ${round}.`
  const [one, other] = [first.runs[0]?.key, again.runs[0]?.key]
  if (one !== other) {
    const why = 'Does an argument differ each time (a date, a random id), or its `key` function?'
    return new ContractViolated(`${seen} The calls had different keys: ${one}, then ${other}. ${why}`)
  }
  return new ContractViolated([seen, ...suspicions(record, first.value)].join(' '))
}

function suspicions(record: MethodRecord, value: unknown): string[] {
  const options = record.nodes.find(({ kind }) => READING.includes(kind))?.options ?? {}
  const found: string[] = []
  const disabled = process.env['GRANARY_DISABLED']
  if (disabled !== undefined && disabled !== '') found.push(`GRANARY_DISABLED is set to '${disabled}'.`)
  if ((value === null || value === undefined) && !('negativeTtl' in options))
    found.push(`It resolved to ${value} and has no \`negativeTtl\`.`)
  if ('condition' in options) found.push('Did its `condition` refuse these arguments?')
  if ('shouldCache' in options) found.push('Did its `shouldCache` refuse this value?')
  if (found.length > 0) return found
  return [
    'Is its cache enabled, is the `ttl` longer than this test, and can the value be stored (see the `value-refused` events)?',
  ]
}
