import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Notice, Order } from './messages.ts'

const PROGRAM = fileURLToPath(new URL('./gateway-process.ts', import.meta.url))
const TSCONFIG = fileURLToPath(new URL('../../tsconfig.json', import.meta.url))

/** Variables for a process; undefined takes one away that the demo itself has. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Several processes of one gateway. */
export class Fleet {
  readonly #members: readonly Member[]

  private constructor(members: readonly Member[]) {
    this.#members = members
  }

  /** Starts `processes` gateways with this environment; resolves when all of them listen. */
  static async start(processes: number, env: Environment): Promise<Fleet> {
    const members = Array.from({ length: processes }, (_, index) => new Member(index, env))
    const fleet = new Fleet(members)
    try {
      await Promise.all(members.map((member) => member.listening))
    } catch (error) {
      await fleet.stop()
      throw error
    }
    return fleet
  }

  /** Where the processes listen, in order. */
  get origins(): string[] {
    return this.#members.map(({ port }) => `http://127.0.0.1:${port}`)
  }

  /** Processes that ended before they were stopped. */
  get lost(): number {
    return this.#members.filter(({ lost }) => lost).length
  }

  /** When each process last said that Redis was lost to it, and in use again; milliseconds, undefined for never. */
  get redisChanges(): { readonly lost: number | undefined; readonly recovered: number | undefined }[] {
    return this.#members.map(({ redis }) => ({ ...redis }))
  }

  /** Tells every process something; resolves when all have done it. */
  async order(order: Omit<Order, 'id'>): Promise<void> {
    await Promise.all(this.#members.map((member) => member.order(order)))
  }

  /** Ends all processes in good order. */
  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()))
  }
}

class Member {
  readonly listening: Promise<void>
  port = 0
  lost = false
  readonly redis: { lost: number | undefined; recovered: number | undefined } = {
    lost: undefined,
    recovered: undefined,
  }
  readonly #child: ChildProcess
  readonly #done = new Map<number, () => void>()
  #orders = 0
  #stopping = false

  constructor(index: number, env: Environment) {
    this.#child = fork(PROGRAM, [], {
      execArgv: ['--conditions=@granary/source', `--import=${import.meta.resolve('tsx')}`],
      env: { ...process.env, ...env, PORT: '0', GATEWAY_DEMO_SEED: String(index + 1), TSX_TSCONFIG_PATH: TSCONFIG },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.listening = new Promise((resolve, reject) => {
      this.#child.on('message', (notice: Notice) => {
        if ('done' in notice) this.#done.get(notice.done)?.()
        if ('redis' in notice) this.redis[notice.redis] = performance.now()
        if (!('listening' in notice)) return
        this.port = notice.listening
        resolve()
      })
      this.#child.once('exit', (code) => {
        this.lost = !this.#stopping
        reject(new Error(`a gateway process ended with code ${code} before it listened`))
      })
    })
  }

  async order(order: Omit<Order, 'id'>): Promise<void> {
    this.#orders += 1
    const id = this.#orders
    await new Promise<void>((resolve) => {
      this.#done.set(id, resolve)
      this.#child.send({ id, ...order })
    })
    this.#done.delete(id)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.disconnect()
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    await exit
    clearTimeout(impatience)
  }
}
