import { setTimeout as wait } from 'node:timers/promises'
import { type FaultPlan, startFaultProxy, startRedis } from '@granary/testing'
import { measured } from '../stage/call.ts'
import { rounded, Samples, type Summary } from '../stage/samples.ts'
import { PEERS, type Peer } from './peers.ts'

/** What one library's callers saw of one fault. Durations are milliseconds, beyond the loader's own time. */
export interface PeerRow {
  readonly fault: string
  readonly library: string
  readonly calls: number
  readonly errorsSeen: number
  /** Calls that had no answer so long after the fault's end as it may take at most. */
  readonly unsettled: number
  readonly added: Summary
  /** From the end of the fault until a call was not slowed down any more. */
  readonly recovery: number | undefined
}

const FAULTS: Readonly<Record<string, FaultPlan>> = {
  refused: { kind: 'refuse' },
  hang: { kind: 'hang' },
  'slow replies (150 ms)': { kind: 'delay', ms: 150, jitter: 20, direction: 'down' },
}

/** Reads rows that nobody has read, one every `PAUSE` ms, from a loader of 5 ms. */
const PAUSE = 20
const LOADER = 5
const PATIENCE = 15_000
/** A call that adds less than this is not slowed down. */
const UNDISTURBED = 20

/** Plays the faults of the wire to each library: `duration` milliseconds each. */
export async function compare(duration: number, tell: (row: PeerRow) => void): Promise<PeerRow[]> {
  const rows: PeerRow[] = []
  for (const [fault, plan] of Object.entries(FAULTS)) {
    for (const library of Object.keys(PEERS)) {
      const row = await play({ fault, library }, plan, duration)
      tell(row)
      rows.push(row)
    }
  }
  return rows
}

async function play(
  names: { readonly fault: string; readonly library: string },
  plan: FaultPlan,
  duration: number,
): Promise<PeerRow> {
  await using redis = await startRedis()
  await using proxy = await startFaultProxy({ target: redis })
  const peer = await (PEERS[names.library] as (typeof PEERS)[string])(proxy)
  const readers = new Readers(peer)
  await readers.readFor(300)
  readers.reset()
  const fault = await proxy.inject(plan)
  await readers.readFor(duration)
  await fault.lift()
  const recovery = await readers.untilUndisturbed()
  await Promise.race([readers.settled(), wait(PATIENCE)])
  await peer.close()
  return { ...names, ...readers.seen(), recovery }
}

/** Callers of one library. */
class Readers {
  readonly #peer: Peer
  readonly #running = new Set<Promise<void>>()
  #samples = new Samples()
  #errors = 0
  #calls = 0
  #next = 0

  constructor(peer: Peer) {
    this.#peer = peer
  }

  /** Counts from now on. */
  reset(): void {
    this.#samples = new Samples()
    this.#errors = 0
    this.#calls = 0
  }

  async readFor(duration: number): Promise<void> {
    const until = performance.now() + duration
    while (performance.now() < until) {
      this.#calls += 1
      const samples = this.#samples
      const running = this.#read()
        .then((added) => samples.add(added))
        .catch(() => {
          this.#errors += 1
        })
        .finally(() => this.#running.delete(running))
      this.#running.add(running)
      await wait(PAUSE)
    }
  }

  /** Reads on, one after the other, until a read is not slowed down. */
  async untilUndisturbed(): Promise<number | undefined> {
    const from = performance.now()
    while (performance.now() - from < PATIENCE) {
      const added = await Promise.race([this.#read().catch(() => PATIENCE), wait(PATIENCE, PATIENCE)])
      if (added < UNDISTURBED) return rounded(performance.now() - from)
    }
    return undefined
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  seen(): Pick<PeerRow, 'calls' | 'errorsSeen' | 'unsettled' | 'added'> {
    return {
      calls: this.#calls,
      errorsSeen: this.#errors,
      unsettled: this.#running.size,
      added: this.#samples.summary(),
    }
  }

  async #read(): Promise<number> {
    const id = this.#next++
    const load = () => wait(LOADER, id)
    return (await measured(load, (loader) => this.#peer.get(id, loader))).added
  }
}
