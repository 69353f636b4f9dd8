import type { Fault } from '../torture/faults.ts'
import { type Patch, SMALL_TABLES } from './patch.ts'

/** A way to break the engine on purpose. The torture has to notice. */
export interface Mutation {
  readonly name: string
  readonly patches: readonly Patch[]
  /** Faults under which it shows; empty: in calm weather. */
  readonly faults: readonly Fault[]
}

const inLua = 'core/src/redis/frame-scripts.ts'
const inMetadata = 'core/src/redis/metadata-scripts.ts'

/** Fences, leases and what a load may store. */
const FENCES: readonly Mutation[] = [
  {
    name: 'commit without token',
    faults: [],
    patches: [
      {
        file: inLua,
        find: `  'commit',\n  \`\${FRAME}\nlocal h = redis.call('GETRANGE', KEYS[1], 0, 47)\nif token_of(h) == ARGV[1] then`,
        replace: `  'commit',\n  \`\${FRAME}\nlocal h = redis.call('GETRANGE', KEYS[1], 0, 47)\nif true then`,
      },
    ],
  },
  {
    name: 'reading noted after the load',
    faults: [],
    patches: [
      {
        file: 'core/src/engine/fly.ts',
        find: 'commit(op, versioned, lease, origin)',
        replace: 'commit(op, versioned, lease, { incarnation: engine.link.incarnation, reading: engine.link.reading })',
      },
    ],
  },
  {
    name: 'fill without the born fence',
    faults: ['slow-replies'],
    patches: [
      {
        file: 'core/src/engine/commit.ts',
        find: '  if (wasInvalidated(op, entry.tags, entry.born)) return\n',
        replace: '',
      },
    ],
  },
  {
    name: 'fill by a detached flight',
    faults: ['slow-replies'],
    patches: [{ file: 'core/src/engine/commit.ts', find: ' || flight?.detached', replace: '' }],
  },
  {
    name: 'hedged load commits',
    faults: ['slow-commands', 'slow-replies'],
    patches: [
      {
        file: 'core/src/engine/fly.ts',
        find: '    const { landing, entry } = harvest(op, loaded, born)\n',
        replace: '    lease ??= await forceLease(op)\n    const { landing, entry } = harvest(op, loaded, born)\n',
      },
    ],
  },
  {
    name: 'renewal of a lost lease continues',
    faults: ['nothing'],
    patches: [
      {
        file: inLua,
        find: `  'renew',\n  \`\${FRAME}\nlocal h = redis.call('GETRANGE', KEYS[1], 0, 47)\nif token_of(h) ~= ARGV[1] then return 0 end`,
        replace: `  'renew',\n  \`\${FRAME}\nlocal h = redis.call('GETRANGE', KEYS[1], 0, 47)\nif #h < 48 then return 0 end\nredis.call('SETRANGE', KEYS[1], 4, ARGV[1])`,
      },
    ],
  },
  {
    name: 'SETRANGE on a missing key',
    faults: ['nothing', 'cut'],
    patches: [
      {
        file: inLua,
        find: `if token_of(h) ~= ARGV[1] then return 0 end\nif has(flags_of(h), 1) then`,
        replace: 'if has(flags_of(h), 1) then',
      },
    ],
  },
  {
    name: 'put overwrites',
    faults: ['nothing'],
    patches: [
      {
        file: inLua,
        find: `  'commit-put',\n  \`\${FRAME}\nlocal h = redis.call('GETRANGE', KEYS[1], 0, 47)\nif token_of(h) == ARGV[1] then`,
        replace: `  'commit-put',\n  \`\${FRAME}\nlocal h = redis.call('GETRANGE', KEYS[1], 0, 47)\nif true then`,
      },
    ],
  },
  {
    name: 'set without deadline',
    faults: ['slow-commands', 'cut', 'partition', 'hang'],
    patches: [{ file: inLua, find: 'if server_now() > tonumber(ARGV[3]) then return 0 end\n', replace: '' }],
  },
  {
    name: 'set tells nobody',
    faults: ['nothing'],
    patches: [
      {
        file: 'core/src/redis/redis-tier.ts',
        find: "if (Number(written) !== 1) throw new RedisUnavailable('deadline')\n    await session.bump({ keys: [address], members: [] }, deadline, false)",
        replace: "if (Number(written) !== 1) throw new RedisUnavailable('deadline')",
      },
    ],
  },
]

/** Tags by clock, and the metadata that lives and dies together. */
const CLOCKS: readonly Mutation[] = [
  {
    name: 'clock not read with the entry',
    faults: ['slow-bus', 'silent-bus'],
    patches: [
      {
        file: 'core/src/engine/lookup.ts',
        find: 'return clock.tagClock > link.reading || link.unknown',
        replace: 'return link.unknown',
      },
    ],
  },
  {
    name: 'absent record = valid',
    faults: ['restart', 'cut', 'crash'],
    patches: [
      ...SMALL_TABLES,
      {
        file: 'core/src/invalidation/link.ts',
        find: 'return reading >= this.#horizon ? [] : members.filter((member) => !this.#records.has(member))',
        replace: 'return []',
      },
    ],
  },
  {
    name: 'record behind the clock',
    faults: ['nothing'],
    patches: [
      {
        file: inMetadata,
        find: "redis.call('ZADD', KEYS[2], c, ARGV[i])",
        replace: "redis.call('ZADD', KEYS[2], c - 1, ARGV[i])",
      },
    ],
  },
  {
    name: 'life ignored',
    faults: ['restart'],
    patches: [
      { file: inMetadata, find: 'if not inc or life ~= ARGV[2] or not mark', replace: 'if not inc or not mark' },
      { file: 'serialization/src/frame/read-frame.ts', find: 'this.#same(FRAME.life, life) && ', replace: '' },
    ],
  },
  {
    name: 'incarnation ignored',
    faults: ['metadata'],
    patches: [{ file: 'serialization/src/frame/read-frame.ts', find: ' && this.#same(FRAME.inc, inc)', replace: '' }],
  },
  {
    name: 'clock and records not tied',
    faults: ['metadata'],
    patches: [
      {
        file: inMetadata,
        find: 'or not mark or tonumber(mark) ~= -tonumber(inc) then\n  inc, c, n',
        replace: 'then\n  inc, c, n',
      },
      {
        file: inMetadata,
        find: "if inc ~= ARGV[1] or not mark or tonumber(mark) ~= -tonumber(inc) then return 'lost' end",
        replace: "if inc ~= ARGV[1] then return 'lost' end",
      },
    ],
  },
  {
    name: 'tag script without allow-oom',
    faults: ['full'],
    patches: [{ file: inMetadata, find: "redis.call('DEL', KEYS[3])\nlocal clock", replace: 'local clock' }],
  },
  {
    name: 'prune without floor',
    faults: ['nothing', 'crash', 'cut'],
    patches: [
      ...SMALL_TABLES,
      { file: inMetadata, find: '    floor = math.max(floor, tonumber(last[2]))\n', replace: '' },
    ],
  },
  {
    name: 'horizon not raised by pruning',
    faults: ['nothing', 'slow-bus'],
    patches: [
      ...SMALL_TABLES,
      {
        file: 'core/src/invalidation/link.ts',
        find: '      this.#horizon = Math.max(this.#horizon, record)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'forgotten tag events are no events',
    faults: ['nothing', 'slow-replies'],
    patches: [
      ...SMALL_TABLES,
      {
        file: 'core/src/invalidation/fences.ts',
        find: '      this.#floor = Math.max(this.#floor, event)\n',
        replace: '',
      },
    ],
  },
]

/** Memory, joining, and the proof that memory is fresh. */
const MEMORY: readonly Mutation[] = [
  {
    name: 'joiner unchecked',
    faults: [],
    patches: [
      { file: 'core/src/engine/get-or-set.ts', find: '    if (!mayHave(op, landing, cameAt)) continue\n', replace: '' },
    ],
  },
  {
    name: 'joiner compared with the last event only',
    faults: [],
    patches: [
      {
        file: 'core/src/engine/get-or-set.ts',
        find: "return landing.source === 'l1' || cameAt <= landing.born || !wasInvalidated(op, landing.tags, landing.born)",
        replace:
          "const last = op.engine.fences.lastEventOf(landing.tags)\n  return landing.source === 'l1' || !(landing.born < last && last <= cameAt)",
      },
    ],
  },
  {
    name: 'gap detection without heartbeat',
    faults: ['lost-message', 'silent-bus'],
    patches: [
      { file: 'core/src/redis/supervisor.ts', find: '    if (link.isOpen) void beat()\n', replace: '' },
      {
        file: 'core/src/invalidation/link.ts',
        find: '    this.#open = true\n    this.freshUntil = provenAt + this.#maxStaleness',
        replace: '    this.#open = true\n    this.freshUntil = Number.POSITIVE_INFINITY',
      },
    ],
  },
  {
    name: 'memory served without proof',
    faults: ['silent-bus', 'partition', 'pause'],
    patches: [{ file: 'core/src/cached-name.ts', find: ' || now >= engine.link.freshUntil', replace: '' }],
  },
  {
    name: 'time cached per tick',
    faults: ['pause'],
    patches: [
      {
        file: 'core/src/cached-name.ts',
        find: '    const now = engine.clock.now()\n    if (now >= resident.freshUntil',
        replace: '    const now = coarse(engine.clock)\n    if (now >= resident.freshUntil',
      },
      {
        file: 'core/src/cached-name.ts',
        find: 'const NOTHING = () => undefined\n',
        replace:
          'const NOTHING = () => undefined\nconst ticks = new WeakMap<object, number>()\nfunction coarse(clock: { now(): number; schedule(delay: number, run: () => void): unknown }): number {\n  const tick = () => {\n    ticks.set(clock, clock.now())\n    clock.schedule(5, tick)\n  }\n  if (!ticks.has(clock)) tick()\n  return ticks.get(clock) as number\n}\n',
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
    faults: ['cut', 'partition', 'restart'],
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
        find: 'if (current === false) return absent()',
        replace:
          "if (current === false) {\n    const kept = find(op, frame, { ...context, bytes, leasedUntil, remote })\n    return kept.status === 'found' ? { ...kept, freshness: 'kept' } : kept\n  }",
      },
    ],
  },
]

/** The gate, the queue, and what callers wait for. */
const GATES: readonly Mutation[] = [
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
        find: '        await session.bump(targets, clock.now() + patience)\n',
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
    name: 'serial failing waiters',
    faults: ['failing-loads'],
    patches: [
      { file: 'core/src/engine/lease.ts', find: "    if (wake === 'failed') this.holderFailed = true\n", replace: '' },
    ],
  },
]

/** All of them. */
export const MUTATIONS: readonly Mutation[] = [...FENCES, ...CLOCKS, ...MEMORY, ...GATES]
