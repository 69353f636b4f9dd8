import { Cluster } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { InvalidTestOption, type RedisCluster, startRedisCluster, type TestingError } from '../../src/index.ts'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startRedisCluster({ masters: 3, replicas: 1 })
})
afterAll(() => cluster.stop())

test('a cluster is complete when it is handed over: three masters, each followed by a replica', async () => {
  const [masters, replicas] = await Promise.all([cluster.masters(), cluster.replicas()])
  expect(masters).toEqual(cluster.nodes.slice(0, 3))
  expect(replicas).toEqual(cluster.nodes.slice(3))
  await cluster.settled(0)
})

test('a cluster client reaches every slot, and keys lie where the cluster says', async () => {
  const client = new Cluster(cluster.addresses)
  const keys = Array.from({ length: 60 }, (_, index) => `key:${index}`)
  await Promise.all(keys.map((key) => client.set(key, key)))
  expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys)
  const homes = await Promise.all(keys.map((key) => cluster.masterOf(key)))
  expect(new Set(homes).size).toBe(3)
  expect(await Promise.all(keys.map((key, index) => homes[index]?.command('GET', key)))).toEqual(keys)
  client.disconnect()
})

test('a killed master is replaced by its replica, and comes back as one', async () => {
  const victim = await cluster.masterOf('user:7')
  const [heir] = await cluster.replicasOf('user:7')
  await victim.command('SET', 'user:7', 'kept')
  await victim.command('WAIT', 1, 2_000)
  await victim.kill()
  await cluster.settled()
  expect(await cluster.masterOf('user:7')).toBe(heir)
  expect(await heir?.command('GET', 'user:7')).toBe('kept')
  await victim.restart()
  await expect.poll(() => cluster.replicas(), { timeout: 10_000 }).toContain(victim)
})

test('counts that make no cluster are refused, and waiting ends', async () => {
  await expect(startRedisCluster({ masters: 2 })).rejects.toBeInstanceOf(InvalidTestOption)
  await expect(startRedisCluster({ replicas: -1 })).rejects.toThrow(/replicas: -1/)
  const frozen = await cluster.masterOf('a')
  await frozen.pause()
  await expect(cluster.settled(50)).rejects.toMatchObject({ code: 'NOT_IN_TIME' } satisfies Partial<TestingError>)
  await frozen.resume()
})
