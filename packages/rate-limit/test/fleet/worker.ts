/** One process of a fleet: calls a limit set from many places at once and reports what it was admitted, and when. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Duration } from '@granary/core'
import { concurrency, createRateLimiter, window } from '../../src/index.ts'
import { SILENT } from '../support/limiter.ts'
import { Stopwatch } from '../support/stopwatch.ts'
import type { Task, WorkerReport } from './task.ts'

const task = JSON.parse(process.argv[2] as string) as Task
const limiter = createRateLimiter({ redis: task.url, namespace: 'fleet', logger: SILENT, replicas: task.processes })
await limiter.ready()
process.send?.('ready')
await new Promise((resolve) => process.once('message', resolve))

const end = performance.now() + task.milliseconds
const report: WorkerReport = { admissions: [], spans: [], calls: 0, slowest: 0 }
const watch = new Stopwatch()

if (task.kind === 'calls') {
  const set = limiter.define('shared', {
    limits: { window: window(task.limit, task.length as Duration) },
    deadline: task.deadline,
  })
  const call = async () => {
    while (performance.now() < end) {
      const decision = await watch.time(() => set.check('everybody'))
      report.calls += 1
      if (decision.ok) report.admissions.push({ at: Math.round(decision.at * 1000), source: decision.source })
      else await pause(Math.min(decision.retryAfterMs, 25))
    }
  }
  await Promise.all(Array.from({ length: task.inFlight }, call))
} else {
  const set = limiter.define('places', {
    limits: { live: concurrency(task.limit, { lease: task.length as Duration }) },
  })
  const hold = async () => {
    while (performance.now() < end) {
      report.calls += 1
      const place = await set.reserve('everybody')
      if (place.ok) {
        const from = Math.round(place.at * 1000)
        if (task.kind === 'die') {
          process.send?.('holding')
          await pause(60_000)
        }
        await pause(1 + Math.random() * 8)
        report.spans.push({ from, to: Date.now() * 1000 })
        await place.settle()
      } else await pause(Math.random() * 4)
    }
  }
  await Promise.all(Array.from({ length: task.inFlight }, hold))
}

report.slowest = watch.stop()
process.send?.(report)
await limiter.close()
process.disconnect?.()
