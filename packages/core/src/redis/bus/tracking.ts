import { wholeIn } from '../connection/answers.ts'
import type { Connection } from '../connection/connection.ts'

/** Where Redis tells which keys were written. */
export const PUSH_CHANNEL = '__redis__:invalidate'

/** What comes on a channel: bytes, and on the push channel a list of keys, or nothing for all of them. */
export type Payload = Uint8Array | readonly Uint8Array[] | null

/** Connections to one server whose reads it remembers, and the one on which it tells of writes to what they have read. */
export interface TrackedConnections {
  readonly subscriber: Connection
  readonly readers: readonly Connection[]
}

/**
 * Makes Redis tell `subscriber` of writes to the keys that `readers` read (`CLIENT TRACKING`, with a redirection, because
 * RESP2 knows no pushes on the connection itself). The subscriber may not be subscribed to anything yet.
 *
 * Without NOLOOP: a write of our own ends the tracking of its key either way, and its echo is what says so. Echoes are
 * recognised by what they leave in the frame, and looking there tracks it again.
 */
export async function trackReads({ subscriber, readers }: TrackedConnections, deadline: number): Promise<void> {
  const id = await subscriber.call('CLIENT', ['ID'], deadline, { read: wholeIn })
  await subscriber.call('subscribe', [PUSH_CHANNEL], deadline)
  const on = (reader: Connection) => reader.call('CLIENT', ['TRACKING', 'ON', 'REDIRECT', id], deadline)
  await Promise.all([...new Set(readers)].map(on))
}

/**
 * Resolves when every push has arrived that the server had made before; rejects when one of the connections does not answer.
 *
 * The subscriber's answer comes after all that was told on it. The readers are asked because a server that has lost one of
 * them, behind a firewall that drops what is idle, remembers nothing for it any more and has nobody to say so to.
 */
export async function confirmReads({ subscriber, readers }: TrackedConnections, deadline: number): Promise<void> {
  const answers = [...new Set(readers)].map((reader) => reader.call('PING', [], deadline, { isAwaited: false }))
  await Promise.all([subscriber.call('PING', [], deadline), ...answers])
}

/** The keys that a push names; undefined for all. Plain bytes were published by somebody, and are no push. */
export function keysOf(payload: Payload): readonly string[] | undefined {
  if (payload === null) return undefined
  return payload instanceof Uint8Array ? [] : payload.map(String)
}
