import { setTimeout as wait } from 'node:timers/promises'
import { createCache, systemClock, systemRandom } from '@granary/core'
import { type RedisServer, startRedis } from '@granary/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Mirror } from '../../src/nearest/redis/mirror.ts'
import { RedisLine } from '../../src/nearest/redis/redis-line.ts'
import { RedisScope } from '../../src/nearest/redis/redis-scope.ts'
import { CODE_BYTES, signCode } from '../../src/nearest/redis/sign-code.ts'
import { Vault } from '../../src/nearest/redis/vault.ts'
import { randomUnit } from './vectors.ts'

const LONG = 60_000

describe('a mirror', () => {
  test('answers with the nearest places, and never with an empty one', () => {
    const codes = Array.from({ length: 500 }, (_, seed) => signCode(randomUnit(64, seed), undefined))
    codes[3] = new Uint8Array(CODE_BYTES)
    const mirror = new Mirror('g', 0, Buffer.concat(codes))
    const bits = (a: Uint8Array, b: Uint8Array) =>
      a.reduce((sum, byte, at) => sum + ((byte ^ (b[at] as number)).toString(2).match(/1/g)?.length ?? 0), 0)
    for (let seed = 600; seed < 640; seed++) {
      const query = signCode(randomUnit(64, seed), undefined)
      const wanted = codes
        .map((code, slot) => ({ slot, distance: bits(query, code) }))
        .filter(({ slot }) => slot !== 3)
        .sort((a, b) => a.distance - b.distance || a.slot - b.slot)
      const found = mirror.nearest(query, 20)
      expect(found.map(({ distance }) => distance)).toEqual(wanted.slice(0, 20).map(({ distance }) => distance))
      for (const { slot, distance } of found) expect(bits(query, codes[slot] as Uint8Array)).toBe(distance)
    }
  })

  test('takes 32 bytes an entry, and a quarter more where it has grown', () => {
    const mirror = new Mirror('g', 0, new Uint8Array(1_000 * CODE_BYTES))
    expect(mirror.bytes).toBe(32_000)
    mirror.put(1_000, new Uint8Array(CODE_BYTES))
    expect(mirror.bytes).toBeLessThanOrEqual(1.26 * 1_001 * 32)
  })
})

describe('whatever happens in whatever order', () => {
  let redis: RedisServer

  beforeAll(async () => {
    redis = await startRedis()
  })

  afterAll(() => redis.stop())

  const change = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('add' as const), id: fc.nat(15), seed: fc.nat(50) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), id: fc.nat(15) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('brief' as const), id: fc.nat(15), seed: fc.nat(50) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('search' as const), seed: fc.nat(50) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('lose' as const), key: fc.constantFrom('m', 'c', 'l', 'x') }),
    },
  )
  const story = fc.array(fc.record({ process: fc.nat(1), change }), { maxLength: 60 })

  test('the mirror of every process equals the codes in Redis, and one that is built anew', async () => {
    const cache = createCache({ namespace: 'mirror', redis: redis.url })
    const line = new RedisLine(cache.redis, systemClock)
    let stories = 0
    try {
      await fc.assert(
        fc.asyncProperty(story, async (steps) => {
          const prefix = `s${stories++}:{x}`
          const make = () =>
            new RedisScope(
              { line, random: systemRandom, vault: new Vault(undefined) },
              { prefix, maxEntries: 10, longestLog: 8 },
            )
          const processes = [make(), make()]
          // Two steps at a time: they overlap, as those of two processes do.
          for (let at = 0; at < steps.length; at += 2) {
            await Promise.all(
              steps.slice(at, at + 2).map(async ({ process, change: step }) => {
                const scope = processes[process] as RedisScope
                if (step.kind === 'delete') return scope.delete([`e${step.id}`], undefined)
                if (step.kind === 'search') return scope.search(randomUnit(16, step.seed), 3, undefined)
                if (step.kind === 'lose') return redis.command('DEL', `${prefix}:${step.key}`)
                const life = step.kind === 'brief' ? 1 : LONG
                const id = `e${step.id}`
                return scope.add(
                  { id, text: '', answer: '', tags: [], vector: randomUnit(16, step.seed) },
                  life,
                  undefined,
                )
              }),
            )
          }
          const scopes = [...processes, make()]
          // What is brief has ended; the searches' own tidying has, too; and then nothing changes any more.
          for (let round = 0; round < 3; round++) {
            await wait(5)
            for (const scope of scopes) await scope.search(randomUnit(16, 0), 3, undefined)
          }
          const mirrors = scopes.map(codesOf)
          const raw = (await line.send([['GETRANGE', `${prefix}:c`, 0, -1]], undefined))[0] as Buffer
          for (const mirror of mirrors) expect(mirror).toBe(mirror === '' ? '' : raw.toString('hex'))
          expect(new Set(mirrors).size).toBe(1)
        }),
        { numRuns: 60 },
      )
    } finally {
      await line.close()
      await cache.close()
    }
  })
})

function codesOf({ mirror }: RedisScope): string {
  if (mirror === undefined) return ''
  return Buffer.concat(Array.from({ length: mirror.slots }, (_, slot) => mirror.code(slot))).toString('hex')
}
