import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Record } from '../history/record.ts'
import type { Order, Told } from './messages.ts'

/** A worker as its director sees it: a real process, which can be stopped, continued and killed. */
export class WorkerProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (error: string | undefined) => void>()
  #orders = 0
  /** Where what it writes down goes. */
  onRecords: (records: readonly Record[]) => void = () => {}

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (told: Told) => this.#hear(told))
    child.on('exit', () => {
      for (const settle of this.#waiting.values()) settle(undefined)
      this.#waiting.clear()
    })
  }

  /** Starts one and resolves when it listens. */
  static async start(program: string): Promise<WorkerProcess> {
    const child = fork(program, [], {
      execArgv: ['--enable-source-maps'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const worker = new WorkerProcess(child)
    await once(child, 'message')
    return worker
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Gives an order; resolves when it is carried out, or the process has ended. */
  async tell(order: Order): Promise<void> {
    if (!this.running) return
    const number = this.#orders++
    const error = await new Promise<string | undefined>((resolve) => {
      this.#waiting.set(number, resolve)
      this.#child.send({ order, number }, (failed) => {
        if (failed !== null) resolve(undefined)
      })
    })
    this.#waiting.delete(number)
    if (error !== undefined) throw new Error(`a worker could not ${order.kind}: ${error}`)
  }

  /** SIGSTOP. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  /** SIGCONT. */
  resume(): void {
    this.#child.kill('SIGCONT')
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    if (!this.running) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  #hear(told: Told): void {
    if (told.kind === 'wrote') this.onRecords(told.records)
    if (told.kind === 'done') this.#waiting.get(told.order)?.(told.error)
  }
}
