import { ScriptedRandom } from '../time/scripted-random.ts'
import { Corruption } from './corruption.ts'
import type { InjectedFault } from './injected-fault.ts'
import type { Segment } from './resp-scanner.ts'

/** What one fault has drawn and counted on one lane. */
interface Trace {
  readonly random: ScriptedRandom
  readonly corruption: Corruption | undefined
  /** How many bytes a cut still lets pass. */
  allowance: number
  /** How many messages are still to be lost. */
  losses: number
}

/** Where a cut falls and how the connection is closed then. */
export interface Cut {
  readonly allowance: number
  readonly how: 'reset' | 'end'
}

/** How a published message begins, in RESP2 and in RESP3. */
const PUBLISHED = /^[*>][34]\r\n\$\d\r\n[ps]?message\r\n/

/** The memory that faults have of one lane: draws come from a seed of their own, so that lanes do not disturb each other. */
export class Traces {
  readonly #seed: number
  readonly #traces = new Map<InjectedFault, Trace>()

  /** `seed` tells the lane from the others of its proxy. */
  constructor(seed: number) {
    this.#seed = seed
  }

  /** How long a fault delays the next message, in milliseconds. */
  delay(fault: InjectedFault): number {
    if (fault.plan.kind !== 'delay') return 0
    const { ms, jitter = 0 } = fault.plan
    const spread = jitter === 0 ? 0 : (this.#of(fault).random.next() * 2 - 1) * jitter
    return Math.max(0, ms + spread)
  }

  /** Whether one of these faults swallows a piece of the stream: a published message, while there are some to be lost. */
  loses({ bytes, first, last }: Segment, faults: readonly InjectedFault[]): boolean {
    for (const fault of faults) {
      if (fault.plan.kind !== 'lose' || !first || !last) continue
      const trace = this.#of(fault)
      if (trace.losses === 0 || !PUBLISHED.test(bytes.toString('latin1', 0, 32))) continue
      trace.losses--
      return true
    }
    return false
  }

  /** The bytes as these faults leave them. */
  corrupt(bytes: Buffer, faults: readonly InjectedFault[]): Buffer {
    return faults.reduce((corrupted, fault) => this.#of(fault).corruption?.apply(corrupted) ?? corrupted, bytes)
  }

  /** The first cut that falls into the next `length` bytes, if one does; the other cuts count these bytes. */
  cut(length: number, faults: readonly InjectedFault[]): Cut | undefined {
    let nearest: Cut | undefined
    for (const fault of faults) {
      if (fault.plan.kind !== 'cut') continue
      const trace = this.#of(fault)
      const { allowance } = trace
      trace.allowance = Math.max(0, allowance - length)
      if (allowance >= length || (nearest !== undefined && nearest.allowance <= allowance)) continue
      nearest = { allowance, how: fault.plan.how ?? 'reset' }
    }
    return nearest
  }

  #of(fault: InjectedFault): Trace {
    let trace = this.#traces.get(fault)
    if (trace === undefined) {
      const { plan, seed } = fault
      const random = new ScriptedRandom(seed * 1_000_003 + this.#seed)
      const corruption = plan.kind === 'corrupt' ? new Corruption(plan.share, random) : undefined
      const allowance = plan.kind === 'cut' ? plan.afterBytes : Number.POSITIVE_INFINITY
      const losses = plan.kind === 'lose' ? plan.messages : 0
      trace = { random, corruption, allowance, losses }
      this.#traces.set(fault, trace)
    }
    return trace
  }
}
