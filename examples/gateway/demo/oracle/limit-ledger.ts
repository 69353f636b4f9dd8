import type { Read } from './timeline.ts'

/** What a limit promises, in the driver's terms. */
export interface PromisedLimit {
  readonly name: string
  /** How much of it a subject may use; where that changed meanwhile, the least and the most that was ever in force. */
  readonly least: number
  readonly most: number
  /** Milliseconds: of a rolling window; of the time a bucket takes to fill; undefined for places held at once. */
  readonly length: number | undefined
  readonly kind: 'window' | 'bucket' | 'places'
}

/** What one request asked of a limit, and got. */
interface Entry {
  readonly startedAt: number
  readonly endedAt: number
  readonly admitted: boolean
  /** Whether it was this limit that refused it. */
  readonly blamed: boolean
  /** Units that it was charged in the end, and until then. */
  readonly used: number
  readonly reserved: number
}

/** When Redis was away, from the moment it was killed until the processes had it again. */
export interface Gap {
  readonly from: number
  readonly until: number
  /** Processes that share the limits: each has its part meanwhile. */
  readonly processes: number
}

/** What a request asked of each limit of its subject. */
export interface LimitedCall {
  /** What has these limits in common: a key, an address on a route, a user. */
  readonly subject: string
  readonly limits: readonly PromisedLimit[]
  /** Units that count in the end, and until the answer; 1 of each limit that is not named. */
  readonly used?: Readonly<Record<string, number>>
  readonly reserved?: Readonly<Record<string, number>>
  /** The limits that the answer blames, or undefined when the request was let in. */
  readonly blamed: readonly string[] | undefined
}

/** A refusal may be repeated from memory for so long, in milliseconds. */
const REMEMBERED = 1_000
/** A window counts what is in one of its sixteen parts whole. */
const PART = 17 / 16

/**
 * Every request that a limit decided about, and whether it decided rightly.
 *
 * Nothing is judged while requests are under way: an answer says that a request was counted at some moment between its
 * sending and its answer, and only all of them together say what could and could not have been counted when. So an
 * admission is wrong when more than the limit were *certainly* counted within a window, and a refusal when the limit could
 * not possibly have been used up.
 */
export class LimitLedger {
  readonly #entries = new Map<string, { readonly limit: PromisedLimit; readonly entries: Entry[] }>()
  #gap: Gap | undefined
  #admissions = 0
  #refusals = 0
  readonly #findings: string[] = []

  /** Requests that were let in, and those that were not. */
  get counts(): { readonly admissions: number; readonly refusals: number } {
    return { admissions: this.#admissions, refusals: this.#refusals }
  }

  /** Notes a request that was answered. */
  note({ startedAt, endedAt }: Read, { subject, limits, used = {}, reserved = {}, blamed }: LimitedCall): void {
    if (blamed === undefined) this.#admissions += 1
    else this.#refusals += 1
    for (const limit of limits) {
      const key = `${subject} ${limit.name}`
      const { limit: known = limit, entries = [] } = this.#entries.get(key) ?? {}
      const [least, most] = [Math.min(known.least, limit.least), Math.max(known.most, limit.most)]
      this.#entries.set(key, { limit: { ...limit, least, most }, entries })
      entries.push({
        startedAt,
        endedAt,
        admitted: blamed === undefined,
        blamed: blamed?.includes(limit.name) ?? false,
        used: used[limit.name] ?? 1,
        reserved: reserved[limit.name] ?? 1,
      })
    }
  }

  /** Says when Redis was away: then each process has its part, and twice the limit is the bound. */
  interrupted(gap: Gap): void {
    this.#gap = gap
  }

  /** Judges everything and begins anew: what was counted in memory alone goes with its process. */
  conclude(): void {
    for (const [key, { limit, entries }] of this.#entries) {
      entries.sort((one, other) => one.startedAt - other.startedAt)
      const excess = limit.kind === 'window' ? this.#excess(limit, entries) : undefined
      if (excess !== undefined) this.#findings.push(`${key}: ${excess}`)
      for (const refusal of entries) {
        if (!refusal.blamed || isPossible(limit, entries, refusal, this.#share(refusal))) continue
        this.#findings.push(`${key}: refused, though it cannot have been used up`)
      }
    }
    this.#entries.clear()
  }

  /** What was not right, in all that was concluded. */
  get findings(): readonly string[] {
    return this.#findings
  }

  /** More than the limit, counted for certain within one window. */
  #excess({ most, length = 0 }: PromisedLimit, entries: readonly Entry[]): string | undefined {
    const admitted = entries.filter((entry) => entry.admitted)
    for (const [index, { startedAt }] of admitted.entries()) {
      let sum = 0
      for (let at = index; at < admitted.length; at += 1) {
        const entry = admitted[at] as Entry
        if (entry.startedAt >= startedAt + length) break
        if (entry.endedAt < startedAt + length) sum += entry.used
      }
      const bound = this.#touches(startedAt, startedAt + length) ? 2 * most : most
      if (sum > bound) return `${sum} in a window that may hold ${bound}`
    }
    return undefined
  }

  /** The part of a limit that a process may have had to itself when it refused: all of it while there was Redis. */
  #share({ startedAt, endedAt }: Entry): number {
    return this.#gap !== undefined && this.#touches(startedAt, endedAt) ? 1 / this.#gap.processes : 1
  }

  #touches(from: number, until: number): boolean {
    return this.#gap !== undefined && from <= this.#gap.until && until >= this.#gap.from
  }
}

/** Whether so much can have been counted when a request was refused that it did not fit. */
function isPossible(limit: PromisedLimit, entries: readonly Entry[], refusal: Entry, share: number): boolean {
  const bound = Math.floor(limit.least * share)
  const before = entries.filter((entry) => entry.admitted && entry.startedAt <= refusal.endedAt)
  return possibleUse(limit, before, refusal) + refusal.reserved > bound
}

function possibleUse({ kind, length = 0, least }: PromisedLimit, before: readonly Entry[], refusal: Entry): number {
  const since = refusal.startedAt - REMEMBERED
  const charged = (entry: Entry) => (entry.endedAt >= since ? Math.max(entry.reserved, entry.used) : entry.used)
  if (kind === 'bucket') return bucketUse(before, { since, rate: least / length, charged })
  const from = kind === 'places' ? since : since - length * PART
  return before.reduce((sum, entry) => (entry.endedAt >= from ? sum + charged(entry) : sum), 0)
}

interface Filling {
  readonly since: number
  /** Units that come back in a millisecond. */
  readonly rate: number
  readonly charged: (entry: Entry) => number
}

/** The most that can be missing from a bucket: every call as late as it can have been counted. */
function bucketUse(before: readonly Entry[], { since, rate, charged }: Filling): number {
  const latest = before.toSorted((one, other) => one.endedAt - other.endedAt)
  let missing = 0
  let at = Number.NEGATIVE_INFINITY
  for (const entry of latest) {
    const now = Math.min(entry.endedAt, since + REMEMBERED)
    missing = Math.max(0, missing - Math.max(0, now - at) * rate) + charged(entry)
    at = Math.max(at, now)
  }
  return missing + 1 - Math.max(0, since - at) * rate
}
