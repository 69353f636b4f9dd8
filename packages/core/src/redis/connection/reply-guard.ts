import type { RedisLike } from '../../options/redis-client.ts'
import { ReplyScan, type ReplyShape } from './reply-scan.ts'

/** What a connection may be told. */
export interface Expectations {
  /** Whether it has asked for a subscription, and gets messages from then on. */
  readonly subscribes: () => boolean
  /** How many commands have no answer yet; undefined while the client greets the server by itself. */
  readonly unanswered: () => number | undefined
  /** Called once, with the first chunk that cannot be right. */
  readonly onDamage: () => void
}

/** The part of a socket that a guard stands in front of. */
interface Stream {
  listeners(event: 'data'): readonly unknown[]
  removeListener(event: 'data', listener: unknown): unknown
  prependListener(event: 'data', listener: (chunk: Uint8Array) => void): unknown
}

/**
 * Stands between the socket of an ioredis client and its parser, and lets nothing through that nobody asked for.
 *
 * Why: ioredis takes a stream for sound. Of one that has lost its place it hands answers to the wrong commands, and where the
 * shape of a reply surprises it, it throws outside of every call, which ends the process. So the place is followed here
 * first, and a connection that has lost it is closed before anybody reads on.
 *
 * Clients that have no such socket are left as they are.
 */
export function guardReplies(client: RedisLike, expectations: Expectations): void {
  client.on('connect', () => {
    const { stream } = client as { stream?: Partial<Stream> }
    const [parse] = stream?.listeners?.('data') ?? []
    if (typeof parse !== 'function') return
    const guard = new ReplyGuard(expectations)
    stream?.removeListener?.('data', parse)
    stream?.prependListener?.('data', (chunk) => {
      if (guard.passes(chunk)) parse.call(stream, chunk)
    })
  })
}

/** Judges the replies of one socket, chunk by chunk. */
export class ReplyGuard {
  readonly #scan = new ReplyScan()
  readonly #expectations: Expectations
  #isDamaged = false

  constructor(expectations: Expectations) {
    this.#expectations = expectations
  }

  /** Whether a chunk may be read. After one that may not, none may. */
  passes(chunk: Uint8Array): boolean {
    if (this.#isDamaged) return false
    const { subscribes, unanswered, onDamage } = this.#expectations
    const isSubscriber = subscribes()
    let left = unanswered() ?? Number.POSITIVE_INFINITY
    const isGreeting = left === Number.POSITIVE_INFINITY
    const isSound = this.#scan.follow(chunk, (shape) => {
      if (isSubscriber) return isTold(shape)
      left -= 1
      return left >= 0 && !(isGreeting && shape.length === -1)
    })
    if (isSound) return true
    this.#isDamaged = true
    onDamage()
    return false
  }
}

/** What a subscriber gets: messages, what confirms its subscriptions, pongs and errors. */
function isTold({ type, length, head, nulls }: ReplyShape): boolean {
  if (type !== '*') return type === '-'
  switch (head) {
    case 'message':
      return length === 3 && (nulls & ~PAYLOAD) === 0
    case 'subscribe':
      return length === 3 && nulls === 0
    default:
      return head === 'pong' && length === 2
  }
}

/** The bit of a message's third element, which is null when Redis tells that all keys were written. */
const PAYLOAD = 1 << 2
