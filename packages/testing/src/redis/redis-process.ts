import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { TestingError } from '../errors.ts'
import { leash } from './leash.ts'
import { type RedisAddress, RedisLine } from './redis-line.ts'
import { asText } from './resp.ts'

/** How to run one server program. */
export interface RedisProcessPlan {
  readonly binary: string
  /** All its arguments; they must name the folder and {@link LOG}, and not send it to the background. */
  readonly args: readonly string[]
  readonly folder: string
  readonly address: RedisAddress
}

/** The file in its folder to which every server is told to log. */
export const LOG = 'server.log'
const START_PATIENCE = 15_000
const STOP_PATIENCE = 5_000

/** Starts the program in its folder and resolves when it answers. */
export async function launch(plan: RedisProcessPlan): Promise<ChildProcess> {
  mkdirSync(plan.folder, { recursive: true })
  const child = spawn(plan.binary, plan.args, { cwd: plan.folder, stdio: 'ignore' })
  child.unref()
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(startFailed(plan, `cannot be run (${error.message})`, error)))
    child.once('exit', (code, signal) => reject(startFailed(plan, `ended with ${signal ?? `exit code ${code}`}`)))
  })
  failed.catch(() => {})
  if (child.pid !== undefined) leash(child, plan.folder)
  try {
    await Promise.race([answers(plan, child), failed])
    return child
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

/** Sends `signal` and resolves when the process has ended; SIGTERM becomes SIGKILL after 5 s. A frozen one is resumed first. */
export async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (hasEnded(child)) return
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
  })
  child.ref()
  child.kill(signal)
  child.kill('SIGCONT')
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE)
  await ended
  clearTimeout(force)
}

/** Whether the process is gone. */
export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Resolves when *this* process answers: another server may have taken the port first, and ours is then about to end. */
async function answers(plan: RedisProcessPlan, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_PATIENCE
  for (let pause = 2; ; pause = Math.min(pause * 2, 50)) {
    let last: unknown
    try {
      const line = await RedisLine.open(plan.address)
      try {
        await line.send(['PING'])
        const info = asText(await line.send(['INFO', 'server']))
        if (String(info).includes(`process_id:${child.pid}\r`)) return
        last = new Error('another process answers on its port')
      } finally {
        line.close()
      }
    } catch (error) {
      last = error
    }
    if (hasEnded(child)) return
    if (performance.now() > deadline) throw startFailed(plan, `did not answer within ${START_PATIENCE} ms`, last)
    await wait(pause)
  }
}

function startFailed(plan: RedisProcessPlan, what: string, cause?: unknown): TestingError {
  let log = ''
  try {
    log = readFileSync(join(plan.folder, LOG), 'utf8').trim().split('\n').slice(-5).join('\n')
  } catch {
    log = '(it wrote no log)'
  }
  const { host, port } = plan.address
  return new TestingError(
    'REDIS_START_FAILED',
    `${plan.binary} for ${host}:${port} ${what}. Its last lines:\n${log}`,
    cause,
  )
}
