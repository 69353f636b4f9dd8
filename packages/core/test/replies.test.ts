import { describe, expect, test } from 'vitest'
import { RedisUnavailable, systemClock } from '../src/index.ts'
import { ClockReader } from '../src/redis/clock-key.ts'
import { Connection } from '../src/redis/connection/connection.ts'
import { Gather } from '../src/redis/gather.ts'

describe('replies that a damaged stream made of others', () => {
  test('one that its receiver cannot make sense of is a failure of that one, and the others get theirs', async () => {
    const gather = new Gather<number, number>(systemClock, (requests, _, { resolve }) => resolve(requests))
    const asked = [1, 2, 3].map(
      (request) =>
        new Promise<number>((resolve, reject) => {
          const take = (reply: number) => {
            if (reply === 2) throw new TypeError('not what was asked for')
            resolve(reply)
          }
          gather.add({ request, deadline: systemClock.now() + 1_000, isAnswered: false, resolve: take, reject })
        }),
    )
    const [first, second, third] = await Promise.allSettled(asked)
    expect([first, third]).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'fulfilled', value: 3 },
    ])
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'REDIS_UNAVAILABLE', reason: 'protocol' } })
    expect((second as PromiseRejectedResult).reason).toBeInstanceOf(RedisUnavailable)
  })

  test('only a digest is answered that a script is unknown: to any other command that is the reply of another', async () => {
    const client = {
      status: 'ready',
      connect: async () => {},
      callBuffer: async (command: string) => {
        if (command === 'INFO') return Buffer.from('run_id:1')
        throw new Error('NOSCRIPT No matching script. Please use EVAL.')
      },
      on: () => client,
      removeAllListeners: () => client,
      disconnect: () => {},
      duplicate: () => client,
    }
    const lost: RedisUnavailable[] = []
    const options = {
      clock: systemClock,
      patience: 1_000,
      slow: 100,
      onLost: (cause: RedisUnavailable) => lost.push(cause),
    }
    const connection = await Connection.open(client as never, options)
    const deadline = systemClock.now() + 1_000
    await expect(connection.call('EVALSHA', ['digest', 0], deadline)).rejects.toThrow(/^NOSCRIPT/)
    expect(lost).toEqual([])
    await expect(connection.call('mget', ['key'], deadline)).rejects.toMatchObject({ reason: 'protocol' })
    expect(lost).toMatchObject([{ reason: 'protocol' }])
  })

  test.each([50, 'text', [], null, undefined, {}])('a clock that is %j is no clock', (raw) => {
    const reader = new ClockReader()
    expect(reader.read(raw)).toBeUndefined()
    expect(reader.read(Buffer.from('7:2:3:0:aa'))).toMatchObject({ incarnation: 7, tagClock: 2, sequence: 3 })
    expect(reader.read(raw)).toBeUndefined()
  })
})
