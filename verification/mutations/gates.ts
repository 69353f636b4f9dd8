import type { Mutation } from './mutation.ts'
import { SMALL_TABLES } from './patch.ts'

const inLua = 'core/src/redis/script/frame-scripts.ts'

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
        file: 'core/src/redis/supervisor.ts',
        find: '        reading = await session.bump(targets, clock.now() + patience)\n',
        replace: '',
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
    faults: [],
    patches: [
      {
        file: inLua,
        find: `  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\n  if has(flags_of(h), 2) then redis.call('PUBLISH', ARGV[4], ARGV[5]) end\n  return 1\nend\nif version_of(h) == ARGV[1] then return 1 end`,
        replace: `  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\n  return 1\nend\nif version_of(h) == ARGV[1] then return 1 end`,
      },
    ],
  },
  {
    name: 'a later holder is not asked to wake',
    faults: ['failing-loads'],
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
