import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Task, WorkerReport } from './task.ts'

const SOURCE = fileURLToPath(new URL('./worker.ts', import.meta.url))
const FOLDER = fileURLToPath(new URL('../../.cache/', import.meta.url))

/** The worker as one plain file: a process that starts from it is up in a tenth of a second. */
async function bundle(): Promise<string> {
  mkdirSync(FOLDER, { recursive: true })
  const outfile = `${FOLDER}worker-${process.pid}.mjs`
  const external = ['ioredis', 'msgpackr', 'lz4-napi']
  await build({
    entryPoints: [SOURCE],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@granary/source'],
    external,
  })
  return outfile
}

const worker = bundle()

/** Real processes that share limits. */
export class Fleet {
  readonly #children: ChildProcess[]
  readonly #reports: Promise<WorkerReport>[]

  private constructor(children: ChildProcess[]) {
    this.#children = children
    this.#reports = children.map(
      (child) =>
        new Promise((resolve, reject) => {
          child.on('message', (message) => {
            if (typeof message === 'object') resolve(message as WorkerReport)
          })
          child.once('exit', (code) => reject(new Error(`A process of the fleet ended with ${code}.`)))
        }),
    )
    for (const report of this.#reports) report.catch(() => {})
  }

  /** Starts the processes; resolves when all of them are connected. */
  static async start(count: number, task: Omit<Task, 'processes'>): Promise<Fleet> {
    const file = await worker
    const children = Array.from({ length: count }, () =>
      fork(file, [JSON.stringify({ ...task, processes: count })], {
        execArgv: [],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      }),
    )
    const fleet = new Fleet(children)
    await Promise.all(children.map((child) => once(child, 'message')))
    return fleet
  }

  /** Lets all processes begin at once. */
  begin(): void {
    for (const child of this.#children) child.send('begin')
  }

  /** Resolves when every process has taken a place. */
  async holding(): Promise<void> {
    await Promise.all(this.#children.map((child) => once(child, 'message')))
  }

  /** Kills every process, as a crash would. */
  async crash(): Promise<void> {
    await Promise.all(
      this.#children.map((child) => {
        child.kill('SIGKILL')
        return once(child, 'exit')
      }),
    )
  }

  /** What each process reports when it is done. */
  reports(): Promise<WorkerReport[]> {
    return Promise.all(this.#reports)
  }
}
