import type { Mutation } from './mutation.ts'
import { SMALL_TABLES } from './patch.ts'

const inMetadata = 'core/src/redis/script/metadata-scripts.ts'

/** Tags by clock, and the metadata that lives and dies together. */
export const CLOCKS: readonly Mutation[] = [
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
    faults: ['many-tags', 'restart', 'cut', 'crash'],
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
      {
        file: inMetadata,
        find: 'if not inc or (life ~= ARGV[2] and not is_earlier(ARGV[2], life)) or not mark',
        replace: 'if not inc or not mark',
      },
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
    name: 'an answered record is forgotten',
    faults: ['many-tags', 'crash', 'cut', 'restart'],
    patches: [
      ...SMALL_TABLES,
      {
        file: 'core/src/engine/lookup.ts',
        find: '    if (records.some((record) => record > frame.reading)) return false\n',
        replace: '',
      },
    ],
  },
  {
    name: 'prune without floor',
    faults: ['many-tags', 'nothing', 'crash', 'cut'],
    patches: [
      ...SMALL_TABLES,
      { file: inMetadata, find: '    floor = math.max(floor, tonumber(last[2]))\n', replace: '' },
    ],
  },
  {
    name: 'horizon not raised by pruning',
    faults: ['many-tags', 'nothing', 'slow-bus'],
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
    name: 'horizon not raised by a cut hello',
    faults: ['many-tags', 'cut', 'crash'],
    patches: [
      ...SMALL_TABLES,
      {
        file: 'core/src/invalidation/link.ts',
        find: 'this.#horizon = hello.complete ? hello.floor : Math.max(hello.floor, lowest)',
        replace: 'this.#horizon = hello.floor + 0 * lowest',
      },
    ],
  },
  {
    name: 'forgotten tag events are no events',
    faults: ['many-tags', 'nothing', 'slow-replies'],
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
