import { ErrorReply } from './keyspace.ts'

/** What comes on a channel: a message, or on the push channel a list of keys, or null for all of them. */
export type Payload = string | readonly string[] | null

/** A connection as the server sees it. */
export interface Subscriber {
  receive(channel: string, payload: Payload): void
}

/** Where pushes go. */
export const PUSH_CHANNEL = '__redis__:invalidate'

/**
 * Who is told of writes to which keys: `CLIENT TRACKING ON REDIRECT`, without NOLOOP and without BCAST. A key is told of once,
 * and then only when it has been read again.
 */
export class Tracking {
  readonly #ids = new Map<Subscriber, number>()
  readonly #listeners = new Map<Subscriber, Subscriber>()
  readonly #readers = new Map<string, Set<Subscriber>>()
  readonly #isListening: (connection: Subscriber) => boolean
  #count = 0
  /** Keys that the connection whose command runs is told of when the command has ended. */
  #pending: string[] = []
  #running: Subscriber | undefined

  constructor(isListening: (connection: Subscriber) => boolean) {
    this.#isListening = isListening
  }

  /** CLIENT ID. */
  idOf(connection: Subscriber): number {
    const known = this.#ids.get(connection)
    if (known !== undefined) return known
    this.#count += 1
    this.#ids.set(connection, this.#count)
    return this.#count
  }

  /** CLIENT TRACKING ON REDIRECT. */
  redirect(reader: Subscriber, id: number): void {
    const listener = [...this.#ids].find(([, each]) => each === id)?.[0]
    if (listener === undefined) throw new ErrorReply('ERR The client ID you want redirect to does not exist')
    this.#listeners.set(reader, listener)
  }

  /** A connection has read keys. */
  remember(reader: Subscriber, keys: readonly string[]): void {
    if (!this.#listeners.has(reader)) return
    for (const key of keys) {
      const readers = this.#readers.get(key)
      if (readers === undefined) this.#readers.set(key, new Set([reader]))
      else readers.add(reader)
    }
  }

  /** A key was written, or has come to its end. */
  written(key: string): void {
    const readers = this.#readers.get(key)
    if (readers === undefined) return
    this.#readers.delete(key)
    for (const reader of readers) {
      if (reader === this.#running) this.#pending.push(key)
      else this.#push(reader, [key])
    }
  }

  /** Everything is gone. */
  flushed(): void {
    this.#readers.clear()
    for (const reader of this.#listeners.keys()) this.#push(reader, null)
  }

  /** Runs a command of a connection; what it wrote that it had itself read is told at the end. */
  during<T>(connection: Subscriber, run: () => T): T {
    this.#running = connection
    try {
      return run()
    } finally {
      this.#running = undefined
      for (const key of this.#pending.splice(0)) this.#push(connection, [key])
    }
  }

  forget(connection: Subscriber): void {
    this.#ids.delete(connection)
    this.#listeners.delete(connection)
    for (const readers of this.#readers.values()) readers.delete(connection)
  }

  #push(reader: Subscriber, keys: readonly string[] | null): void {
    const listener = this.#listeners.get(reader)
    if (listener !== undefined && this.#isListening(listener)) listener.receive(PUSH_CHANNEL, keys)
  }
}
