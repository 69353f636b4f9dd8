import { setTimeout as wait } from 'node:timers/promises'
import { InvalidTestOption } from '../errors.ts'
import { ContractViolated, READING, requireDecorated, titleOf, WRITING } from './decoration.ts'
import { type CallResult, PlannedCall } from './planned-call.ts'

/** A write, and the reads that it must and must not touch. */
export interface ExpectInvalidatesOptions {
  /** The write: a planned call of a decorated method, whose decorator is then checked too, or any function. */
  readonly write: PlannedCall | (() => unknown)
  /** The reads that must run their bodies again after the write. */
  readonly reads: PlannedCall | readonly PlannedCall[]
  /** Reads that must still be answered from the cache after the write. Default none. */
  readonly spares?: PlannedCall | readonly PlannedCall[]
  /** For how many milliseconds after the write a read may still be answered from the cache, as on another node; default 0. */
  readonly within?: number
}

const POLL = 10

/**
 * Proves that a write invalidates reads: makes every read until it is answered from the cache, then the write, then every
 * read once more, and fails unless that last one ran its undecorated body. `spares` proves that the write does not
 * invalidate more than it should.
 *
 * ```ts
 * await expectInvalidates({
 *   write: calling(billing).addCredits(1, 10),
 *   reads: [calling(auth).userById(1), calling(plans).planOf(1)],
 *   spares: calling(auth).userById(2),
 * })
 * ```
 *
 * @throws {@link ContractViolated} whose message says what was seen and where to look
 */
export async function expectInvalidates(options: ExpectInvalidatesOptions): Promise<void> {
  const { write, within = 0 } = options
  const reads = listed(options.reads)
  const spares = listed(options.spares ?? [])
  if (reads.length === 0) throw new InvalidTestOption('reads', '[]', 'give at least one planned call')
  if (!(within >= 0)) throw new InvalidTestOption('within', within, 'give milliseconds from 0')
  for (const read of [...reads, ...spares]) {
    if (!(read instanceof PlannedCall))
      throw new InvalidTestOption('reads', read, 'plan it, as in calling(service).userById(1)')
    requireDecorated(read, READING)
  }
  if (write instanceof PlannedCall) requireDecorated(write, WRITING)
  for (const read of [...reads, ...spares]) await warmUp(read)
  await carryOut(write)
  const deadline = performance.now() + within
  for (const read of reads) await expectBodyToRun(read, write, deadline)
  for (const spare of spares) await expectSpared(spare, write)
}

async function warmUp(read: PlannedCall): Promise<void> {
  await attempt(read)
  const { runs } = await attempt(read)
  if (runs.length === 0) return
  throw new ContractViolated(
    `${read} is not cached before the write: two calls in a row both ran its body, so nothing can be invalidated. ` +
      'Prove that it is cached first, with expectCached.',
  )
}

async function carryOut(write: ExpectInvalidatesOptions['write']): Promise<void> {
  try {
    await (write instanceof PlannedCall ? write.make() : write())
  } catch (error) {
    throw new ContractViolated(
      `${nameOf(write)} rejected, and a write that fails invalidates nothing: ${String(error)}`,
      error,
    )
  }
}

async function expectBodyToRun(
  read: PlannedCall,
  write: ExpectInvalidatesOptions['write'],
  deadline: number,
): Promise<void> {
  for (;;) {
    const { runs } = await attempt(read)
    if (runs.length > 0) return
    if (performance.now() >= deadline) throw stillCached(read, write)
    await wait(POLL)
  }
}

async function expectSpared(spare: PlannedCall, write: ExpectInvalidatesOptions['write']): Promise<void> {
  const { runs } = await attempt(spare)
  if (runs.length === 0) return
  throw new ContractViolated(
    `${spare} ran its body again after ${nameOf(write)}, which should have spared it. ` +
      'Is a tag shared that should name one subject only, or a whole name or namespace cleared?',
  )
}

async function attempt(read: PlannedCall): Promise<CallResult> {
  try {
    return await read.make()
  } catch (error) {
    throw new ContractViolated(`${read} rejected, so it cannot be told whether it is cached: ${String(error)}`, error)
  }
}

function stillCached(read: PlannedCall, write: ExpectInvalidatesOptions['write']): ContractViolated {
  const decorators = [read, write].flatMap((call) => (call instanceof PlannedCall ? [call] : []))
  const tags = decorators.flatMap((call) => tagsOf(call)).join('; ')
  const advice =
    write instanceof PlannedCall
      ? 'Do the tags or entries of the write and the tags of the read meet for these arguments?'
      : 'Is what it calls decorated with @Invalidates, and do its tags meet the tags of the read?'
  return new ContractViolated(
    `${read} was still answered from the cache after ${nameOf(write)}. ${advice}${tags === '' ? '' : ` (${tags})`}`,
  )
}

/** The tags that are written down as a list; those that a function makes cannot be known here. */
function tagsOf(call: PlannedCall): string[] {
  return (call.record?.nodes ?? []).flatMap(({ kind, options }) => {
    const tags: unknown = Reflect.get(options, 'tags')
    return Array.isArray(tags) ? [`${titleOf(kind)} of ${call.label} has tags ${tags.join(', ')}`] : []
  })
}

function nameOf(write: ExpectInvalidatesOptions['write']): string {
  return write instanceof PlannedCall ? String(write) : 'the write'
}

function listed(calls: PlannedCall | readonly PlannedCall[]): readonly PlannedCall[] {
  return Array.isArray(calls) ? calls : [calls as PlannedCall]
}
