import { crc32 } from 'node:zlib'
import type { Address, Targets } from '../../engine/remote.ts'
import type { ClockReading } from '../../invalidation/clock-reading.ts'

/** One message of the invalidation bus: a number, who sent it, and what to forget. */
export interface BusMessage extends ClockReading {
  /** Which cache sent it; `-` for a new incarnation. */
  readonly origin: string
  readonly targets: Targets
}

const HEAD = /^(\d+):(\d+):(\d+):([^:]*):/

/**
 * The part of a message that the sender writes; the script puts the clock before it. It ends with its own checksum: a key that
 * was changed on the way would leave the right one in memories that believe they have heard everything.
 */
export function encodeTargets({ keys, members }: Targets): string {
  const body = JSON.stringify([keys.map(({ label, text }) => [label, text]), members])
  return `${body.slice(0, -1)},${crc32(body)}]`
}

/** Reads a message; undefined when it is not one. */
export function decodeMessage(namespace: string, raw: unknown): BusMessage | undefined {
  const head = HEAD.exec(textOf(raw))
  if (head === null) return undefined
  const reading = { incarnation: Number(head[1]), tagClock: Number(head[2]), sequence: Number(head[3]) }
  const body = head.input.slice(head[0].length)
  const targets = body === '' ? { keys: [], members: [] } : decodeTargets(namespace, body)
  return targets && { ...reading, origin: head[4] as string, targets }
}

/** A wake message: which entry, and whether its holder stored or failed. */
export function encodeWake(key: string, failed: boolean): string {
  return (failed ? 'f' : 's') + key
}

/** Reads a wake message. */
export function decodeWake(raw: unknown): { readonly key: string; readonly news: 'stored' | 'failed' } {
  const text = textOf(raw)
  return { key: text.slice(1), news: text.startsWith('f') ? 'failed' : 'stored' }
}

/** What is no bytes says nothing. */
function textOf(raw: unknown): string {
  return raw instanceof Uint8Array ? Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString() : ''
}

function decodeTargets(namespace: string, body: string): Targets | undefined {
  try {
    const [keys, members, checksum]: [unknown, unknown, unknown] = JSON.parse(body)
    if (checksum !== undefined && checksum !== crc32(`${body.slice(0, body.lastIndexOf(','))}]`)) return undefined
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
