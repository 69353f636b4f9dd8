import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { FaultBoard } from '../../src/faults/fault-board.ts'
import { ProxiedPair } from '../../src/faults/proxied-pair.ts'
import { WireRecord } from '../../src/faults/wire-record.ts'
import { realClock } from '../../src/time/real-clock.ts'

/** A server that keeps what it accepts. */
async function listen() {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

test.each(['reset', 'end'] as const)('a connection that is just being ended can still be closed: %s', async (how) => {
  const [front, redis] = [await listen(), await listen()]
  const client = connect(front.port, front.host)
  client.on('error', () => {})
  const [accepted] = (await once(front.server, 'connection')) as [Socket]
  const pair = new ProxiedPair(accepted, 0, {
    target: redis,
    board: new FaultBoard(),
    clock: realClock,
    record: new WireRecord(realClock),
  })
  await once(redis.server, 'connection')
  accepted.end()
  pair.sever(how)
  expect(await Promise.race([pair.closed.then(() => 'closed'), wait(2_000, 'left open')])).toBe('closed')
  client.destroy()
  front.server.close()
  redis.server.close()
})
