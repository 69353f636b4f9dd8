import { createHash } from 'node:crypto'
import { COMMANDS, type CommandContext, type Reply, Status } from './commands.ts'
import { ErrorReply, Keyspace } from './keyspace.ts'
import { runScript } from './script.ts'
import { PUSH_CHANNEL, type Subscriber, Tracking } from './tracking.ts'

/** One life of a Redis server, as far as the cache can tell: commands run one after the other, scripts without interruption. */
export class ModelServer {
  readonly keyspace: Keyspace
  /** Whether `maxmemory` is reached under `noeviction`. */
  full = false
  #runId: string
  #scripts = new Map<string, string>()
  #subscribers = new Map<string, Set<Subscriber>>()
  #tracking = new Tracking((connection) => this.#listens(connection))
  readonly #context: Omit<CommandContext, 'read'>

  constructor(now: () => number, runId: string) {
    this.#runId = runId
    const clock = () => Math.floor(now())
    this.keyspace = new Keyspace(clock, (key) => this.#tracking.written(key))
    this.#context = {
      keyspace: this.keyspace,
      now: clock,
      publish: (channel, message) => this.#publish(channel, message),
    }
  }

  /** Differs after a restart. */
  get runId(): string {
    return this.#runId
  }

  /** Runs a command for a connection. Throws {@link ErrorReply} for an error reply. */
  execute(from: Subscriber, name: string, args: readonly string[]): Reply {
    return this.#tracking.during(from, () => this.#execute(from, name, args))
  }

  #execute(from: Subscriber, name: string, args: readonly string[]): Reply {
    switch (name.toUpperCase()) {
      case 'EVAL':
        return this.#evaluate(from, args[0] as string, args)
      case 'EVALSHA': {
        const source = this.#scripts.get(args[0] as string)
        if (source === undefined) throw new ErrorReply('NOSCRIPT No matching script. Please use EVAL.')
        return this.#evaluate(from, source, args)
      }
      case 'SCRIPT':
        this.forgetScripts()
        return new Status('OK')
      case 'INFO':
        return `# Server\r\nredis_version:7.0.15\r\nrun_id:${this.#runId}\r\n`
      case 'SUBSCRIBE':
        for (const channel of args) this.#subscribersOf(channel).add(from)
        return args.length
      case 'CLIENT':
        return this.#client(from, args)
      case 'FLUSHALL':
        this.flush()
        return new Status('OK')
      default:
        return this.#run(from, name, args)
    }
  }

  /** A connection is gone. */
  forget(connection: Subscriber): void {
    for (const subscribers of this.#subscribers.values()) subscribers.delete(connection)
    this.#tracking.forget(connection)
  }

  /** What FLUSHALL does. */
  flush(): void {
    this.keyspace.clear()
    this.#tracking.flushed()
  }

  /** A new process on the same address: another run id, no scripts, no connections; data as given, or none. */
  restart(runId: string, data?: ReturnType<Keyspace['snapshot']>): void {
    this.#runId = runId
    this.#scripts = new Map()
    this.#subscribers = new Map()
    this.#tracking = new Tracking((connection) => this.#listens(connection))
    this.full = false
    if (data === undefined) this.keyspace.clear()
    else this.keyspace.restore(data)
  }

  /** What SCRIPT FLUSH does. */
  forgetScripts(): void {
    this.#scripts.clear()
  }

  #client(from: Subscriber, [command = '', ...args]: readonly string[]): Reply {
    if (command.toUpperCase() === 'ID') return this.#tracking.idOf(from)
    const [on, redirect, id] = args
    if (command.toUpperCase() !== 'TRACKING' || on?.toUpperCase() !== 'ON' || redirect?.toUpperCase() !== 'REDIRECT')
      throw new ErrorReply(`ERR CLIENT ${command} is not modelled`)
    this.#tracking.redirect(from, Number(id))
    return new Status('OK')
  }

  #listens(connection: Subscriber): boolean {
    return this.#subscribers.get(PUSH_CHANNEL)?.has(connection) === true
  }

  #run(from: Subscriber, name: string, args: readonly string[]): Reply {
    const command = COMMANDS[name.toUpperCase()]
    if (command === undefined) throw new ErrorReply(`ERR unknown command '${name}'`)
    if (this.full && command.needsMemory)
      throw new ErrorReply("OOM command not allowed when used memory > 'maxmemory'.")
    const reply = command.run(this.#contextOf(from), args)
    this.#tracking.remember(from, command.keys(args))
    return reply
  }

  /** Commands run for a connection, which is told later of what it read. */
  #contextOf(from: Subscriber): CommandContext {
    return { ...this.#context, read: (keys) => this.#tracking.remember(from, keys) }
  }

  #evaluate(from: Subscriber, source: string, [, count, ...rest]: readonly string[]): Reply {
    const digest = digestOf(source)
    this.#scripts.set(digest, source)
    const keys = Number(count)
    return runScript(this.#contextOf(from), {
      source,
      keys: rest.slice(0, keys),
      args: rest.slice(keys),
      full: this.full,
    })
  }

  #publish(channel: string, message: string): number {
    const subscribers = this.#subscribersOf(channel)
    for (const subscriber of subscribers) subscriber.receive(channel, message)
    return subscribers.size
  }

  #subscribersOf(channel: string): Set<Subscriber> {
    const known = this.#subscribers.get(channel)
    if (known !== undefined) return known
    const made = new Set<Subscriber>()
    this.#subscribers.set(channel, made)
    return made
  }
}

const digests = new Map<string, string>()

function digestOf(source: string): string {
  const known = digests.get(source)
  if (known !== undefined) return known
  const made = createHash('sha1').update(source).digest('hex')
  digests.set(source, made)
  return made
}
