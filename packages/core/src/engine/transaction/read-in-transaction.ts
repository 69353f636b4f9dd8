import { Flight } from '../../flight/flight.ts'
import type { Transaction } from '../../invalidation/transaction.ts'
import { harvest } from '../commit.ts'
import type { Answer } from '../get-or-set.ts'
import type { Landing } from '../landing.ts'
import { load, refuseRecursion } from '../load/load.ts'
import { look } from '../look.ts'
import { checkBatch, type LoadMany } from '../many.ts'
import type { Operation } from '../operation.ts'

/**
 * Reads inside a transaction. What the tiers hold was committed and may be served, unless the transaction has invalidated it:
 * then the truth is what its own connection sees. A load inside a transaction may see uncommitted rows, so it is its caller's
 * alone: not stored, not shared, and nobody else's load is joined.
 */
export async function readInTransaction(op: Operation, transaction: Transaction): Promise<Answer> {
  const landing = (await lookInTransaction(op, transaction)) ?? (await loadAside(op))
  return { landing, joined: false }
}

/** What a tier holds, if this transaction may have it. */
export async function lookInTransaction(op: Operation, transaction: Transaction): Promise<Landing | undefined> {
  if (transaction.touches(op.key, op.state.members)) return undefined
  const landing = await look(op)
  if (landing === undefined || transaction.touches(op.key, [...op.state.members, ...landing.tags])) return undefined
  return landing
}

/** Many reads inside a transaction, with one load of what is missing. */
export async function readManyInTransaction(
  ops: readonly Operation[],
  transaction: Transaction,
  loadMany: LoadMany,
): Promise<Answer[]> {
  const landings = await Promise.all(ops.map((op) => lookInTransaction(op, transaction)))
  const missing = ops.filter((_, at) => landings[at] === undefined)
  const [first] = missing
  const loaded = first === undefined ? [] : await loadAllAside(first, missing, loadMany)
  const rest = loaded.values()
  return landings.map((landing) => ({ landing: landing ?? (rest.next().value as Landing), joined: false }))
}

async function loadAllAside(first: Operation, missing: readonly Operation[], loadMany: LoadMany): Promise<Landing[]> {
  const loader = async () =>
    checkBatch(first.policy.name, missing.length, await loadMany(missing.map(({ args }) => args)))
  const loaded = await run({ ...first, loader })
  const values = loaded.value as readonly unknown[]
  return missing.map((op, at) => harvest(op, { ...loaded, value: values[at] }, loaded.born).landing)
}

async function loadAside(op: Operation): Promise<Landing> {
  const loaded = await run(op)
  return harvest(op, loaded, loaded.born).landing
}

async function run(op: Operation) {
  refuseRecursion(op.key, undefined)
  const { clock, fences } = op.engine
  const born = fences.events
  const flight = new Flight(op.key, op.state.segment, clock.now())
  return { ...(await load(op, { flight, reason: 'miss', stale: undefined })), born }
}
