import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeMessage, encodeTargets } from '../src/redis/bus/bus-message.ts'
import { timeIn } from '../src/redis/connection/answers.ts'
import { clockIn, helloIn, recordsIn, toldIn } from '../src/redis/script/metadata-answers.ts'

const bytes = (text: string) => Buffer.from(text)
const sealOf = (parts: readonly unknown[]) => bytes(createHash('sha1').update(parts.join(' ')).digest('hex'))

const number = fc.nat(1_000_000)
const member = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 1, maxLength: 16 })

/** A hello as the script answers it. */
const hello = fc
  .tuple(
    fc.bigInt(1n, 2n ** 52n),
    number,
    number,
    number,
    fc.nat(2 ** 31),
    fc.dictionary(member, number, { maxKeys: 6 }),
  )
  .map(([inc, c, n, floor, now, records]) => {
    const flat = Object.entries(records).flatMap(([each, record]) => [each, String(record)])
    const count = flat.length / 2
    const seal = sealOf([inc, c, n, floor, now, count, ...flat])
    return [bytes(String(inc)), c, n, floor, now, count, flat.map(bytes), seal] as unknown[]
  })

/** The same reply with one bit of one digit, letter or number changed. */
function damaged(reply: unknown, at: number, bit: number): unknown {
  if (typeof reply === 'number') return reply ^ (1 << bit)
  if (reply instanceof Uint8Array) {
    const changed = Buffer.from(reply)
    changed[at % changed.length] = (changed[at % changed.length] as number) ^ (1 << bit)
    return changed
  }
  const list = [...(reply as unknown[])]
  const where = at % list.length
  list[where] = damaged(list[where], Math.floor(at / list.length), bit)
  return list
}

const place = fc.nat(100_000)
const bit = fc.integer({ min: 0, max: 6 })

test('a hello is taken over as the script said it', () => {
  const reply = [
    bytes('7'),
    3,
    9,
    1,
    1_700,
    2,
    ['b', '3', 'a', '2'].map(bytes),
    sealOf([7, 3, 9, 1, 1_700, 2, 'b', 3, 'a', 2]),
  ]
  expect(helloIn(reply)).toEqual({
    serverTime: 1_700,
    hello: {
      incarnation: 7,
      tagClock: 3,
      sequence: 9,
      floor: 1,
      complete: true,
      records: [
        ['b', 3],
        ['a', 2],
      ],
    },
  })
})

test('a hello of which one bit was changed on the way is none', () => {
  fc.assert(
    fc.property(hello, place, bit, (reply, at, which) => {
      expect(helloIn(reply).hello.tagClock).toBe(reply[1])
      fc.pre(!(Array.isArray(reply[6]) && reply[6].length === 0 && at % reply.length === 6))
      expect(() => helloIn(damaged(reply, at, which))).toThrow(expect.objectContaining({ reason: 'protocol' }))
    }),
    { numRuns: 400 },
  )
})

test('records of which one bit was changed on the way are none, and nor are those of other questions', () => {
  fc.assert(
    fc.property(fc.array(number, { minLength: 1, maxLength: 6 }), place, bit, (records, at, which) => {
      const reply = [...records.map((record) => bytes(String(record))), sealOf(records)]
      expect(recordsIn(reply, records.length)).toEqual(records)
      for (const other of [damaged(reply, at, which), reply.slice(1), [...reply, bytes('1')], 7, null])
        expect(() => recordsIn(other, records.length)).toThrow(expect.objectContaining({ reason: 'protocol' }))
    }),
  )
  expect(recordsIn(bytes('lost'), 3)).toBeUndefined()
  expect(() => recordsIn(bytes('loss'), 3)).toThrow()
})

test.each([[[1, 2]], [[1, 2, 3, 4]], [[1, 2, null]], [[1, 2, -3]], [[1, 2, bytes('3x')]], [bytes('1')], [null], [{}]])(
  'a clock is not what looks like this: %j',
  (reply) => {
    expect(() => clockIn(reply)).toThrow(expect.objectContaining({ reason: 'protocol' }))
    expect(() => toldIn([1, reply])).toThrow(expect.objectContaining({ reason: 'protocol' }))
  },
)

test('a bus message of which one bit of what to forget was changed on the way is none', () => {
  const address = fc.tuple(member, member).map(([label, text]) => ({ key: `ns:${label}:${text}`, label, text }))
  const targets = fc.record({ keys: fc.array(address, { maxLength: 4 }), members: fc.array(member, { maxLength: 4 }) })
  fc.assert(
    fc.property(targets, place, bit, (given, at, which) => {
      const head = '7:2:9:other:'
      const body = bytes(encodeTargets(given))
      const message = decodeMessage('ns', Buffer.concat([bytes(head), body]))
      expect(message).toMatchObject({ incarnation: 7, tagClock: 2, sequence: 9, origin: 'other', targets: given })
      expect(decodeMessage('ns', Buffer.concat([bytes(head), damaged(body, at, which) as Buffer]))).toBeUndefined()
    }),
    { numRuns: 400 },
  )
})

test('a message of a process that does not yet say its checksum is taken as it is', () => {
  expect(decodeMessage('ns', bytes('7:2:9:other:[[["user:1","2"]],[]]'))?.targets.keys).toMatchObject([{ text: '2' }])
})

test.each([undefined, null, 7, ['x']])('what is no bytes is no message: %j', (raw) => {
  expect(decodeMessage('ns', raw)).toBeUndefined()
})

test('a time is two whole numbers, the second one below a million, and nothing else is', () => {
  expect(timeIn([bytes('1700000000'), bytes('999999')])).toBe(1_700_000_000_999)
  expect(timeIn([1_700_000_000, 0])).toBe(1_700_000_000_000)
  const damaged = [
    [bytes('17000000o0'), bytes('1')],
    [bytes('1700000000'), bytes('1000000')],
    [bytes('1700000000'), bytes('-1')],
    [bytes('1700000000')],
    [null, bytes('1')],
    bytes('OK'),
    null,
  ]
  for (const reply of damaged) expect(() => timeIn(reply)).toThrow(/(protocol)/)
})
