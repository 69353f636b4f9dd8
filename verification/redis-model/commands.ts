import { ErrorReply, type Keyspace, type SortedSet } from './keyspace.ts'

/** A reply: a bulk string, an integer, null, a list, or a status such as OK. */
export type Reply = string | number | null | Status | readonly Reply[]

/** A simple-string reply. */
export class Status {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What a command runs on. */
export interface CommandContext {
  readonly keyspace: Keyspace
  /** Server milliseconds. */
  readonly now: () => number
  readonly publish: (channel: string, message: string) => number
  /** The connection that runs the command has read keys. */
  readonly read: (keys: readonly string[]) => void
}

/** A modelled command. */
export interface Command {
  readonly writes: boolean
  /** Refused when memory is full. */
  readonly needsMemory: boolean
  /** The keys that it reads, for who wants to be told when they are written; none where it writes itself. */
  readonly keys: (args: readonly string[]) => readonly string[]
  readonly run: (context: CommandContext, args: readonly string[]) => Reply
}

const OK = new Status('OK')

const NONE: Command['keys'] = () => []
const FIRST: Command['keys'] = (args) => args.slice(0, 1)
const ALL: Command['keys'] = (args) => args

const read = (run: Command['run'], keys = FIRST): Command => ({ writes: false, needsMemory: false, keys, run })
const write = (run: Command['run']): Command => ({ writes: true, needsMemory: false, keys: NONE, run })
const grow = (run: Command['run']): Command => ({ writes: true, needsMemory: true, keys: NONE, run })

/** The commands that the cache uses, as Redis 7 documents them. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  PING: read(() => new Status('PONG'), NONE),
  GET: read(({ keyspace }, [key = '']) => keyspace.string(key) ?? null),
  MGET: read(({ keyspace }, keys) => keys.map((key) => stringOrNull(keyspace, key)), ALL),
  STRLEN: read(({ keyspace }, [key = '']) => keyspace.string(key)?.length ?? 0),
  GETRANGE: read(({ keyspace }, [key = '', from, to]) => range(keyspace.string(key) ?? '', integer(from), integer(to))),
  SETRANGE: grow(setRange),
  SET: grow(set),
  DEL: write(({ keyspace }, keys) => keys.filter((key) => keyspace.remove(key)).length),
  EXISTS: read(({ keyspace }, keys) => keys.filter((key) => keyspace.timeToLive(key) !== -2).length, ALL),
  PTTL: read(({ keyspace }, [key = '']) => keyspace.timeToLive(key)),
  PEXPIRE: write(({ keyspace, now }, [key = '', ms]) => Number(keyspace.expireAt(key, now() + integer(ms)))),
  PERSIST: write(({ keyspace }, [key = '']) =>
    Number(keyspace.timeToLive(key) >= 0 && keyspace.expireAt(key, Number.POSITIVE_INFINITY)),
  ),
  TIME: read(({ now }) => [String(Math.floor(now() / 1_000)), String(Math.floor((now() % 1_000) * 1_000))], NONE),
  PUBLISH: read(({ publish }, [channel = '', message = '']) => publish(channel, message), NONE),
  FLUSHALL: write(({ keyspace }) => {
    keyspace.clear()
    return OK
  }),
  ZADD: grow(zadd),
  ZSCORE: read(({ keyspace }, [key = '', member = '']) => scoreText(keyspace.sortedSet(key)?.get(member))),
  ZCARD: read(({ keyspace }, [key = '']) => keyspace.sortedSet(key)?.size ?? 0),
  ZRANGE: read(({ keyspace }, [key = '', from, to, option]) => {
    const members = window(ranked(keyspace.sortedSet(key)), integer(from), integer(to))
    return listed(members, option?.toUpperCase() === 'WITHSCORES')
  }),
  ZREVRANGEBYSCORE: read(zrevrangebyscore),
  ZRANGEBYSCORE: read(({ keyspace }, [key = '', min, max, ...options]) =>
    listed(between(keyspace.sortedSet(key), min, max), options[0]?.toUpperCase() === 'WITHSCORES'),
  ),
  ZREM: write(({ keyspace }, [key = '', ...members]) => removeMembers(keyspace, key, members)),
  ZREMRANGEBYSCORE: write(({ keyspace }, [key = '', min, max]) => {
    const gone = between(keyspace.sortedSet(key), min, max)
    return removeMembers(keyspace, key, membersOf(gone))
  }),
  ZREMRANGEBYRANK: write(({ keyspace }, [key = '', from, to]) => {
    const gone = window(ranked(keyspace.sortedSet(key)), integer(from), integer(to))
    return removeMembers(keyspace, key, membersOf(gone))
  }),
}

const membersOf = (scored: Scored) => scored.map(([member]) => member)

/** Answers how many were there. The last one takes the key along. */
function removeMembers(keyspace: Keyspace, key: string, gone: readonly string[]): number {
  const members = keyspace.sortedSet(key)
  const removed = gone.filter((member) => members?.delete(member)).length
  if (members?.size === 0) keyspace.remove(key)
  else if (removed > 0) keyspace.touch(key)
  return removed
}

/** The members from one score to another, in order; `(` leaves the end itself out. */
function between(members: SortedSet | undefined, min: string | undefined, max: string | undefined): Scored {
  const [low, high] = [bound(min), bound(max)]
  return ranked(members).filter(
    ([, score]) => (low.isOut ? score > low.at : score >= low.at) && (high.isOut ? score < high.at : score <= high.at),
  )
}

function bound(text: string | undefined): { readonly at: number; readonly isOut: boolean } {
  const isOut = text?.startsWith('(') === true
  return { at: number(isOut ? text?.slice(1) : text), isOut }
}

function stringOrNull(keyspace: Keyspace, key: string): string | null {
  try {
    return keyspace.string(key) ?? null
  } catch {
    return null
  }
}

function set({ keyspace, now }: CommandContext, [key = '', value = '', option, ms]: readonly string[]): Reply {
  if (option === undefined) keyspace.put(key, value)
  else if (option.toUpperCase() !== 'PX') throw new ErrorReply('ERR syntax error')
  else if (integer(ms) <= 0) throw new ErrorReply("ERR invalid expire time in 'set' command")
  else keyspace.put(key, value, now() + integer(ms))
  return OK
}

function setRange({ keyspace }: CommandContext, [key = '', offset, part = '']: readonly string[]): Reply {
  const at = integer(offset)
  const old = keyspace.string(key)
  if (part === '') return old?.length ?? 0
  const padded = (old ?? '').padEnd(at, '\0')
  const value = padded.slice(0, at) + part + padded.slice(at + part.length)
  keyspace.change(key, value)
  return value.length
}

function zadd({ keyspace }: CommandContext, [key = '', ...pairs]: readonly string[]): Reply {
  const members: SortedSet = keyspace.sortedSet(key) ?? new Map()
  const before = members.size
  let changed = false
  for (let at = 0; at < pairs.length; at += 2) {
    const [score, member] = [number(pairs[at]), pairs[at + 1] as string]
    changed ||= members.get(member) !== score
    members.set(member, score)
  }
  if (before === 0) keyspace.put(key, members)
  else if (changed) keyspace.touch(key)
  return members.size - before
}

function zrevrangebyscore({ keyspace }: CommandContext, [key = '', max, min, ...options]: readonly string[]): Reply {
  const members = between(keyspace.sortedSet(key), min, max).toReversed()
  const upper = options.map((option) => option.toUpperCase())
  const limit = upper.indexOf('LIMIT')
  const [offset, count] = limit < 0 ? [0, members.length] : [integer(options[limit + 1]), integer(options[limit + 2])]
  return listed(members.slice(offset, offset + count), upper.includes('WITHSCORES'))
}

type Scored = readonly (readonly [member: string, score: number])[]

function ranked(members: SortedSet | undefined): [string, number][] {
  return [...(members ?? [])].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1))
}

function listed(members: Scored, withScores: boolean): Reply {
  return members.flatMap(([member, score]) => (withScores ? [member, scoreText(score) as string] : [member]))
}

function window<T>(list: readonly T[], from: number, to: number): T[] {
  const at = (index: number) => (index < 0 ? list.length + index : index)
  return list.slice(Math.max(0, at(from)), Math.max(0, at(to) + 1))
}

function range(text: string, from: number, to: number): string {
  // Both counted from the end and the wrong way round: nothing, before either is clamped to the beginning.
  if (from < 0 && to < 0 && from > to) return ''
  const at = (index: number) => Math.max(0, index < 0 ? text.length + index : index)
  return text.slice(at(from), at(to) + 1)
}

function scoreText(score: number | undefined): string | null {
  return score === undefined ? null : String(score)
}

function number(text: string | undefined): number {
  const value = text === '+inf' ? Number.POSITIVE_INFINITY : text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text)
  if (text === undefined || text === '' || Number.isNaN(value)) throw new ErrorReply('ERR value is not a valid float')
  return value
}

function integer(text: string | undefined): number {
  if (text === undefined || !/^-?\d+$/.test(text)) throw new ErrorReply('ERR value is not an integer or out of range')
  return Number(text)
}
