import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as serialization from '../src/index.ts'

class Money {
  readonly cents: bigint

  constructor(cents: bigint) {
    this.cents = cents
  }
}

/** What the examples of the README take for granted. */
const given = {
  ...serialization,
  Money,
  cacheKey: Buffer.alloc(32, 1).toString('base64'),
  pepper: 'sixteen bytes or more',
  apiKey: 'gw_live_1',
}

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const [values, keys] = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) =>
  (code as string).replace(/^import .*\n/gm, ''),
) as [string, string]

function run(code: string, result: string): unknown {
  return new Function(...Object.keys(given), `${code}\nreturn ${result}`)(...Object.values(given))
}

describe('the examples of the README run', () => {
  test('a value comes back as it went in', () => {
    const user = run(values, 'user') as { id: number; balance: Money; seen: Date }
    expect(user.id).toBe(41)
    expect(user.balance).toEqual(new Money(500n))
    expect(user.balance).toBeInstanceOf(Money)
    expect(user.seen).toBeInstanceOf(Date)
  })

  test('keys read as they say', () => {
    const shown = [...keys.matchAll(/^(\w+\(.*\)) +\/\/ (.*)$/gm)].map(([, expression, says]) => [
      run('', expression as string),
      says,
    ])
    expect(shown).toEqual([
      ['(page=2,tags=["a","b"]),date(5)', '(page=2,tags=["a","b"]),date(5)'],
      [expect.stringMatching(/^#.{27}$/), "'#' and 27 characters"],
    ])
    expect(run(keys, 'secrets.digest(argumentsText([apiKey]))')).toMatch(/^[\w-]{43}$/)
  })
})
