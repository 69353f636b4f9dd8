import { createCache } from '@granary/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGateway, type Gateway } from '../src/gateway.ts'
import { signIdentity } from '../src/http/identity.ts'
import { at, configFor, goodKeys, SECRETS, type SeededDatabase, startSeededDatabase } from './fixture.ts'

let seeded: SeededDatabase
let gateway: Gateway

beforeAll(async () => {
  seeded = await startSeededDatabase()
  const config = { ...configFor(seeded.url), trustedProxies: ['10.0.0.0/8'] }
  gateway = createGateway(seeded.database, config, createCache({ namespace: 'addresses' }))
})

afterAll(async () => {
  await gateway.close()
  await seeded.stop()
})

interface Sender {
  readonly remoteAddress: string
  readonly forwardedFor?: string
}

async function logIn({ remoteAddress, forwardedFor }: Sender): Promise<number> {
  const { statusCode } = await gateway.app.inject({
    method: 'POST',
    url: '/auth/login',
    remoteAddress,
    headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor },
    payload: { identity: signIdentity({ privyUserId: 'did:privy:nobody', username: null }, SECRETS.identitySecret) },
  })
  return statusCode
}

describe('the limits of an address', () => {
  test('ten logins in a quarter of an hour, failed ones too; another address is not concerned', async () => {
    const guesser = { remoteAddress: '192.0.2.1' }
    for (let guess = 0; guess < 10; guess++) expect(await logIn(guesser)).toBe(404)
    expect(await logIn(guesser)).toBe(429)
    expect(await logIn({ remoteAddress: '192.0.2.2' })).toBe(404)
  })

  test('a whole IPv6 network counts as one address', async () => {
    for (let host = 1; host <= 10; host++) await logIn({ remoteAddress: `2001:db8:1:2::${host}` })
    expect(await logIn({ remoteAddress: '2001:db8:1:2:ffff::1' })).toBe(429)
    expect(await logIn({ remoteAddress: '2001:db8:1:3::1' })).toBe(404)
  })

  test('X-Forwarded-For is believed of our own proxies only, and only their part of it', async () => {
    for (let at = 0; at < 10; at++) await logIn({ remoteAddress: '192.0.2.9', forwardedFor: `203.0.113.${at}` })
    expect(await logIn({ remoteAddress: '192.0.2.9', forwardedFor: '203.0.113.99' })).toBe(429)
    const behind = (forwardedFor: string) => logIn({ remoteAddress: '10.0.0.1', forwardedFor })
    // What stands before our proxy's own entry was written by the client.
    for (let at = 0; at < 10; at++) expect(await behind(`203.0.113.${at}, 198.51.100.7`)).toBe(404)
    expect(await behind('203.0.113.50, 198.51.100.7')).toBe(429)
    expect(await behind('198.51.100.8')).toBe(404)
  })

  test('three registrations an hour, whatever comes of them; an administrator can see and forget them', async () => {
    const register = async (name: string) => {
      const payload = { username: name, email: `${name}@example.com` }
      const request = { method: 'POST', url: '/auth/register', remoteAddress: '192.0.2.44', payload } as const
      return (await gateway.app.inject(request)).statusCode
    }
    expect([await register('eve'), await register('eve'), await register('mallory')]).toEqual([201, 409, 201])
    expect(await register('trent')).toBe(429)
    const url = '/admin/rate-limits/addresses?route=register&address=192.0.2.44'
    const headers = { authorization: `Bearer ${SECRETS.adminToken}` }
    const seen = await gateway.app.inject({ url, headers })
    expect(seen.json()).toMatchObject({ ok: false, violated: ['attempts'], limits: { attempts: { limit: 3 } } })
    await gateway.app.inject({ method: 'DELETE', url, headers })
    expect(await register('trent')).toBe(201)
  })

  test('a user is issued ten keys an hour, over all addresses', async () => {
    const { plaintext } = at(goodKeys(seeded.accounts), 0)
    const create = async (host: number) => {
      const { statusCode, headers } = await gateway.app.inject({
        method: 'POST',
        url: '/user/api-keys',
        remoteAddress: `192.0.2.${host}`,
        headers: { authorization: `Bearer ${plaintext}` },
        payload: { name: `key ${host}`, environment: 'live' },
      })
      return { statusCode, retryAfter: headers['retry-after'] }
    }
    for (let host = 1; host <= 10; host++) expect(await create(host)).toMatchObject({ statusCode: 201 })
    const refused = await create(11)
    expect(refused.statusCode).toBe(429)
    expect(Number(refused.retryAfter)).toBeGreaterThan(3_000)
    expect(Number(refused.retryAfter)).toBeLessThanOrEqual(3_600)
  })
})
