import type { Targets } from '../engine/remote.ts'
import { EVERYTHING } from '../invalidation/outbound-queue.ts'

/** Invalidations as an outbox keeps them. */
export interface OutboxMessage {
  /** Whose they are: several caches may share a table. */
  readonly namespace: string
  /** What is invalidated, as text of our own making; arguments that are secrets are digests in it. */
  readonly body: string
}

/** A message that was claimed. */
export interface ClaimedMessage {
  readonly id: string
  readonly body: string
}

/**
 * A table in the application's own database that holds invalidations until they are delivered: written in the transaction that
 * made them necessary, so both are committed or neither is.
 *
 * Messages are delivered at least once and in no particular order: invalidations commute, and one that comes twice costs a miss.
 *
 * @typeParam Client - What a database transaction is known by: a pg client, a PGlite transaction.
 */
export interface Outbox<Client = unknown> extends OutboxReader {
  /** Stores a message in the transaction of `client`; resolves to its id. */
  save(client: Client, message: OutboxMessage): Promise<string>
}

/** The side of an outbox that delivers. */
export interface OutboxReader {
  /**
   * Takes up to `count` messages that are due, the oldest first. They are due again after a while unless they are removed, and
   * no two processes get the same one at a time.
   */
  claim(namespace: string, count: number): Promise<readonly ClaimedMessage[]>
  /** Removes messages that have been delivered. */
  remove(ids: readonly string[]): Promise<void>
}

/** The text of what is invalidated. */
export function writeBody({ keys, members }: Targets): string {
  return JSON.stringify({ v: 1, keys: keys.map(({ label, text }) => [label, text]), members })
}

/** Reads it. What cannot be read, a newer version's perhaps, stands for the whole namespace: nothing invalidated may be missed. */
export function readBody(namespace: string, body: string): Targets {
  try {
    const { v, keys, members } = JSON.parse(body) as { v: unknown; keys: [string, string][]; members: string[] }
    if (v !== 1 || !members.every((member) => typeof member === 'string')) return EVERYTHING_THERE
    return { keys: keys.map(([label, text]) => ({ key: `${namespace}:${label}:${text}`, label, text })), members }
  } catch {
    return EVERYTHING_THERE
  }
}

const EVERYTHING_THERE: Targets = { keys: [], members: [EVERYTHING] }
