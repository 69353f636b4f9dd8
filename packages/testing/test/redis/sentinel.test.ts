import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { InvalidTestOption, type SentinelGroup, startSentinel } from '../../src/index.ts'

let group: SentinelGroup
beforeAll(async () => {
  group = await startSentinel({ name: 'orders', replicas: 1, password: 'secret' })
})
afterAll(() => group.stop())

test('the sentinels name the master, and it is followed by its replicas', async () => {
  expect(await group.master()).toBe(group.servers[0])
  expect(await group.replicas()).toEqual(group.servers.slice(1))
  expect(group.sentinels.length).toBe(3)
  await group.settled(0)
})

test('a client that asks the sentinels reaches the master, before and after a failover', async () => {
  const connect = () => new Redis({ sentinels: group.addresses, name: group.name, password: 'secret' })
  const before = connect()
  await before.set('kept', 'yes')
  await before.wait(1, 2_000)
  before.disconnect()

  const old = await group.master()
  await old.kill()
  await group.settled()
  const master = await group.master()
  expect(master).not.toBe(old)

  const after = connect()
  expect(await after.get('kept')).toBe('yes')
  await after.set('kept', 'again')
  expect(await master.command('GET', 'kept')).toBe('again')
  after.disconnect()
})

test('counts that cannot fail over are refused', async () => {
  await expect(startSentinel({ replicas: 0 })).rejects.toBeInstanceOf(InvalidTestOption)
  await expect(startSentinel({ sentinels: 3, quorum: 4 })).rejects.toThrow(/quorum: 4/)
  await expect(startSentinel({ name: 'two words' })).rejects.toThrow(/name: 'two words'/)
})
