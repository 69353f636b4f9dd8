import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('./programs/hold-a-server.ts', import.meta.url))

interface Held {
  readonly pid: number
  readonly folder: string
}

const lives = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function startProgram(ending: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', program, ending], { stdio: ['ignore', 'pipe', 'ignore'] })
  const exited = once(child, 'exit')
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, exited, held: JSON.parse(line) as Held }
}

async function expectGone({ pid, folder }: Held) {
  for (let attempt = 0; attempt < 200 && (lives(pid) || existsSync(folder)); attempt++) await wait(20)
  expect(lives(pid)).toBe(false)
  expect(existsSync(folder)).toBe(false)
}

test.concurrent('a server that was never stopped does not keep its test process alive, and ends with it', async () => {
  const { exited, held } = await startProgram('return')
  expect(await exited).toEqual([0, null])
  await expectGone(held)
})

test.concurrent('a server ends with a test process that throws', async () => {
  const { exited, held } = await startProgram('throw')
  expect(await exited).toEqual([1, null])
  await expectGone(held)
})

test.concurrent.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
  'a server ends with a test process that gets %s',
  async (signal) => {
    const { child, exited, held } = await startProgram('stay')
    expect(lives(held.pid)).toBe(true)
    child.kill(signal)
    expect(await exited).toEqual([null, signal])
    await expectGone(held)
  },
)
