import type { Mutation } from './mutation.ts'

/** Memory, joining, and the proof that memory is fresh. */
export const MEMORY: readonly Mutation[] = [
  {
    name: 'joiner unchecked',
    faults: ['joiners'],
    patches: [
      { file: 'core/src/engine/get-or-set.ts', find: '    if (!mayHave(op, landing, cameAt)) continue\n', replace: '' },
    ],
  },
  {
    name: 'joiner compared with the last event only',
    faults: ['joiners'],
    patches: [
      {
        file: 'core/src/engine/get-or-set.ts',
        find: 'return landing.tags !== UNKNOWN_TAGS && !wasInvalidated(op, landing.tags, landing.born)',
        replace:
          'const last = op.engine.fences.lastEventOf(landing.tags)\n  return !(landing.born < last && last <= cameAt)',
      },
    ],
  },
  {
    name: 'a strong read is answered from memory',
    faults: ['slow-bus', 'outrun'],
    patches: [
      {
        file: 'core/src/engine/lookup.ts',
        find: 'if (slot === undefined || policy.strong) return undefined',
        replace: 'if (slot === undefined) return undefined',
      },
      {
        file: 'core/src/engine/commit.ts',
        find: 'if (op.policy.strong || flight?.detached) return',
        replace: 'if (flight?.detached) return',
      },
    ],
  },
  {
    name: 'gap detection without heartbeat',
    faults: ['lost-message', 'silent-bus'],
    patches: [
      { file: 'core/src/redis/heartbeat.ts', find: '  if (link.isOpen) void beat()\n', replace: '' },
      {
        file: 'core/src/invalidation/link.ts',
        find: '    if (this.#opensProven) this.freshUntil = provenAt + this.#maxStaleness',
        replace: '    this.freshUntil = Number.POSITIVE_INFINITY',
      },
    ],
  },
  {
    name: 'a gap is overlooked',
    faults: ['lost-message'],
    patches: [
      {
        file: 'core/src/invalidation/link.ts',
        find: "    if (reading.sequence !== this.#sequence + 1) return 'gap'\n",
        replace: '',
      },
    ],
  },
  {
    name: 'memory served without proof',
    faults: ['silent-bus', 'partition', 'pause'],
    patches: [{ file: 'core/src/engine/memory-hits.ts', find: ' && now < this.#link.freshUntil', replace: '' }],
  },
  {
    name: 'time cached per tick',
    faults: ['pause'],
    patches: [
      {
        file: 'core/src/engine/memory-hits.ts',
        find: '    const now = this.#clock.now()\n    if (!this.#isFresh(slot, now))',
        replace: '    const now = coarse(this.#clock)\n    if (!this.#isFresh(slot, now))',
      },
      {
        file: 'core/src/engine/memory-hits.ts',
        find: 'const TIMED_HITS = 1_023\n',
        replace:
          'const TIMED_HITS = 1_023\nconst ticks = new WeakMap<object, number>()\nfunction coarse(clock: { now(): number; schedule(delay: number, run: () => void): unknown }): number {\n  const tick = () => {\n    ticks.set(clock, clock.now())\n    clock.schedule(5, tick)\n  }\n  if (!ticks.has(clock)) tick()\n  return ticks.get(clock) as number\n}\n',
      },
    ],
  },
  {
    name: 'L1 not emptied on disconnect',
    faults: ['cut', 'partition', 'restart'],
    patches: [
      {
        file: 'core/src/redis/connect-redis.ts',
        find: "      if (when === 'entering' || settings.serveL1For === 0) emptyMemory(engine)\n",
        replace: '',
      },
    ],
  },
  {
    name: 'L1 emptied only once',
    faults: ['load-across'],
    patches: [
      {
        file: 'core/src/redis/connect-redis.ts',
        find: "if (when === 'entering' || settings.serveL1For === 0)",
        replace: "if (when === 'leaving')",
      },
    ],
  },
  {
    name: 'messages of others forget nothing',
    faults: ['nothing'],
    patches: [{ file: 'core/src/redis/connect-redis.ts', find: '      applyLocally(engine, targets)\n', replace: '' }],
  },
  {
    name: 'one event per own invalidation',
    faults: ['split-lanes'],
    patches: [
      {
        file: 'core/src/engine/invalidate.ts',
        find: '  applyLocally(engine, targets)\n  fences.end(scopes)',
        replace: '  fences.end(scopes)',
      },
    ],
  },
  {
    name: 'invalid entry used for staleIfError',
    faults: [],
    patches: [
      {
        file: 'core/src/engine/lookup.ts',
        find: 'if (current === false) return outdated(frame, leasedUntil)',
        replace:
          "if (current === false) {\n    const kept = find(op, frame, { born: context.born, now: receivedAt, leasedUntil })\n    return kept.status === 'found' ? { ...kept, freshness: 'kept' } : kept\n  }",
      },
    ],
  },
]
