import type { Mutation } from './mutation.ts'

const inMetadata = 'core/src/redis/script/metadata-scripts.ts'

/** Memory that waits for every process, memory that hears of other programs, and visitors who follow a bookmark. */
export const COHERENCE: readonly Mutation[] = [
  {
    name: 'acknowledged without the per-read test',
    mode: 'acknowledged',
    faults: ['silent-bus', 'pause'],
    patches: [
      {
        file: 'core/src/engine/memory-hits.ts',
        find: 'now < this.#link.freshUntil',
        replace: 'this.#link.freshUntil > 0',
      },
      {
        file: 'core/src/engine/lookup.ts',
        find: 'const proven = now < engine.link.freshUntil',
        replace: 'const proven = engine.link.freshUntil > 0',
      },
    ],
  },
  {
    name: 'no grace after a new life',
    mode: 'acknowledged',
    faults: ['new-life'],
    patches: [
      {
        file: inMetadata,
        find: "redis.call('ZSCORE', mem, '!' .. inc) or now + lease",
        replace: "redis.call('ZSCORE', mem, '!' .. inc) or now",
      },
    ],
  },
  {
    name: 'nobody is waited for',
    mode: 'acknowledged',
    faults: ['slow-bus', 'nothing'],
    patches: [
      {
        file: 'core/src/redis/session.ts',
        find: '    await this.acknowledgements.until(reading, others, clock.now())\n',
        replace: '',
      },
    ],
  },
  {
    name: 'the lease counts from the reply',
    mode: 'acknowledged',
    faults: ['late-renewal'],
    patches: [
      {
        file: 'core/src/redis/heartbeat.ts',
        find: 'await prove(options, reading, sentAt)',
        replace: 'await prove(options, reading, clock.now())',
      },
    ],
  },
  {
    name: 'renewed without catching up',
    mode: 'acknowledged',
    faults: ['late-renewal'],
    patches: [
      {
        file: 'core/src/invalidation/link.ts',
        find: '    if (reading.sequence > this.#sequence) return false\n    if (sentAt > this.#provenAt)',
        replace: '    if (sentAt > this.#provenAt)',
      },
    ],
  },
  {
    name: 'a suspended machine is not noticed',
    mode: 'acknowledged',
    faults: ['suspended'],
    patches: [
      {
        file: 'core/src/create-cache.ts',
        find: 'isLeased ? countSuspensions(given, (resolved.maxStaleness * MARGIN) / 2) : given',
        replace:
          'isLeased && given === undefined ? countSuspensions(given, (resolved.maxStaleness * MARGIN) / 2) : given',
      },
    ],
  },
  {
    name: 'flights are joined without a lease',
    mode: 'acknowledged',
    faults: ['unleased'],
    patches: [
      {
        file: 'core/src/create-cache.ts',
        find: 'joinableFor: isLeased ? 0 : resolved.maxStaleness',
        replace: 'joinableFor: resolved.maxStaleness',
      },
    ],
  },
  {
    name: 'pushes are not heard',
    mode: 'tracking',
    faults: ['stranger'],
    patches: [
      {
        file: 'core/src/redis/connect-redis.ts',
        find: 'pushed: (keys) => takePushed(engine, namespace, keys)',
        replace: 'pushed: () => {}',
      },
    ],
  },
  {
    name: 'a copy comes back whatever Redis says',
    mode: 'tracking',
    faults: ['stranger'],
    patches: [
      {
        file: 'core/src/engine/pushed.ts',
        find: "return version !== '' && (version === stored || version === token)",
        replace: 'return true',
      },
      {
        file: 'core/src/engine/pushed.ts',
        find: 'if (copy !== undefined && head !== undefined && stands(copy, head))',
        replace: 'if (copy !== undefined && stands(copy, head as FrameHead))',
      },
      {
        file: 'core/src/engine/pushed.ts',
        find: 'function stands({ version }: Entry, { version: stored, token }: FrameHead): boolean {',
        replace: 'function stands(_entry: Entry, _head: FrameHead): boolean {',
      },
    ],
  },
  {
    name: 'a push passes flights by',
    mode: 'tracking',
    faults: ['slow-replies'],
    patches: [
      {
        file: 'core/src/engine/pushed.ts',
        find: '  if (flight !== undefined) flight.pushed = true\n',
        replace: '',
      },
    ],
  },
  {
    name: 'a reading of the clock proves that no other program wrote',
    mode: 'tracking',
    faults: ['unheard'],
    patches: [
      { file: 'core/src/create-cache.ts', find: "readsProve: coherence === 'bus'", replace: 'readsProve: true' },
    ],
  },
  {
    name: 'the subscriber is not asked',
    mode: 'tracking',
    faults: ['unheard'],
    patches: [
      {
        file: 'core/src/redis/heartbeat.ts',
        find: '        session.confirm(sentAt + silence),\n',
        replace: '',
      },
    ],
  },
  {
    name: 'memory answers whoever follows a bookmark',
    faults: ['outrun'],
    patches: [
      { file: 'core/src/engine/lookup.ts', find: '  if (following?.isBehind(engine)) return undefined\n', replace: '' },
      { file: 'core/src/engine/memory-hits.ts', find: ' && !isBehind(this.#engine)', replace: '' },
    ],
  },
  {
    name: 'whoever follows a bookmark joins older flights',
    faults: ['outrun'],
    patches: [
      {
        file: 'core/src/engine/operation.ts',
        find: 'return policy.strong || following?.isBehind(engine) === true',
        replace: 'return policy.strong || (following?.isBehind(engine) === true && policy.strong)',
      },
    ],
  },
  {
    name: 'a bookmark forgets what it has seen',
    faults: ['witness'],
    patches: [
      {
        file: 'core/src/invalidation/following.ts',
        find: 'isReached ? here : later(bookmark, here)',
        replace: 'bookmark',
      },
    ],
  },
]
