import { ManualClock, type RedisServer, startRedis } from '@granary/testing'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Line } from '../../src/store/link.ts'
import { Heartbeat } from '../../src/store/peers.ts'
import { clientOf } from '../support/limiter.ts'

let server: RedisServer
let client: Redis
let line: Line

beforeAll(async () => {
  server = await startRedis()
  client = clientOf(server)
  line = { epoch: 1, call: (command, args) => client.call(command, args as string[]) }
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})

let keys = 0
function peers(...members: string[]): Heartbeat[] {
  const key = `peers:${++keys}`
  return members.map((member) => new Heartbeat({ clock: new ManualClock(), key, member, assumed: 1 }))
}

test('a beat that comes after its member has left does not bring it back', async () => {
  const [one, two] = peers('one', 'two') as [Heartbeat, Heartbeat]
  const key = `peers:${keys}`
  await one.beat(line, 1_000)
  await two.beat(line, 1_000)
  expect(two.place).toEqual({ peers: 2, rank: 1 })
  await one.leave(line, 1_000)
  // What was on its way on a connection of before.
  await one.beat(line, 1_000)
  expect(await client.zscore(key, 'one')).toBeNull()
  await makeOld(key)
  await two.beat(line, 1_000)
  expect(two.place).toEqual({ peers: 1, rank: 0 })
})

test('a set that was made just now does not make the parts larger: not everybody has beaten yet', async () => {
  const [one, two, three] = peers('one', 'two', 'three') as [Heartbeat, Heartbeat, Heartbeat]
  const key = `peers:${keys}`
  for (const peer of [one, two, three, one]) await peer.beat(line, 1_000)
  expect(one.place).toEqual({ peers: 3, rank: 0 })
  await client.del(key)
  await one.beat(line, 1_000)
  expect(one.place, 'after a flush it is the first to be back').toEqual({ peers: 3, rank: 0 })
  await makeOld(key)
  await one.beat(line, 1_000)
  expect(one.place, 'the others are gone').toEqual({ peers: 1, rank: 0 })
})

/** As if the set had been made so long ago that everybody has beaten since. */
async function makeOld(key: string): Promise<void> {
  const [made] = (await client.zrangebyscore(key, '+inf', '+inf')) as [string]
  await client.zrem(key, made)
  await client.zadd(key, '+inf', `@${Number(made.slice(1)) - 60_000}`)
}
