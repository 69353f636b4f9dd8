import type { ChildProcess } from 'node:child_process'
import { discard } from './leash.ts'
import { RedisMonitor } from './monitor.ts'
import { type RedisAddress, RedisLine } from './redis-line.ts'
import { end, hasEnded, launch, type RedisProcessPlan } from './redis-process.ts'
import { asText, type RedisArgument, type RedisReply } from './resp.ts'

/** Reads and changes a running server's configuration. */
export interface RedisConfig {
  /** The value of one parameter, or undefined when the server does not know it. */
  get(parameter: string): Promise<string | undefined>
  /** Sets one parameter until the next restart. */
  set(parameter: string, value: string | number): Promise<void>
}

/** A real Redis server that a test started and steers: it can be killed, frozen and brought back on the same port. */
export class RedisServer implements AsyncDisposable {
  /** The loopback address it listens on. */
  readonly host: string
  /** The port it listens on; the same after a restart. */
  readonly port: number
  /** The address as a client takes it, the password included: `redis://:password@127.0.0.1:16379`. */
  readonly url: string
  /** Configuration of the running server. */
  readonly config: RedisConfig = {
    get: async (parameter) => ((await this.command('CONFIG', 'GET', parameter)) as string[])[1],
    set: async (parameter, value) => void (await this.command('CONFIG', 'SET', parameter, value)),
  }
  readonly #plan: RedisProcessPlan
  readonly #monitors = new Set<RedisMonitor>()
  readonly #addresses = new Set<string>()
  #process: ChildProcess
  #paused = false
  #line: Promise<RedisLine> | undefined

  private constructor(plan: RedisProcessPlan, process: ChildProcess) {
    this.#plan = plan
    this.#process = process
    this.host = plan.address.host
    this.port = plan.address.port
    this.url = urlOf(plan.address)
  }

  /** @internal Use {@link startRedis}. */
  static async start(plan: RedisProcessPlan): Promise<RedisServer> {
    try {
      return new RedisServer(plan, await launch(plan))
    } catch (error) {
      discard(plan.folder)
      throw error
    }
  }

  /** The server's current process. */
  get process(): ChildProcess {
    return this.#process
  }

  /** Whether the process lives and is not frozen. */
  get responsive(): boolean {
    return this.running && !this.#paused
  }

  /** Whether the process lives; a frozen one does. */
  get running(): boolean {
    return !hasEnded(this.#process)
  }

  /**
   * Sends one command on a connection of its own and resolves to the reply: text, a number (bigint past 2^53), null or a
   * list of these. While the server is frozen it waits.
   *
   * @throws {@link RedisReplyError} when Redis answers with an error
   */
  async command(...args: readonly RedisArgument[]): Promise<unknown> {
    return asText(await this.#send(args))
  }

  /** Like {@link command}, with bulk replies as bytes. */
  async commandBytes(...args: readonly RedisArgument[]): Promise<RedisReply> {
    return this.#send(args)
  }

  /** Records the commands that others send from now on. It ends with `stop()` of either. */
  async monitor(): Promise<RedisMonitor> {
    const own = { line: () => this.#connection(), addresses: this.#addresses }
    const monitor = await RedisMonitor.start(this.#plan.address, own)
    this.#monitors.add(monitor)
    return monitor
  }

  /** Freezes the process (SIGSTOP): connections stay open and nothing answers, as in a long pause or a lost network. */
  async pause(): Promise<void> {
    this.#process.kill('SIGSTOP')
    this.#paused = true
  }

  /** Lets a frozen process go on (SIGCONT). */
  async resume(): Promise<void> {
    this.#process.kill('SIGCONT')
    this.#paused = false
  }

  /** Ends the process at once (SIGKILL), as a crash would; resolves when it is gone. {@link restart} brings it back. */
  async kill(): Promise<void> {
    await end(this.#process, 'SIGKILL')
    await this.#hangUp()
  }

  /** Starts the server again on the same port, after stopping it in good order when it runs. Data is there only under `persist`. */
  async restart(): Promise<void> {
    await end(this.#process, 'SIGTERM')
    await this.#hangUp()
    this.#process = await launch(this.#plan)
    this.#paused = false
  }

  /** Ends the process in good order and deletes its folder; data that `persist` saved goes too. */
  async stop(): Promise<void> {
    await end(this.#process, 'SIGTERM')
    await this.#hangUp()
    discard(this.#plan.folder)
  }

  /** Stops the server: `await using redis = await startRedis()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #send(args: readonly RedisArgument[]): Promise<RedisReply> {
    const line = await this.#connection()
    return line.send(args)
  }

  /** The open connection, or a new one when there is none; commands sent at once share it and keep their order. */
  #connection(): Promise<RedisLine> {
    this.#line ??= this.#connect()
    return this.#line
  }

  async #connect(): Promise<RedisLine> {
    const forget = () => {
      this.#line = undefined
    }
    try {
      const line = await RedisLine.open(this.#plan.address)
      this.#addresses.add(line.localAddress)
      line.onEnd = forget
      return line
    } catch (error) {
      forget()
      throw error
    }
  }

  async #hangUp(): Promise<void> {
    for (const monitor of this.#monitors) monitor.stop()
    this.#monitors.clear()
    const line = await this.#line?.catch(() => undefined)
    line?.close()
    this.#line = undefined
  }
}

function urlOf({ host, port, password }: RedisAddress): string {
  return `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}${host}:${port}`
}
