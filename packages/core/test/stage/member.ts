import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import type { CacheOptions, Receipt, RedisTierOptions } from '../../src/index.ts'
import type { MemberRequest, Sighting } from '../programs/member.ts'

const PROGRAM = fileURLToPath(new URL('../programs/member.ts', import.meta.url))
const FLAGS = ['--conditions=@granary/source', '--import=tsx']

type Incoming =
  | { readonly answer: number; readonly value?: unknown; readonly error?: string }
  | { readonly load: number; readonly id: number }

/** Another process with a cache; its loads are answered by this one. */
export class Member {
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  #asked = 0

  private constructor(process: ChildProcess, load: (id: number) => Promise<unknown>) {
    this.#process = process
    process.on('message', (message: Incoming) => {
      if ('load' in message) void this.#load(message, load)
      else this.#settle(message)
    })
  }

  /** Starts a process and resolves when its cache is ready. */
  static async start(options: CacheOptions, load: (id: number) => Promise<unknown>): Promise<Member> {
    const process = fork(PROGRAM, [JSON.stringify(options)], { execArgv: FLAGS, serialization: 'advanced' })
    const member = new Member(process, load)
    const ready = new Promise((resolve, reject) => member.#waiting.set(0, { resolve, reject }))
    await ready
    return member
  }

  /** So many callers at once read one row. */
  read(id: number, callers = 1): Promise<unknown[]> {
    return this.#ask({ do: 'read', id, callers }) as Promise<unknown[]>
  }

  /** Reads one row again and again for so long. */
  watch(id: number, ms: number): Promise<Sighting[]> {
    return this.#ask({ do: 'watch', id, ms }) as Promise<Sighting[]>
  }

  get(id: number): Promise<unknown> {
    return this.#ask({ do: 'get', id })
  }

  set(id: number, value: unknown): Promise<unknown> {
    return this.#ask({ do: 'set', id, value })
  }

  delete(id: number): Promise<Receipt> {
    return this.#ask({ do: 'delete', id }) as Promise<Receipt>
  }

  /** Freezes the process. */
  pause(): void {
    this.#process.kill('SIGSTOP')
  }

  /** Lets a frozen process go on. */
  resume(): void {
    this.#process.kill('SIGCONT')
  }

  /** Ends the process at once, as a crash would. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
  }

  #ask(request: MemberRequest): Promise<unknown> {
    const ask = ++this.#asked
    return new Promise((resolve, reject) => {
      this.#waiting.set(ask, { resolve, reject })
      this.#process.send({ ask, request })
    })
  }

  #settle({ answer, value, error }: Extract<Incoming, { answer: number }>): void {
    const waiting = this.#waiting.get(answer)
    this.#waiting.delete(answer)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject(new Error(error))
  }

  async #load({ load: loaded, id }: Extract<Incoming, { load: number }>, load: (id: number) => Promise<unknown>) {
    const reply = await load(id).then(
      (value) => ({ loaded, value }),
      (error) => ({ loaded, error: String(error) }),
    )
    if (this.#process.connected) this.#process.send(reply, () => {})
  }
}

/** What loads a row for one of several processes. */
export type Load = (id: number, by: number) => Promise<unknown>

/** Several processes of one application, started once for a file. */
export class Fleet {
  members: readonly Member[] = []
  /** Answers the loads of all; a test puts its own here. */
  load: Load = async () => undefined
}

/** Starts so many processes before the first test and ends them after the last; where Redis is, is asked when they start. */
export function useFleet(
  client: () => RedisTierOptions['client'],
  count: number,
  options: Partial<RedisTierOptions> & Pick<CacheOptions, 'maxStaleness' | 'coherence'>,
): Fleet {
  const { maxStaleness = '1s', coherence = 'bus', ...redis } = options
  const fleet = new Fleet()
  beforeAll(async () => {
    const cache = {
      namespace: 'fleet',
      maxStaleness,
      coherence,
      redis: { client: client(), callBudget: '2s', ...redis },
    } as const
    fleet.members = await Promise.all(
      Array.from({ length: count }, (_, by) => Member.start(cache as CacheOptions, (id) => fleet.load(id, by))),
    )
  })
  afterAll(() => Promise.all(fleet.members.map((member) => member.kill())))
  return fleet
}
