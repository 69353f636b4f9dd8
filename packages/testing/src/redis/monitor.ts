import { randomUUID } from 'node:crypto'
import { type RedisAddress, RedisLine } from './redis-line.ts'
import { asText } from './resp.ts'

/** One command as a server saw it. */
export interface MonitoredCommand {
  /** The command's name in capitals, as in `GET`. */
  readonly name: string
  /** All its words, the name first; bytes that are not ASCII appear as Latin-1 characters. */
  readonly args: readonly string[]
  /** The server's Unix time in milliseconds, with a fraction. */
  readonly at: number
  /** The database number. */
  readonly database: number
  /** The sender's `host:port`, or `lua` for a command that a script ran. */
  readonly from: string
}

/** How a server sends the commands of its own `command()`. */
export interface OwnCommands {
  /** The open connection for them. */
  readonly line: () => Promise<RedisLine>
  /** The `host:port` of every connection that was ever used for them. */
  readonly addresses: ReadonlySet<string>
}

/**
 * A record of the commands that a server runs, made with Redis' own `MONITOR`. Commands of the server's `command()` are left
 * out: the record shows what the code under test sent. `MONITOR` itself hides passwords and administrative commands.
 */
export class RedisMonitor {
  readonly #line: RedisLine
  readonly #own: OwnCommands
  readonly #commands: MonitoredCommand[] = []
  readonly #marks = new Map<string, () => void>()

  private constructor(line: RedisLine, own: OwnCommands) {
    this.#line = line
    this.#own = own
  }

  /** @internal Use {@link RedisServer.monitor}. */
  static async start(address: RedisAddress, own: OwnCommands): Promise<RedisMonitor> {
    const line = await RedisLine.open(address)
    const monitor = new RedisMonitor(line, own)
    line.onUnasked = (reply) => monitor.#record(String(asText(reply)))
    await line.send(['MONITOR'])
    return monitor
  }

  /** The commands that clients sent so far, in order; with `scripts: true` also those that scripts ran. */
  async commands(options: { readonly scripts?: boolean } = {}): Promise<readonly MonitoredCommand[]> {
    await this.#catchUp()
    return this.#commands.filter(
      ({ from }) => !this.#own.addresses.has(from) && (options.scripts === true || from !== 'lua'),
    )
  }

  /** How many commands clients sent so far, or how many of one name. */
  async count(name?: string): Promise<number> {
    const commands = await this.commands()
    return name === undefined
      ? commands.length
      : commands.filter((command) => command.name === name.toUpperCase()).length
  }

  /** Forgets what was recorded so far. */
  async clear(): Promise<void> {
    await this.#catchUp()
    this.#commands.length = 0
  }

  /** Ends the recording. */
  stop(): void {
    this.#line.close()
  }

  /** The server shows commands to monitors in the order it runs them: after our own mark came by, nothing earlier is missing. */
  async #catchUp(): Promise<void> {
    if (!this.#line.open) return
    const line = await this.#own.line()
    const mark = randomUUID()
    const seen = new Promise<void>((resolve) => {
      this.#marks.set(mark, resolve)
    })
    await line.send(['ECHO', mark])
    await seen
  }

  #record(text: string): void {
    const command = parseMonitorLine(text)
    if (command === undefined) return
    const mark = this.#marks.get(command.args[1] ?? '')
    if (command.name === 'ECHO' && mark !== undefined) {
      this.#marks.delete(command.args[1] as string)
      mark()
    } else this.#commands.push(command)
  }
}

const LINE = /^(\d+\.\d+) \[(\d+) ([^\]]+)\] (.*)$/s
const WORD = /"((?:[^"\\]|\\.)*)"/gs
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' }

/** Reads one line of MONITOR, or returns undefined when it is something else. */
export function parseMonitorLine(text: string): MonitoredCommand | undefined {
  const match = LINE.exec(text)
  if (match === null) return undefined
  const [, seconds, database, from, words] = match as unknown as [string, string, string, string, string]
  const args = [...words.matchAll(WORD)].map((word) => unquote(word[1] as string))
  return { name: (args[0] ?? '').toUpperCase(), args, at: Number(seconds) * 1000, database: Number(database), from }
}

function unquote(word: string): string {
  return word.replace(/\\(x[0-9a-f]{2}|.)/gis, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code),
  )
}
