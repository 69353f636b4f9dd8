import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplyGuard } from '../src/redis/connection/reply-guard.ts'
import { ReplyScan, type ReplyShape } from '../src/redis/connection/reply-scan.ts'

type Reply = string | number | null | Error | Buffer | Reply[]

/** RESP2, by the page that defines it. */
function encode(reply: Reply): Buffer {
  if (reply === null) return Buffer.from('$-1\r\n')
  if (reply instanceof Error) return Buffer.from(`-${reply.message}\r\n`)
  if (typeof reply === 'number') return Buffer.from(`:${reply}\r\n`)
  if (typeof reply === 'string') return Buffer.from(`+${reply}\r\n`)
  if (Buffer.isBuffer(reply)) return Buffer.concat([Buffer.from(`$${reply.length}\r\n`), reply, Buffer.from('\r\n')])
  return Buffer.concat([Buffer.from(`*${reply.length}\r\n`), ...reply.map(encode)])
}

const text = fc.string({ maxLength: 12 }).map((each) => each.replaceAll(/[\r\n]/g, ''))
const leaf: fc.Arbitrary<Reply> = fc.oneof(
  fc.constant(null),
  text,
  text.map((each) => new Error(each)),
  fc.maxSafeInteger(),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
)
const { reply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof({ maxDepth: 3, depthSize: 'small' }, leaf, fc.array(tie('reply'), { maxLength: 4 })),
}))

/** Cuts bytes wherever the network might. */
function cutUp(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] as number
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return pieces
}

const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 })

test('replies are followed to their ends, wherever the network cuts them', () => {
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 6 }), cuts, (replies, lengths) => {
      const scan = new ReplyScan()
      const shapes: ReplyShape[] = []
      const bytes = Buffer.concat(replies.map(encode))
      for (const piece of cutUp(bytes, lengths))
        expect(scan.follow(piece, (shape) => shapes.push(shape) > 0)).toBe(true)
      expect(shapes.map(({ type }) => type)).toEqual(
        replies.map((each) => String.fromCharCode(encode(each)[0] as number)),
      )
      replies.forEach((each, at) => {
        const shape = shapes[at] as ReplyShape
        if (each === null) expect(shape.length).toBe(-1)
        if (Buffer.isBuffer(each)) expect(shape.length).toBe(each.length)
        if (!Array.isArray(each)) return
        expect(shape.length).toBe(each.length)
        expect(each.map((element) => element === null)).toEqual(each.map((_, bit) => ((shape.nulls >> bit) & 1) === 1))
        const [first] = each
        expect(shape.head).toBe(Buffer.isBuffer(first) && first.length <= 16 ? first.toString('latin1') : '')
      })
    }),
    { numRuns: 300 },
  )
})

test('what is judged does not depend on where the network cuts it, damaged or not', () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 })), { maxLength: 3 })
  fc.assert(
    fc.property(fc.array(reply, { minLength: 1, maxLength: 6 }), flips, cuts, (replies, flipped, lengths) => {
      const bytes = Buffer.concat(replies.map(encode))
      for (const [at, bit] of flipped) bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ (1 << bit)
      const judge = (pieces: readonly Buffer[]) => {
        const scan = new ReplyScan()
        const shapes: ReplyShape[] = []
        const isSound = pieces.every((piece) => scan.follow(piece, (shape) => shapes.push(shape) > 0))
        return { isSound, shapes }
      }
      expect(judge(cutUp(bytes, lengths))).toEqual(judge([bytes]))
    }),
    { numRuns: 300 },
  )
})

/** A guard, and how often it told of damage. */
function guarded(options: { subscribes?: boolean; unanswered?: number }) {
  let damages = 0
  const guard = new ReplyGuard({
    subscribes: () => options.subscribes ?? false,
    unanswered: () => options.unanswered,
    onDamage: () => damages++,
  })
  return { passes: (...replies: Reply[]) => guard.passes(Buffer.concat(replies.map(encode))), damages: () => damages }
}

const [message, channel, payload] = [Buffer.from('message'), Buffer.from('ns:bus'), Buffer.from('1:2:3:-:')]
const [subscribe, pong] = [Buffer.from('subscribe'), Buffer.from('pong')]

test.each<[why: string, options: { subscribes?: boolean; unanswered?: number }, replies: Reply[]]>([
  ['more answers than questions', { unanswered: 1 }, [[payload, null], payload]],
  ['an answer to no question', { unanswered: 0 }, ['OK']],
  ['nothing, before anything was asked that may be nothing', {}, [null]],
  ['a message without its payload', { subscribes: true }, [[message, channel]]],
  ['a message of nothing', { subscribes: true }, [[message, null, payload]]],
  ['a list that is no message', { subscribes: true }, [[Buffer.from('mdssage'), channel, payload]]],
  ['an empty list', { subscribes: true }, [[]]],
  ['an answer after the subscription', { subscribes: true }, [[subscribe, channel, 1], payload]],
  ['a number for a subscription', { subscribes: true }, [3]],
])('damage: %s', (_why, options, replies) => {
  const { passes, damages } = guarded(options)
  expect(passes(...replies)).toBe(false)
  expect(passes('OK')).toBe(false)
  expect(damages()).toBe(1)
})

test('what a sound connection is told passes', () => {
  expect(guarded({}).passes('OK', new Error('ERR unknown subcommand'), Buffer.from('run_id:1'))).toBe(true)
  expect(guarded({ unanswered: 2 }).passes([payload, null], new Error('NOSCRIPT'))).toBe(true)
  const { passes, damages } = guarded({ subscribes: true })
  expect(passes([subscribe, channel, 1], [message, channel, payload], [pong, Buffer.alloc(0)])).toBe(true)
  expect(passes([message, Buffer.from('__redis__:invalidate'), null], new Error('ERR not now'))).toBe(true)
  expect(passes([message, Buffer.from('__redis__:invalidate'), [Buffer.from('key')]])).toBe(true)
  expect(damages()).toBe(0)
})

test.each([
  '%1\r\n+a\r\n+b\r\n',
  '>2\r\n+a\r\n+b\r\n',
  ':1x\r\n',
  '$2\r\nabc\r\n',
  '*-2\r\n',
  '$-3\r\n',
  ':\r\n',
  '+a\n',
  ':12\r+',
])('no reply of this protocol: %j', (bytes) => {
  expect(new ReplyScan().follow(Buffer.from(bytes), () => true)).toBe(false)
})
