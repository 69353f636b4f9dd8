import type { Address, Targets } from '../../engine/remote.ts'
import type { ClockReading } from '../../invalidation/clock-reading.ts'

/** One message of the invalidation bus: a number, who sent it, and what to forget. */
export interface BusMessage extends ClockReading {
  /** Which cache sent it; `-` for a new incarnation. */
  readonly origin: string
  readonly targets: Targets
}

const HEAD = /^(\d+):(\d+):(\d+):([^:]*):/

/** The part of a message that the sender writes; the script puts the clock before it. */
export function encodeTargets({ keys, members }: Targets): string {
  return JSON.stringify([keys.map(({ label, text }) => [label, text]), members])
}

/** Reads a message; undefined when it is not one. */
export function decodeMessage(namespace: string, raw: Uint8Array): BusMessage | undefined {
  const text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString()
  const head = HEAD.exec(text)
  if (head === null) return undefined
  const reading = { incarnation: Number(head[1]), tagClock: Number(head[2]), sequence: Number(head[3]) }
  const body = text.slice(head[0].length)
  const targets = body === '' ? { keys: [], members: [] } : decodeTargets(namespace, body)
  return targets && { ...reading, origin: head[4] as string, targets }
}

/** A wake message: which entry, and whether its holder stored or failed. */
export function encodeWake(key: string, failed: boolean): string {
  return (failed ? 'f' : 's') + key
}

/** Reads a wake message. */
export function decodeWake(raw: Uint8Array): { readonly key: string; readonly news: 'stored' | 'failed' } {
  const text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString()
  return { key: text.slice(1), news: text.startsWith('f') ? 'failed' : 'stored' }
}

function decodeTargets(namespace: string, body: string): Targets | undefined {
  try {
    const [keys, members]: [unknown, unknown] = JSON.parse(body)
    if (!Array.isArray(keys) || !Array.isArray(members) || !members.every((each) => typeof each === 'string'))
      return undefined
    return { keys: keys.map((each) => addressOf(namespace, each)), members }
  } catch {
    return undefined
  }
}

function addressOf(namespace: string, pair: unknown): Address {
  const [label, text] = pair as [unknown, unknown]
  if (typeof label !== 'string' || typeof text !== 'string') throw new TypeError('not an address')
  return { key: `${namespace}:${label}:${text}`, label, text }
}
