import { setTimeout as wait } from 'node:timers/promises'
import type { Receipt } from '@granary/core'

/** How long a read of the database takes, in milliseconds, before whatever the machine adds. */
const READ = 5

interface Invalidated {
  readonly version: number
  /** When every process had to know of it; undefined while it is queued. */
  known: number | undefined
}

/**
 * Rows that are nothing but a version, and the oracle that judges reads of them: which version must a read at least return,
 * by the promises of the invalidations that were issued.
 */
export class Versions {
  readonly #versions = new Map<number, number>()
  readonly #invalidated = new Map<number, Invalidated[]>()
  readonly #here = new Map<number, number>()

  /** Reads a row as it is when the read begins. */
  async read(id: number): Promise<number> {
    const version = this.current(id)
    await wait(READ)
    return version
  }

  current(id: number): number {
    return this.#versions.get(id) ?? 0
  }

  /** Changes a row; returns its new version. */
  write(id: number): number {
    const version = this.current(id) + 1
    this.#versions.set(id, version)
    return version
  }

  /** The invalidation of a version has resolved in the process that issued it. */
  invalidated(id: number, version: number, receipt: Receipt, replayed: Promise<void>): void {
    this.#here.set(id, Math.max(version, this.#here.get(id) ?? 0))
    const entry: Invalidated = { version, known: receipt.delivered ? performance.now() : undefined }
    const known = this.#invalidated.get(id) ?? []
    known.push(entry)
    this.#invalidated.set(id, known)
    if (!receipt.delivered) {
      replayed.then(
        () => {
          entry.known = performance.now()
        },
        () => {},
      )
    }
  }

  /** The least version that a read may return which begins now in the process that issued the invalidations. */
  leastHere(id: number): number {
    return this.#here.get(id) ?? 0
  }

  /** The same in another process, whose memory may lag by so many milliseconds. */
  leastElsewhere(id: number, maxStaleness: number): number {
    const latest = performance.now() - maxStaleness
    const known = (this.#invalidated.get(id) ?? []).filter((each) => each.known !== undefined && each.known < latest)
    return known.reduce((least, { version }) => Math.max(least, version), 0)
  }
}
