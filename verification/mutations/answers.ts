import type { Mutation } from './mutation.ts'

const inAnswers = 'core/src/redis/connection/answers.ts'
const inConnection = 'core/src/redis/connection/connection.ts'

/** Replies as answers to their questions, what of a server's slowness is its own, and writes that are not settled. */
export const ANSWERS: readonly Mutation[] = [
  {
    name: 'a list of any length is an answer',
    faults: ['damaged'],
    patches: [
      {
        file: inAnswers,
        find: 'Array.isArray(reply) && (length === undefined || reply.length === length)',
        replace: 'Array.isArray(reply)',
      },
    ],
  },
  {
    name: 'a message is believed without its checksum',
    faults: ['damaged'],
    patches: [
      {
        file: 'core/src/redis/bus/bus-message.ts',
        find: 'if (checksum !== undefined && checksum',
        replace: "if (checksum === '' && checksum",
      },
    ],
  },
  {
    name: 'a seal is not looked at',
    faults: ['damaged'],
    patches: [
      {
        file: 'core/src/redis/script/metadata-answers.ts',
        find: "!== String(seal)) refuseAnswer('what its seal says')",
        replace: "=== '') refuseAnswer(String(seal))",
      },
    ],
  },
  {
    name: 'slow is what the process was late to read',
    faults: ['busy'],
    patches: [
      {
        file: inConnection,
        find: '        this.#missed = 0\n        if (isAwaited)',
        replace:
          '        this.#missed = 0\n        waiting.isSlow = this.#options.clock.now() - sentAt > this.#options.slow\n        if (isAwaited)',
      },
    ],
  },
  {
    name: 'slow is judged before the sockets are read',
    faults: ['busy'],
    patches: [
      {
        file: 'core/src/redis/connection/slowness.ts',
        find: 'this.#cancel = this.#clock.schedule(1, () => this.#look(limit))',
        replace: 'this.#look(limit)',
      },
    ],
  },
  {
    name: 'a put does not wait for a set',
    faults: ['unsettled'],
    patches: [
      {
        file: 'core/src/engine/put.ts',
        find: '  if (engine.writes.size > 0) await engine.writes.settled([op.key])\n',
        replace: '',
      },
    ],
  },
  {
    name: 'a set is settled when its caller gives up',
    faults: ['unsettled'],
    patches: [
      {
        file: 'core/src/engine/put.ts',
        find: '    if (mayStillHappen(error) && !',
        replace: '    settle()\n    if (mayStillHappen(error) && !',
      },
    ],
  },
  {
    name: 'the other masters are not asked',
    faults: [],
    test: {
      file: 'packages/core/test/topology/tracking.redis.test.ts',
      name: 'subscriber of one master fall silent',
    },
    patches: [{ file: 'core/src/redis/session.ts', find: 'witness?.(this.data, deadline)', replace: 'undefined' }],
  },
  {
    name: 'what was read in a slot that moved is kept',
    faults: [],
    test: {
      file: 'packages/core/test/topology/tracking.redis.test.ts',
      name: 'slots that move',
    },
    patches: [
      {
        file: 'core/src/redis/cluster/assemble-cluster.ts',
        find: 'onMoved: (slots) => isTracked && effects.untracked((key) => slots.has(slotOf(key))),',
        replace: 'onMoved: () => slotOf,',
      },
    ],
  },
  {
    name: 'the first of two sets settles both',
    faults: [],
    test: {
      file: 'packages/core/test/unsettled-writes.test.ts',
      name: 'what follows two writes of a key waits for both',
    },
    patches: [
      {
        file: 'core/src/invalidation/unsettled-writes.ts',
        find: 'if (writes.size === 0 && this.#writes.get(key) === writes) this.#writes.delete(key)',
        replace: 'this.#writes.delete(key)',
      },
    ],
  },
]
