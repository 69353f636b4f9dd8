/** Four processes, 250 callers each, one cold key, a loader of 50 ms: how many loads? */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createCache } from '@granary/core'
import { startRedis } from '@granary/testing'
import { atMost, report } from './lib/report.ts'

const PROCESSES = 4
const CALLERS = 250

if (process.send !== undefined && process.env['STAMPEDE_REDIS'] !== undefined)
  await beOne(process.env['STAMPEDE_REDIS'])
else await beAll()

async function beOne(redis: string): Promise<void> {
  const cache = createCache({ redis, namespace: 'stampede' })
  await cache.ready()
  process.send?.('ready')
  await new Promise((resolve) => process.once('message', resolve))
  let loads = 0
  const startedAt = performance.now()
  const load = async () => {
    loads += 1
    await new Promise((resolve) => setTimeout(resolve, 50))
    return { answer: 42 }
  }
  await Promise.all(Array.from({ length: CALLERS }, () => cache.getOrSet('cold', [1], load, { ttl: '5m' })))
  process.send?.({ loads, took: performance.now() - startedAt })
  await cache.close()
  process.disconnect?.()
}

async function beAll(): Promise<void> {
  const server = await startRedis()
  const children = Array.from({ length: PROCESSES }, () =>
    fork(fileURLToPath(import.meta.url), { env: { ...process.env, STAMPEDE_REDIS: server.url } }),
  )
  await Promise.all(children.map((child) => new Promise((resolve) => child.once('message', resolve))))
  const answers = children.map(
    (child) => new Promise<{ loads: number; took: number }>((resolve) => child.once('message', resolve as never)),
  )
  for (const child of children) child.send('go')
  const results = await Promise.all(answers)
  await server.stop()
  const loads = results.reduce((sum, each) => sum + each.loads, 0)
  report(
    `How many loads for ${PROCESSES} processes x ${CALLERS} callers of one cold key?`,
    results.map(({ loads: own, took }, at) => ({
      process: at + 1,
      loads: own,
      'ms until all were served': Math.round(took),
    })),
    [atMost('loads', loads, 1)],
  )
}
