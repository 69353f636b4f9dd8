import { type FaultProxy, ScriptedRandom, startRedis } from '@granary/testing'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type RedisLike, RedisUnavailable, systemClock } from '../src/index.ts'
import { Shard } from '../src/redis/cluster/shard.ts'
import { CONNECTION_SETTINGS, Connection } from '../src/redis/connection/connection.ts'
import { ConnectionGroup } from '../src/redis/connection/connection-group.ts'
import { until, useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const PATIENCE = { clock: systemClock, patience: 10_000, slow: 10_000 }
const inTime = () => systemClock.now() + 10_000

/** A client of ours that is not connected yet. */
async function clientOf({ host, port }: { host: string; port: number }): Promise<RedisLike> {
  const client = new Redis({ ...CONNECTION_SETTINGS, host, port })
  onTestFinished(() => client.disconnect())
  return client as unknown as RedisLike
}

/** A write that the server has executed, and whose answer does not come: what its sender is told. */
async function unanswered(proxy: FaultProxy, data: Connection): Promise<{ readonly told: Promise<unknown> }> {
  const key = `${stage.namespace}:written`
  await proxy.inject({ kind: 'hang', direction: 'down' })
  const told = data.call('SET', [key, 'arrived'], inTime()).catch((error: unknown) => error)
  await until(async () => (await stage.redis.command('GET', key)) === 'arrived')
  return { told }
}

describe('a command that was on its way when its connection was closed on purpose may have arrived', () => {
  test('on the connection to a master that serves nothing any more', async () => {
    const proxy = await stage.proxy()
    let opened: () => void = () => {}
    const open = new Promise<void>((resolve) => {
      opened = resolve
    })
    const shard = new Shard(proxy, {
      ...PATIENCE,
      random: new ScriptedRandom(1),
      makeNode: clientOf,
      heartbeat: 60_000,
      silence: 60_000,
      verify: async () => {},
      onOpen: opened,
      onLost: () => {},
    })
    await open
    const data = shard.place?.data as Connection
    const { told } = await unanswered(proxy, data)
    shard.close()
    expect(await told).toMatchObject({ reason: 'reset', cause: { reason: 'shut' } })
    await expect(data.call('GET', ['any'], inTime()), 'what comes later is not sent').rejects.toMatchObject({
      reason: 'shut',
    })
  })

  test('and on one that the server has refused to more of', async () => {
    const proxy = await stage.proxy()
    const connection = await Connection.open(await clientOf(proxy), { ...PATIENCE, onLost: () => {} })
    const { told } = await unanswered(proxy, connection)
    connection.drop(new RedisUnavailable('overload'))
    expect(await told).toMatchObject({ reason: 'reset' })
  })
})

test('a connection to a server that has become a replica is given up at its first refusal: the master is elsewhere', async () => {
  const replica = await startRedis()
  onTestFinished(() => replica.stop())
  const lost: RedisUnavailable[] = []
  const onLost = (cause: RedisUnavailable) => void lost.push(cause)
  const connection = await Connection.open(await clientOf(replica), { ...PATIENCE, onLost })
  await connection.call('SET', ['key', 'taken'], inTime())
  await replica.command('REPLICAOF', '127.0.0.1', '1')
  await expect(connection.call('SET', ['key', 'refused'], inTime())).rejects.toMatchObject({ reason: 'readonly' })
  expect(lost).toMatchObject([{ reason: 'readonly' }])
  await until(() => connection.client.status === 'end')
})

describe('connections that are worth something only together', () => {
  test('reach one server: when another answers, that connection is closed, and the group has ended', async () => {
    const other = await startRedis()
    onTestFinished(() => other.stop())
    const group = new ConnectionGroup(PATIENCE)
    onTestFinished(() => group.end(new RedisUnavailable('shut')))
    await group.open(clientOf(stage.redis))
    await group.open(clientOf(stage.redis))
    const stranger = await clientOf(other)
    await expect(group.open(Promise.resolve(stranger))).rejects.toMatchObject({
      reason: 'error',
      cause: { message: 'The connections reached different servers.' },
    })
    await until(() => stranger.status === 'end')
    expect(await group.ended).toMatchObject({ reason: 'error' })
  })
})
