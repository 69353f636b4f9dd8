import type { ClockReading, MarkedReading } from '../invalidation/clock-reading.ts'
import { incarnationMark } from '../invalidation/incarnation.ts'

const FORM = /^(\d+):(\d+):(\d+):/

/** Reads the clock key `incarnation:c:n:floor:life`; undefined when it is not there, or not ours. */
export function parseClock(raw: unknown): ClockReading | undefined {
  const match = raw === null || raw === undefined ? null : FORM.exec(String(raw))
  if (match === null) return undefined
  return { incarnation: Number(match[1]), tagClock: Number(match[2]), sequence: Number(match[3]) }
}

/** Reads the clock key as it comes with every read: mostly it is what it was, and then nothing is parsed. */
export class ClockReader {
  #raw: Buffer | undefined
  #reading: MarkedReading | undefined

  read(raw: unknown): MarkedReading | undefined {
    if (!(raw instanceof Uint8Array)) return undefined
    if (this.#raw?.equals(raw)) return this.#reading
    const reading = parseClock(raw)
    this.#raw = Buffer.from(raw)
    this.#reading = reading && { ...reading, mark: incarnationMark(reading.incarnation) }
    return this.#reading
  }
}
