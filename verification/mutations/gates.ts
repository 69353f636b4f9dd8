import type { Mutation } from './mutation.ts'
import { SMALL_TABLES } from './patch.ts'

/** The gate, the queue, and what callers wait for. */
export const GATES: readonly Mutation[] = [
  {
    name: "gate opened at 'ready'",
    faults: ['deferral'],
    patches: [
      {
        file: 'core/src/redis/supervisor.ts',
        find: '    link.adopt(hello)\n',
        replace: '    link.adopt(hello)\n    link.open(sentAt)\n',
      },
    ],
  },
  {
    name: 'no replay',
    faults: ['cut', 'partition', 'hang'],
    patches: [
      {
        file: 'core/src/redis/replay.ts',
        find: 'const { left, reading } = await deliver(session, taken, clock.now() + patience)',
        replace: 'const left = [], reading = undefined',
      },
    ],
  },
  {
    name: 'deferred queue dropped on overflow',
    faults: ['cut', 'partition', 'hang'],
    patches: [
      ...SMALL_TABLES,
      {
        file: 'core/src/invalidation/outbound-queue.ts',
        find: '      this.#members = new Set([EVERYTHING])\n',
        replace: '      this.#members = new Set()\n',
      },
    ],
  },
  {
    name: 'a failed invalidation is forgotten',
    faults: ['cut', 'partition', 'hang'],
    patches: [{ file: 'core/src/engine/invalidate.ts', find: '    engine.queue.add(targets)\n', replace: '' }],
  },
  {
    name: 'wake never sent',
    faults: ['waiters'],
    patches: [
      {
        file: 'core/src/redis/script/frame-functions.ts',
        find: "    if has(flags_of(h), 2) then redis.call('PUBLISH', channel, message) end\n",
        replace: '',
      },
    ],
  },
  {
    name: 'a later holder is not asked to wake',
    faults: ['failing-loads', 'waiters'],
    patches: [
      {
        file: 'core/src/engine/lease.ts',
        find: 'return Math.abs(leasedUntil - this.announcedUntil) < 1',
        replace: 'return this.announcedUntil > 0',
      },
    ],
  },
  {
    name: 'serial failing waiters',
    faults: ['failing-loads'],
    patches: [
      { file: 'core/src/engine/lease.ts', find: "    if (wake === 'failed') this.holderFailed = true\n", replace: '' },
    ],
  },
]
