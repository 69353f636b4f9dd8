import { ManualClock, ScriptedRandom } from '@granary/testing'
import { expect, test } from 'vitest'
import { Masters } from '../../src/redis/cluster/masters.ts'

test('after the close nothing is connected any more, whoever still asks for a master', async () => {
  const clock = new ManualClock()
  let made = 0
  const masters = new Masters({
    clock,
    random: new ScriptedRandom(1),
    plan: { seeds: async () => [], makeNode: () => Promise.reject(), translate: (address) => address },
    makeNode: async () => {
      made += 1
      throw new Error('connection refused')
    },
    patience: 100,
    slow: 100,
    heartbeat: 100,
    silence: 100,
    onEpoch: () => {},
    onOpen: () => {},
    onLost: () => {},
    onMoved: () => {},
    onWhole: () => {},
  })
  masters.learn(7, { host: '127.0.0.1', port: 7_000 })
  expect(made).toBeGreaterThan(0)
  masters.close()
  const before = made
  expect(masters.ownerOf(7)).toBeUndefined()
  expect(() => masters.learn(7, { host: '127.0.0.1', port: 7_001 })).toThrow('shut')
  expect(() => masters.guest({ host: '127.0.0.1', port: 7_002 })).toThrow('shut')
  await clock.advance(10_000)
  expect(made).toBe(before)
})
