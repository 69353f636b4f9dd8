import { createHash } from 'node:crypto'
import { compileLua } from '../lua/compile.ts'
import { LIBRARIES } from '../lua/runtime.ts'
import { COMMANDS, type CommandContext, type Reply, Status } from './commands.ts'
import { ErrorReply } from './keyspace.ts'

/** A script as it is called. */
export interface ScriptRun {
  readonly source: string
  readonly keys: readonly string[]
  readonly args: readonly string[]
  /** Memory is full: the first write that needs some is refused, later ones of the same script are not. */
  readonly full: boolean
}

/** Runs a script's own source, and converts its result as Redis does. */
export function runScript(context: CommandContext, { source, keys, args, full }: ScriptRun): Reply {
  let wrote = false
  const call = (...words: unknown[]) => {
    const [name = '', ...rest] = words.map(asArgument)
    const command = COMMANDS[name.toUpperCase()]
    if (command === undefined) throw new ErrorReply(`ERR Unknown Redis command called from script: ${name}`)
    if (full && command.needsMemory && !wrote)
      throw new ErrorReply("OOM command not allowed when used memory > 'maxmemory'.")
    if (command.writes) wrote = true
    const reply = command.run(context, rest)
    // Redis 7.0 remembers the keys of the script for each command in it that reads one.
    if (command.keys(rest).length > 0) context.read(keys)
    return toLua(reply)
  }
  const pcall = (...words: unknown[]) => {
    try {
      return call(...words)
    } catch (error) {
      if (!(error instanceof ErrorReply)) throw error
      return { err: error.message }
    }
  }
  const globals = {
    ...LIBRARIES,
    redis: { call, pcall, sha1hex },
    KEYS: [undefined, ...keys],
    ARGV: [undefined, ...args],
  }
  return toReply(compileLua(source)(globals))
}

function sha1hex(text: unknown): string {
  return createHash('sha1').update(asArgument(text), 'latin1').digest('hex')
}

function asArgument(word: unknown): string {
  if (typeof word === 'string') return word
  if (typeof word !== 'number') throw new ErrorReply('ERR Lua redis lib command arguments must be strings or integers')
  return Number.isInteger(word) ? String(word) : String(Number(word.toPrecision(17)))
}

function toLua(reply: Reply): unknown {
  if (reply === null) return false
  if (reply instanceof Status) return { ok: reply.text }
  return Array.isArray(reply) ? [undefined, ...reply.map(toLua)] : reply
}

function toReply(value: unknown): Reply {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return Math.trunc(value)
  if (value === true) return 1
  if (Array.isArray(value)) {
    const end = value.findIndex((item, at) => at > 0 && (item === undefined || item === null))
    return value.slice(1, end < 0 ? undefined : end).map(toReply)
  }
  if (typeof value === 'object' && value !== null) {
    if ('err' in value) throw new ErrorReply(String(value.err))
    if ('ok' in value) return new Status(String(value.ok))
  }
  return null
}
