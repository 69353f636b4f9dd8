/** One process of a fleet: calls a limit set from many places at once and reports what it was admitted, and when. */
import { setTimeout as pause } from 'node:timers/promises'
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
    limits: { window: window(task.limit, task.length) },
    deadline: task.deadline,
  })
  const call = async () => {
    for (let round = 0; round < task.rounds || performance.now() < end; round++) {
      const decision = await watch.time(() => set.check('everybody'))
      report.calls += 1
      if (decision.ok) report.admissions.push({ at: Math.round(decision.at * 1000), source: decision.source })
      else await pause(Math.min(decision.retryAfterMs, 25))
    }
  }
  await Promise.all(Array.from({ length: task.inFlight }, call))
} else {
  const set = limiter.define('places', {
    limits: { live: concurrency(task.limit, { lease: task.length }) },
    deadline: task.deadline,
  })
  const hold = async () => {
    for (let held = 0; held < task.rounds || performance.now() < end; ) {
      report.calls += 1
      const place = await set.reserve('everybody')
      if (place.ok) {
        const from = Math.round(place.at * 1000)
        await pause(1 + Math.random() * 8)
        report.spans.push({ from, to: Date.now() * 1000, source: place.source })
        await place.settle()
        held += 1
      } else await pause(Math.random() * 4)
    }
  }
  // Whoever is to die holds a place and renews it, until then.
  const hang = () =>
    set.run('everybody', async () => {
      process.send?.('holding')
      await pause(600_000)
    })
  await Promise.all(Array.from({ length: task.inFlight }, task.kind === 'die' ? hang : hold))
}

report.slowest = watch.stop()
process.send?.(report)
await limiter.close()
process.disconnect?.()
