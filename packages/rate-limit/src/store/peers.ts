/**
 * How many processes share the limits, and which of them this one is. Each process notes itself in a sorted set every few
 * seconds, by the server's time. While Redis is away the last reading stands: it says what this process's share is.
 */
import type { Clock } from '@granary/core'
import { EPOCH_SECONDS } from '../rule/server-clock.ts'
import type { Line } from './link.ts'

/** A process's place among those that share the limits. */
export interface Place {
  /** How many there are, this one included. */
  readonly peers: number
  /** This one's place among them, from 0. */
  readonly rank: number
}

const BEAT = 2_000
/** Beats that a process may miss before it no longer counts. */
const LIVES = 4

/** Milliseconds after which everybody has beaten, in a set that was made anew. */
const MATURE = 2 * BEAT

/**
 * The last member, of infinite score, says when the set was made: after a flush, or on an empty server, it knows only those
 * that have beaten since. A member that left is noted as gone: a beat of it that was on its way on an older connection may
 * come after that, and must not bring it back.
 */
const HEARTBEAT = `
local t = redis.call('TIME')
local at = (t[1] - ${EPOCH_SECONDS}) * 1000 + math.floor(t[2] / 1000)
local made = redis.call('ZRANGEBYSCORE', KEYS[1], '+inf', '+inf')[1]
if not made then
  made = '@' .. string.format('%.0f', at)
  redis.call('ZADD', KEYS[1], '+inf', made)
end
local gone = '!' .. ARGV[1]
if ARGV[2] == 'leave' then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('ZADD', KEYS[1], at, gone)
elseif not redis.call('ZSCORE', KEYS[1], gone) then
  redis.call('ZADD', KEYS[1], at, ARGV[1])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at - ${BEAT * LIVES})
redis.call('PEXPIRE', KEYS[1], ${BEAT * LIVES})
local members = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(+inf')) do
  if string.sub(member, 1, 1) ~= '!' then members[#members + 1] = member end
end
table.sort(members)
local rank = 0
for index, member in ipairs(members) do if member == ARGV[1] then rank = index - 1 end end
return { #members, rank, at - tonumber(string.sub(made, 2)) }`

/** What a {@link Heartbeat} needs. */
export interface HeartbeatOptions {
  readonly clock: Clock
  readonly key: string
  /** This process, uniquely. */
  readonly member: string
  /** Assumed before the first reading; `replicas` of the options. */
  readonly assumed: number
}

/** Keeps this process's place known. */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  #place: Place
  #cancel: (() => void) | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#place = { peers: options.assumed, rank: 0 }
  }

  /** The last reading. */
  get place(): Place {
    return this.#place
  }

  /** Beats once, and takes the reading. */
  async beat(line: Line, deadline: number): Promise<void> {
    const [peers = 1, rank = 0, age = 0] = await this.#send(line, 'stay', deadline)
    // A young set knows too few, and too few peers mean too large a part for each.
    if (peers >= this.#place.peers || age >= MATURE) this.#place = { peers: Math.max(1, peers), rank }
  }

  /** Tells the others that this process is going. */
  async leave(line: Line, deadline: number): Promise<void> {
    await this.#send(line, 'leave', deadline)
  }

  /** Beats from now on, until {@link stop}. Missed beats are the link's business. */
  start(line: Line, deadline: number): void {
    this.stop()
    this.#cancel = this.#options.clock.schedule(BEAT, () => {
      void this.beat(line, deadline).catch(() => {})
      this.start(line, deadline)
    })
  }

  /** Stops beating. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  async #send(line: Line, word: 'stay' | 'leave', deadline: number): Promise<readonly number[]> {
    const { key, member } = this.#options
    return (await line.call('EVAL', [HEARTBEAT, 1, key, member, word], { deadline })) as readonly number[]
  }
}
