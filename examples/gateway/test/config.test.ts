import { createCache } from '@granary/core'
import { expect, test, vi } from 'vitest'
import { readConfig } from '../src/config.ts'
import type { Database } from '../src/database/database.ts'
import { createGateway } from '../src/gateway.ts'
import { configFor, SECRETS } from './fixture.ts'

const SECRET = 'sixteen-characters-or-more'
const ENV = { GATEWAY_KEY_SALT: SECRET, GATEWAY_ADMIN_TOKEN: SECRET, GATEWAY_IDENTITY_SECRET: SECRET }

test('a gateway is told what it is missing before it listens', () => {
  expect(readConfig(ENV)).toMatchObject({ port: 3_000, databaseUrl: undefined, redis: false, adminToken: SECRET })
  expect(() => readConfig({ ...ENV, GATEWAY_ADMIN_TOKEN: 'short' })).toThrow('GATEWAY_ADMIN_TOKEN')
  expect(() => readConfig({ ...ENV, GATEWAY_KEY_SALT: undefined })).toThrow('GATEWAY_KEY_SALT')
  expect(() => readConfig({ ...ENV, PORT: 'http' })).toThrow("PORT: 'http' is not a port")
})

test('with Redis, the pepper for API keys is asked for at the start and not at the first request', () => {
  expect(() => readConfig({ ...ENV, REDIS_URL: 'redis://localhost' })).toThrow('GRANARY_PEPPER')
  expect(readConfig({ ...ENV, REDIS_URL: 'redis://localhost', GRANARY_PEPPER: SECRET }).redis).toBe(true)
})

test('what fails is logged without what the error carries, and answered without a reason', async () => {
  const failure = Object.assign(new Error('the database is away'), { result: { plaintext: 'gw_live_secret' } })
  const database: Database = {
    query: () => Promise.reject(failure),
    transaction: () => Promise.reject(failure),
    close: async () => {},
  }
  const written: string[] = []
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  const gateway = createGateway(database, configFor('none'), createCache({ namespace: 'failing' }))
  try {
    const response = await gateway.app.inject('/plans')
    expect(response.json()).toEqual({ error: { code: 'internal', message: 'something went wrong' } })
    const health = await gateway.app.inject('/health')
    expect(health).toMatchObject({ statusCode: 503 })
    expect(health.json()).toMatchObject({ status: 'unhealthy', database: false })
  } finally {
    spy.mockRestore()
    await gateway.close()
  }
  expect(written.join('')).toContain('the database is away')
  expect(written.join('')).not.toContain('gw_live_secret')
  expect(written.join('')).not.toContain(SECRETS.adminToken)
})
