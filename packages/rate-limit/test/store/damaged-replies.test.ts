import { EventEmitter } from 'node:events'
import { ManualClock, ScriptedRandom } from '@granary/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createRateLimiter, type RateLimiterOptions, window } from '../../src/index.ts'
import { SILENT } from '../support/limiter.ts'

/** A client of a connection that damages what comes over it: no server is needed for that, and none would do it on demand. */
class DamagedClient extends EventEmitter {
  readonly status = 'ready'
  readonly #reply: (command: string) => Promise<unknown>

  constructor(reply: (command: string) => Promise<unknown>) {
    super()
    this.#reply = reply
  }

  async connect(): Promise<void> {}

  disconnect(): void {}

  callBuffer(command: string): Promise<unknown> {
    return command === 'EVAL' ? Promise.resolve([1, 0, 10_000]) : this.#reply(command)
  }
}

function limiterOver(reply: () => Promise<unknown>) {
  const clock = new ManualClock()
  const redis = {
    kind: 'single',
    duplicate: async () => new DamagedClient(reply),
  } as unknown as RateLimiterOptions['redis']
  const limiter = createRateLimiter({ clock, redis, random: new ScriptedRandom(1), logger: SILENT })
  return { clock, limiter, logins: limiter.define('login', { limits: { attempts: window(3, '1m') } }) }
}

/** A reply of the script: a code, a time, a birth and these numbers. */
function packed(code: number, ...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(13 + 8 * numbers.length)
  bytes.writeInt8(code, 0)
  bytes.writeDoubleLE(1e15, 1)
  for (const [at, number] of numbers.entries()) bytes.writeDoubleLE(number, 13 + 8 * at)
  return bytes
}

test.each<[string, unknown]>([
  ['nothing', null],
  ['a number', 7],
  ['half of it', Buffer.alloc(6)],
  ['a piece too much', Buffer.concat([packed(1, 2, 0), Buffer.from('x')])],
  ['no standings', packed(1)],
  ['the standings of another set', packed(1, 2, 0, 2, 0)],
  ['a refusal without its reasons', packed(0, 0)],
  ['a code that is none', packed(9, 2, 0)],
  ['what is no number', packed(1, Number.NaN, 0)],
])('a reply that is %s decides nothing: this process does, and no caller sees an error', async (_, reply) => {
  const { limiter, logins } = limiterOver(async () => reply)
  await limiter.ready()
  expect(await logins.check('ada')).toMatchObject({ ok: true, source: 'local' })
  await limiter.close()
})

test('one that comes damaged, and after its caller has gone, harms nobody', async () => {
  let answer = (_: unknown) => {}
  const late = new Promise((resolve) => {
    answer = resolve
  })
  const { clock, limiter, logins } = limiterOver(() => late)
  await limiter.ready()
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  const check = logins.check('ada')
  const decision = await clock.advanceUntilSettled(check)
  expect(decision).toMatchObject({ ok: true, source: 'local' })
  answer(Buffer.alloc(6))
  await new Promise((resolve) => setImmediate(resolve))
  expect(unhandled).toEqual([])
  await clock.advanceUntilSettled(limiter.close())
})
