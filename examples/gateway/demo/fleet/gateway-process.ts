import { FakeProvider } from '../../src/chat/fake-provider.ts'
import { readConfig } from '../../src/config.ts'
import { SettableLatency, withLatency } from '../../src/database/latency.ts'
import { openDatabase } from '../../src/database/open-database.ts'
import { createGateway, createGatewayCache } from '../../src/gateway.ts'
import { SeededRandom } from '../../src/seed/random.ts'
import { CHAT_BOUND } from '../oracle/chat-ledger.ts'
import { meaningOf } from '../traffic/questions.ts'
import type { Notice, Order } from './messages.ts'

/** Dollars per token. */
const PRICE = { input: 0.000_001, output: 0.000_003 }

/** One gateway of the demo's fleet: the real thing, over a database whose distance can be set. */
const { env } = process
const config = readConfig(env)
const random = new SeededRandom(Number(env['GATEWAY_DEMO_SEED'] ?? 1))
const latency = new SettableLatency(() => random.next())
const database = await openDatabase(config.databaseUrl, { connections: 20 })
// What the cache would warn about is told to the demo, which shows it in its own words.
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const cache = createGatewayCache(config, { namespace: env['GATEWAY_NAMESPACE'] ?? 'gateway', logger })
// A provider so near that the gateway's own time can be seen beside its.
const provider = new FakeProvider({ latency: { first: 10, perToken: 0 }, price: PRICE, meaning: meaningOf })
const gateway = createGateway(withLatency(database, latency), config, cache, {
  provider,
  limiter: { logger },
  chat: {
    maxWrongPerHit: CHAT_BOUND,
    price: ({ usage }) => (usage.prompt_tokens ?? 0) * PRICE.input + (usage.completion_tokens ?? 0) * PRICE.output,
  },
})

cache.on('redis-lost', () => tell({ redis: 'lost' }))
cache.on('redis-recovered', () => tell({ redis: 'recovered' }))

process.on('message', async (order: Order) => {
  if (order.latency !== undefined) latency.set(order.latency ?? undefined)
  if (order.clear === true) await cache.clear()
  tell({ done: order.id })
})
process.once('disconnect', async () => {
  await gateway.close()
  await database.close()
})

await Promise.all([cache.ready(), gateway.limits.limiter.ready()])
await gateway.app.listen({ port: config.port, host: '127.0.0.1' })
const address = gateway.app.server.address()
if (typeof address === 'object' && address !== null) tell({ listening: address.port })

function tell(notice: Notice): void {
  process.send?.(notice)
}
