import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type FaultPlan,
  type FaultProxy,
  InvalidTestOption,
  ManualClock,
  type RedisServer,
  startFaultProxy,
  startRedis,
} from '../../src/index.ts'

let redis: RedisServer
let proxy: FaultProxy
const clients: Redis[] = []

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())
beforeEach(async () => {
  await redis.command('FLUSHALL')
  proxy = await startFaultProxy({ target: redis, seed: 11 })
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  await proxy.stop()
})

/** A client that neither retries nor queues: what the wire does is what the test sees. */
async function newClient(): Promise<Redis> {
  const client = new Redis(proxy.url, {
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    lazyConnect: true,
  })
  client.on('error', () => {})
  clients.push(client)
  await client.connect()
  await client.ping()
  return client
}

/** The error code with which a fresh connection fails, or `connected`. */
function knock(): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(proxy.port, proxy.host)
    socket.once('connect', () => resolve('connected'))
    socket.once('error', (error) => resolve('code' in error ? String(error.code) : error.message))
    socket.once('connect', () => socket.destroy())
  })
}

async function isPending(promise: Promise<unknown>, ms = 60): Promise<boolean> {
  return (
    (await Promise.race([
      promise.then(
        () => 'done',
        () => 'done',
      ),
      wait(ms, 'pending'),
    ])) === 'pending'
  )
}

const timed = async (body: () => Promise<unknown>) => {
  const began = performance.now()
  await body()
  return performance.now() - began
}

describe('refuse', () => {
  test('closes the port, resets open connections, and opens the same port again', async () => {
    const client = await newClient()
    const ended = new Promise((resolve) => client.once('end', resolve))
    const { port } = proxy
    const fault = await proxy.inject({ kind: 'refuse' })
    await ended
    expect(await knock()).toBe('ECONNREFUSED')
    await fault.lift()
    expect(await knock()).toBe('connected')
    expect(proxy.port).toBe(port)
  })

  test('may keep open connections', async () => {
    const client = await newClient()
    await proxy.inject({ kind: 'refuse', existing: 'keep' })
    expect(await knock()).toBe('ECONNREFUSED')
    expect(await client.ping()).toBe('PONG')
  })
})

describe('hang', () => {
  test('accepts connections and passes nothing; afterwards everything arrives in order', async () => {
    const client = await newClient()
    const fault = await proxy.inject({ kind: 'hang' })
    const replies = Promise.all(Array.from({ length: 20 }, (_, index) => client.rpush('list', index)))
    expect(await knock()).toBe('connected')
    expect(await isPending(replies)).toBe(true)
    expect(await redis.command('LLEN', 'list')).toBe(0)
    await fault.lift()
    expect(await replies).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    expect(await redis.command('LRANGE', 'list', 0, -1)).toEqual(
      Array.from({ length: 20 }, (_, index) => String(index)),
    )
  })

  test('downwards only, Redis runs the command and the client does not learn of it', async () => {
    const client = await newClient()
    const fault = await proxy.inject({ kind: 'hang', direction: 'down' })
    const reply = client.incr('n')
    expect(await isPending(reply)).toBe(true)
    expect(await redis.command('GET', 'n')).toBe('1')
    await fault.lift()
    expect(await reply).toBe(1)
  })

  test('bounds what it holds', async () => {
    const client = await newClient()
    const fault = await proxy.inject({ kind: 'hang' })
    const value = Buffer.alloc(20_000_000, 'x')
    const reply = client.set('big', value)
    await wait(100)
    await fault.lift()
    expect(await reply).toBe('OK')
    expect(await redis.command('STRLEN', 'big')).toBe(value.length)
  })
})

describe('reset', () => {
  test('resets open connections at once and new ones when they come, until it is lifted', async () => {
    const client = await newClient()
    const errors: string[] = []
    client.on('error', (error: Error & { code?: string }) => errors.push(error.code ?? ''))
    const ended = new Promise((resolve) => client.once('end', resolve))
    const fault = await proxy.inject({ kind: 'reset' })
    await ended
    expect(errors).toContain('ECONNRESET')
    await expect(newClient()).rejects.toThrow()
    await fault.lift()
    expect(await (await newClient()).ping()).toBe('PONG')
  })

  test('drop resets the chosen connections once', async () => {
    const [first, second] = [await newClient(), await newClient()]
    const ended = new Promise((resolve) => first.once('end', resolve))
    proxy.drop([0])
    await ended
    expect(await second.ping()).toBe('PONG')
    expect(await (await newClient()).ping()).toBe('PONG')
  })
})

describe('delay', () => {
  test('delays each direction once, keeps order, and does not add up over commands sent together', async () => {
    const client = await newClient()
    await proxy.inject({ kind: 'delay', ms: 40 })
    const took = await timed(async () => {
      const replies = await Promise.all(Array.from({ length: 50 }, () => client.incr('n')))
      expect(replies).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    })
    expect(took).toBeGreaterThanOrEqual(78)
    expect(took).toBeLessThan(1_500)
  })

  test('goes by the clock it is given', async () => {
    const clock = new ManualClock()
    const timeless = await startFaultProxy({ target: redis, clock })
    const client = new Redis(timeless.url)
    await client.ping()
    await timeless.inject({ kind: 'delay', ms: 86_400_000, direction: 'up' })
    const reply = client.ping()
    expect(await isPending(reply)).toBe(true)
    clock.advance(86_400_000)
    expect(await reply).toBe('PONG')
    client.disconnect()
    await timeless.stop()
  })

  test('lifted, it lets go of what it holds', async () => {
    const client = await newClient()
    const fault = await proxy.inject({ kind: 'delay', ms: 60_000 })
    const reply = client.ping()
    expect(await isPending(reply)).toBe(true)
    await fault.lift()
    expect(await reply).toBe('PONG')
  })
})

describe('throttle', () => {
  test('lets no more than its rate pass, and the rest at once when it is lifted', async () => {
    const client = await newClient()
    await redis.command('SET', 'value', 'x'.repeat(100_000))
    const fault = await proxy.inject({ kind: 'throttle', bytesPerSecond: 500_000, direction: 'down' })
    const took = await timed(async () => expect((await client.get('value'))?.length).toBe(100_000))
    expect(took).toBeGreaterThanOrEqual(180)
    expect(took).toBeLessThan(1_500)
    await redis.command('SET', 'value', 'x'.repeat(5_000_000))
    const reply = client.get('value')
    expect(await isPending(reply)).toBe(true)
    await fault.lift()
    expect((await reply)?.length).toBe(5_000_000)
  })
})

describe('cut', () => {
  const read = (request: string) =>
    new Promise<{ bytes: string; ending: string }>((resolve) => {
      const socket = connect(proxy.port, proxy.host)
      let bytes = ''
      socket.on('data', (chunk) => {
        bytes += chunk
      })
      socket.once('error', (error) => resolve({ bytes, ending: 'code' in error ? String(error.code) : '' }))
      socket.once('end', () => resolve({ bytes, ending: 'end' }))
      socket.write(request)
    })

  test('ends a reply in the middle, with a reset or in good order', async () => {
    await redis.command('SET', 'value', 'abcdefghij')
    const fault = await proxy.inject({ kind: 'cut', afterBytes: 8, how: 'end' })
    expect(await read('GET value\r\n')).toEqual({ bytes: '$10\r\nabc', ending: 'end' })
    await fault.lift()
    await proxy.inject({ kind: 'cut', afterBytes: 0 })
    expect(await read('GET value\r\n')).toEqual({ bytes: '', ending: 'ECONNRESET' })
  })

  test('counts over several replies', async () => {
    await proxy.inject({ kind: 'cut', afterBytes: 16, how: 'end' })
    expect(await read('PING\r\nPING\r\nPING\r\n')).toEqual({ bytes: '+PONG\r\n+PONG\r\n+P', ending: 'end' })
  })

  test('upwards, Redis gets half a command and runs nothing', async () => {
    await proxy.inject({ kind: 'cut', afterBytes: 20, direction: 'up' })
    await read('*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$1\r\n1\r\n')
    expect(await redis.command('GET', 'half')).toBeNull()
  })
})

describe('lose', () => {
  test('swallows so many published messages; the connection stays open, and its replies pass', async () => {
    const subscriber = await newClient()
    const heard: string[] = []
    subscriber.on('message', (_, message) => heard.push(message))
    await subscriber.subscribe('news')
    await proxy.inject({ kind: 'lose', messages: 2 })
    for (const message of ['one', 'two', 'three']) await redis.command('PUBLISH', 'news', message)
    expect(await subscriber.ping()).toMatch(/pong/i)
    expect(heard).toEqual(['three'])
    expect(proxy.connections).toHaveLength(1)
  })
})

describe('corrupt', () => {
  test('flips bits on the way down and leaves what Redis holds alone', async () => {
    const value = 'v'.repeat(2_000)
    await redis.command('SET', 'value', value)
    const client = await newClient()
    // After the head of the reply: a corrupted length would only make the client wait.
    await proxy.inject({ kind: 'corrupt', share: 0.01, direction: 'down' })
    const reply = await Promise.race([client.get('value').catch((error: Error) => error.message), wait(200, 'nothing')])
    expect(reply).not.toBe(value)
    expect(await redis.command('GET', 'value')).toBe(value)
  })
})

describe('black hole', () => {
  test('swallows what is sent; afterwards the connection is reset, for what follows would be out of step', async () => {
    const client = await newClient()
    const untouched = await newClient()
    const ended = new Promise((resolve) => client.once('end', resolve))
    const fault = await proxy.inject({ kind: 'black-hole' })
    const lost = client.set('k', 'lost')
    expect(await isPending(lost)).toBe(true)
    await fault.lift()
    await expect(lost).rejects.toThrow()
    await ended
    expect(await redis.command('GET', 'k')).toBeNull()
    expect(await untouched.ping()).toBe('PONG')
  })
})

describe('a scope', () => {
  test('chooses connections by what they have sent', async () => {
    const [subscriber, client] = [await newClient(), await newClient()]
    await proxy.inject({ kind: 'hang', connections: (connection) => connection.sent('SUBSCRIBE') })
    expect(await client.ping()).toBe('PONG')
    expect(await isPending(subscriber.subscribe('news'))).toBe(true)
    expect(await client.ping()).toBe('PONG')
  })

  test('chooses connections by index', async () => {
    const [first, second] = [await newClient(), await newClient()]
    await proxy.inject({ kind: 'hang', connections: [1] })
    expect(await first.ping()).toBe('PONG')
    expect(await isPending(second.ping())).toBe(true)
  })
})

describe('a script', () => {
  test('a fault begins after so many commands, exactly, however they were sent', async () => {
    const client = await newClient()
    const fault = await proxy.inject({ kind: 'hang', after: { commands: 10 } })
    expect(fault.state).toBe('waiting')
    const replies = Promise.allSettled(Array.from({ length: 15 }, () => client.incr('n')))
    await fault.began
    expect(await isPending(replies)).toBe(true)
    expect(await redis.command('GET', 'n')).toBe('10')
    await fault.lift()
    expect((await replies).map((result) => result.status)).toEqual(new Array(15).fill('fulfilled'))
  })

  test('a command is counted when its last byte has passed', async () => {
    const client = await newClient()
    const fault = await proxy.inject({ kind: 'hang', after: { commands: 1 } })
    const reply = client.set('large', Buffer.alloc(5_000_000, 'x'))
    await fault.began
    expect(await isPending(reply)).toBe(true)
    expect(await redis.command('STRLEN', 'large')).toBe(5_000_000)
    await fault.lift()
    expect(await reply).toBe('OK')
  })

  test('only what passes on chosen connections is counted', async () => {
    const [first, second] = [await newClient(), await newClient()]
    const fault = await proxy.inject({ kind: 'hang', connections: [1], after: { commands: 2 } })
    for (let count = 0; count < 5; count++) await first.ping()
    await second.ping()
    expect(fault.state).toBe('waiting')
    const reply = second.incr('n')
    await fault.began
    await fault.lift()
    expect(await reply).toBe(1)
  })

  test('a reset after a command loses the answer, not the command', async () => {
    const client = await newClient()
    await proxy.inject({ kind: 'reset', after: { commands: 3 }, until: { ms: 50 } })
    const results = await Promise.allSettled([client.incr('n'), client.incr('n'), client.incr('n'), client.incr('n')])
    expect(results.at(-1)?.status).toBe('rejected')
    for (let attempt = 0; attempt < 50 && (await redis.command('GET', 'n')) !== '3'; attempt++) await wait(5)
    expect(await redis.command('GET', 'n')).toBe('3')
  })

  test('a fault begins after so many replies and ends after so many more', async () => {
    const client = await newClient()
    const fault = await proxy.inject({
      kind: 'delay',
      ms: 120,
      direction: 'down',
      after: { replies: 2 },
      until: { replies: 3 },
    })
    const times: number[] = []
    for (let index = 0; index < 7; index++) times.push(await timed(() => client.ping()))
    expect(times.map((time) => time >= 118)).toEqual([false, false, true, true, true, false, false])
    expect(fault.state).toBe('over')
    expect(proxy.faults).toEqual([])
  })

  test('a fault begins and ends by time', async () => {
    const client = await newClient()
    const fault = await proxy.inject({ kind: 'hang', after: { ms: 30 }, until: { ms: 60 } })
    expect(await client.ping()).toBe('PONG')
    await fault.began
    const took = await timed(() => client.ping())
    expect(took).toBeGreaterThanOrEqual(50)
    await fault.ended
  })

  test('faults play together, and reset ends them all and empties the record', async () => {
    const client = await newClient()
    await proxy.inject({ kind: 'delay', ms: 30, direction: 'up' })
    await proxy.inject({ kind: 'delay', ms: 50, direction: 'down' })
    await proxy.inject({ kind: 'refuse', existing: 'keep' })
    expect(await timed(() => client.ping())).toBeGreaterThanOrEqual(78)
    await proxy.reset()
    expect(await timed(() => client.ping())).toBeLessThan(78)
    expect(await knock()).toBe('connected')
    expect(proxy.commands.map((command) => command.name)).toEqual(['PING'])
  })
})

describe('Redis behind the proxy', () => {
  test('gone, connections are reset; back, new ones pass', async () => {
    await newClient()
    await redis.kill()
    await expect(newClient()).rejects.toThrow()
    await redis.restart()
    expect(await (await newClient()).ping()).toBe('PONG')
  })
})

describe('a target that moves', () => {
  test('new connections go where it is now', async () => {
    await using other = await startRedis()
    let current = redis
    const target = {
      host: redis.host,
      get port() {
        return current.port
      },
    }
    const moving = await startFaultProxy({ target })
    try {
      await redis.command('SET', 'who', 'the old one')
      await other.command('SET', 'who', 'the new one')
      const client = new Redis(moving.url)
      client.on('error', () => {})
      clients.push(client)
      expect(await client.get('who')).toBe('the old one')
      current = other
      moving.drop()
      expect(await client.get('who')).toBe('the new one')
    } finally {
      await moving.stop()
    }
  })
})

describe('mistakes', () => {
  const mistakes: [FaultPlan, RegExp][] = [
    [{ kind: 'delay', ms: -1 }, /ms: -1/],
    [{ kind: 'delay', ms: 1, jitter: Number.NaN }, /jitter: NaN/],
    [{ kind: 'throttle', bytesPerSecond: 0 }, /bytesPerSecond: 0/],
    [{ kind: 'cut', afterBytes: -5 }, /afterBytes: -5/],
    [{ kind: 'corrupt', share: 2 }, /share: 2/],
    [{ kind: 'hang', until: { commands: 1 } }, /until.*give ms/],
    [{ kind: 'reset', after: {} as { ms: number } }, /after.*exactly one/],
    [{ kind: 'unplug' } as unknown as FaultPlan, /kind: 'unplug'/],
    [{ kind: 'hang', direction: 'sideways' } as unknown as FaultPlan, /direction: 'sideways'.*'up' or 'down'/],
    [{ kind: 'cut', afterBytes: 1, how: 'gently' } as unknown as FaultPlan, /how: 'gently'.*'reset' or 'end'/],
  ]

  test.each(mistakes)('%j is refused at once', async (plan, message) => {
    const failure = proxy.inject(plan)
    await expect(failure).rejects.toBeInstanceOf(InvalidTestOption)
    await expect(failure).rejects.toThrow(message)
    expect(proxy.faults).toEqual([])
  })

  test('a taken port and a broken seed are refused', async () => {
    await expect(startFaultProxy({ target: redis, port: redis.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await expect(startFaultProxy({ target: redis, seed: 0.5 })).rejects.toThrow(/seed: 0.5/)
  })
})
