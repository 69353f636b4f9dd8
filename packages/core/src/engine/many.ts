import { BatchMismatch } from '../errors.ts'
import { enclosingLoad } from '../flight/current-load.ts'
import type { Flight } from '../flight/flight.ts'
import { type Answer, getOrSet } from './get-or-set.ts'
import type { Operation } from './operation.ts'

/** Loads several argument lists at once: an array of the same length and order. */
export type LoadMany = (missing: readonly (readonly unknown[])[]) => Promise<readonly unknown[]>

/**
 * Answers many calls of one name with one read and one load of what is missing.
 *
 * Every key keeps its own flight, lease and fence, so all rules of {@link getOrSet} hold for each. The loader is called
 * once when every key is served, granted, or waiting for another process: what was granted never waits for what was not,
 * so overlapping batches cannot block each other. Keys whose wait ends without a value are loaded in a later call.
 */
export async function getOrSetMany(
  plan: (args: readonly unknown[], loader: () => unknown, onWaiting: () => void) => Operation,
  argsList: readonly (readonly unknown[])[],
  { name, loadMany }: { name: string; loadMany: LoadMany },
): Promise<Answer[]> {
  const batch = new Batch(name, argsList.length, loadMany)
  // All are planned before the first takes off: arguments that make no key would leave it waiting for their decision for ever.
  const planned = argsList.map((args) => {
    const member = batch.member()
    return { op: plan(args, () => member.load(args), member.decided), member }
  })
  const answers = planned.map(({ op, member }) => getOrSet(op, (answer) => answer).finally(member.decided))
  const settled = await Promise.allSettled(answers)
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason
    return each.value
  })
}

interface Wanted {
  readonly flight: Flight | undefined
  readonly args: readonly unknown[]
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Collects the keys that came to their load until no other key of the batch can still join them without waiting. */
class Batch {
  readonly #name: string
  readonly #loadMany: LoadMany
  #undecided: number
  #wanted: Wanted[] = []

  constructor(name: string, size: number, loadMany: LoadMany) {
    this.#name = name
    this.#undecided = size
    this.#loadMany = loadMany
  }

  member(): { readonly load: (args: readonly unknown[]) => Promise<unknown>; readonly decided: () => void } {
    let undecided = true
    const decided = () => {
      if (!undecided) return
      undecided = false
      this.#undecided -= 1
      this.#loadWhenReady()
    }
    const load = (args: readonly unknown[]) =>
      new Promise((resolve, reject) => {
        this.#wanted.push({ flight: enclosingLoad()?.flight, args, resolve, reject })
        if (undecided) decided()
        else this.#loadWhenReady()
      })
    return { load, decided }
  }

  #loadWhenReady(): void {
    if (this.#undecided > 0 || this.#wanted.length === 0) return
    queueMicrotask(() => {
      const wanted = this.#wanted
      this.#wanted = []
      if (wanted.length > 0) void this.#load(wanted)
    })
  }

  async #load(wanted: readonly Wanted[]): Promise<void> {
    shareFate(wanted)
    try {
      const values = checkBatch(this.#name, wanted.length, await this.#loadMany(wanted.map(({ args }) => args)))
      wanted.forEach(({ resolve }, at) => {
        resolve(values[at])
      })
    } catch (error) {
      for (const { reject } of wanted) reject(error)
    }
  }
}

/**
 * Makes every flight of a batch wait for the one in whose context the batch loader runs, so that a batch loader that asks
 * for a key of its own batch is refused like any other load that asks for itself.
 */
function shareFate(wanted: readonly Wanted[]): void {
  const lead = enclosingLoad()?.flight
  if (lead === undefined) return
  for (const { flight } of wanted) if (flight !== undefined && flight !== lead) flight.waitsFor.add(lead)
}

/**
 * What a batch loader answered, when it can be matched to what it was asked for.
 *
 * @throws BatchMismatch otherwise.
 */
export function checkBatch(name: string, asked: number, values: unknown): readonly unknown[] {
  if (Array.isArray(values) && values.length === asked) return values
  throw new BatchMismatch(name, asked, Array.isArray(values) ? `${values.length} values` : typeof values)
}

/**
 * The answers of a batch loader in the order of what it was asked for.
 *
 * @throws BatchMismatch when it answered with neither a map nor an array.
 */
export function inOrder<T, V>(
  name: string,
  asked: readonly T[],
  answered: ReadonlyMap<T, V> | readonly V[],
): readonly (V | undefined)[] {
  if (answered instanceof Map) return asked.map((id) => answered.get(id))
  if (!Array.isArray(answered)) throw new BatchMismatch(name, asked.length, typeof answered)
  return answered
}
