import { createCache } from '@granary/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  expectedBody,
  initialCatalog,
  synchronised,
  withoutModel,
  withPrice,
  withProvider,
} from '../demo/oracle/catalog-truth.ts'
import { perToken } from '../src/catalog/decimal.ts'
import { createGateway, type Gateway } from '../src/gateway.ts'
import { configFor, type SeededDatabase, startSeededDatabase } from './fixture.ts'

/** The oracle works out pages of the catalog by itself; here its idea of them is compared with the gateway's. */
let seeded: SeededDatabase
let gateway: Gateway

beforeAll(async () => {
  seeded = await startSeededDatabase(2)
  gateway = createGateway(seeded.database, configFor(seeded.url), createCache({ namespace: 'catalog-truth' }))
})

afterAll(async () => {
  await gateway.close()
  await seeded.stop()
})

const QUERIES = [
  {},
  { provider: 'openai' },
  { limit: 50, offset: 0, unique: false },
  { limit: 20, offset: 40, unique: true },
  { limit: 5, offset: 100_000, unique: false },
  { provider: 'mistral', limit: 7, offset: 3, unique: true },
]

async function shown(query: object): Promise<string> {
  const parameters = new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, String(value)] as [string, string]),
  )
  return (await gateway.app.inject(`/models?${parameters}`)).body
}

test('the oracle knows every page of the catalog to the letter, through price changes, delistings and switched-off providers', async () => {
  const { catalogAdmin } = gateway.services
  const price = { input: perToken(0.001), output: perToken(1), request: perToken(0), source: 'manual' }
  let truth = initialCatalog(seeded.catalog)
  const compare = async () => {
    for (const query of QUERIES) expect(await shown(query)).toBe(expectedBody(truth, query))
  }
  await compare()
  await catalogAdmin.setModelPrice('openai/gpt-4o', price)
  truth = withPrice(truth, 'openai/gpt-4o', price)
  await catalogAdmin.delistModel('mistral/mistral-large-latest')
  truth = withoutModel(truth, 'mistral/mistral-large-latest')
  await catalogAdmin.setProviderActive('anthropic', false)
  truth = withProvider(truth, 'anthropic', false)
  await compare()
  const { truth: restored, changed } = synchronised(truth, seeded.catalog.models)
  expect((await catalogAdmin.sync(seeded.catalog)).changed).toHaveLength(changed)
  expect(changed).toBe(2)
  truth = restored
  await compare()
})
