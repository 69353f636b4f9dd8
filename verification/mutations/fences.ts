import type { Mutation } from './mutation.ts'

const inLua = 'core/src/redis/script/frame-scripts.ts'
const inMetadataLua = 'core/src/redis/script/metadata-scripts.ts'

/** Fences, leases and what a load may store. */
export const FENCES: readonly Mutation[] = [
  {
    name: 'commit without token',
    faults: [],
    patches: [
      {
        file: inLua,
        find: 'return store_under_lease(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]) and 1 or 0',
        replace:
          "store_under_lease(KEYS[1], token_of(redis.call('GETRANGE', KEYS[1], 0, 47)), ARGV[2], ARGV[3], ARGV[4], ARGV[5])\nreturn 1",
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
    name: 'a read without promises fills past its fence',
    faults: ['overtaken'],
    patches: [
      {
        file: 'core/src/engine/fly.ts',
        find: '    const landing = land(op, flight, find, receivedAt)\n    op.engine.flights.remove(flight)\n',
        replace:
          "    fillMemory(op, find.entry, undefined)\n    const landing = landingOf(find.entry, 'l2', find.freshness)\n    op.engine.flights.remove(flight)\n",
      },
    ],
  },
  {
    name: 'a read without promises does not ask how fresh',
    faults: ['aged'],
    patches: [
      {
        file: 'core/src/engine/fly.ts',
        find: "find.status !== 'found' || find.freshness !== 'fresh'",
        replace: "find.status !== 'found'",
      },
    ],
  },
  {
    name: 'fill by a detached flight',
    faults: ['overtaken'],
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
    faults: ['rivals'],
    patches: [
      {
        file: inMetadataLua,
        find: 'local stored = store_under_lease(KEYS[4], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10])',
        replace: "local stored = true\nredis.call('SET', KEYS[4], ARGV[7], 'PX', ARGV[8])",
      },
    ],
  },
  {
    name: 'set without deadline',
    faults: ['slow-commands', 'cut', 'partition', 'hang'],
    patches: [
      { file: inMetadataLua, find: 'if server_now() > tonumber(ARGV[8]) then return { 0 } end\n', replace: '' },
    ],
  },
  {
    name: 'a set that failed is undone before it is refused',
    faults: ['late-set'],
    patches: [
      {
        file: 'core/src/engine/put.ts',
        find: '    if (mayStillHappen(error) && !engine.settings.closed) await waitUntil(engine.clock, deadline)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'what follows a set does not wait for it',
    faults: ['set-and-delete'],
    patches: [
      {
        file: 'core/src/engine/invalidate.ts',
        find: '    if (engine.writes.size > 0) await engine.writes.settled(targets.keys.map(({ key }) => key))\n',
        replace: '',
      },
    ],
  },
  {
    name: 'deadline by the likeliest clock',
    faults: ['uneven-clock'],
    patches: [
      {
        file: 'core/src/redis/redis-tier.ts',
        find: 'holder.time.notAfter(deadline)',
        replace: 'holder.time.toServer(deadline)',
      },
    ],
  },
  {
    name: 'set tells nobody',
    faults: ['nothing'],
    patches: [
      {
        file: inMetadataLua,
        find: `redis.call('SET', KEYS[4], ARGV[6], 'PX', ARGV[7])\n\${OPEN}\${TELL}\nreturn { 1, inc, c, n }`,
        replace: "redis.call('SET', KEYS[4], ARGV[6], 'PX', ARGV[7])\nreturn { 1, '1', 0, 0 }",
      },
    ],
  },
]
