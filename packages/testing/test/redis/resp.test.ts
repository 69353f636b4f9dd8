import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asText, encodeCommand, type RedisReply, ReplyReader } from '../../src/redis/resp.ts'

const { reply } = fc.letrec<{ reply: RedisReply }>((tie) => ({
  reply: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.integer(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
    fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    fc.array(tie('reply'), { maxLength: 4 }),
  ),
}))

function encode(value: RedisReply): Buffer {
  if (value === null) return Buffer.from('$-1\r\n')
  if (value instanceof Uint8Array)
    return Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')])
  if (Array.isArray(value)) return Buffer.concat([Buffer.from(`*${value.length}\r\n`), ...value.map(encode)])
  return Buffer.from(`:${value}\r\n`)
}

test('replies come back as they were sent, whatever the chunks', () => {
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 5 }), fc.integer({ min: 1, max: 70 }), (replies, size) => {
      const bytes = Buffer.concat(replies.map(encode))
      const reader = new ReplyReader((message) => new Error(message))
      const read: RedisReply[] = []
      for (let at = 0; at < bytes.length; at += size) read.push(...reader.push(bytes.subarray(at, at + size)))
      expect(read).toEqual(replies)
    }),
  )
})

test('lines, errors and nested text are read', () => {
  const reader = new ReplyReader((message) => new Error(message))
  const [ok, error, nested] = reader.push(Buffer.from('+OK\r\n-ERR no\r\n*2\r\n$2\r\nhi\r\n*1\r\n$-1\r\n'))
  expect(ok).toBe('OK')
  expect(error).toEqual(new Error('ERR no'))
  expect(asText(nested as RedisReply)).toEqual(['hi', [null]])
})

test('what is not the protocol throws', () => {
  const read = (text: string) => new ReplyReader((message) => new Error(message)).push(Buffer.from(text))
  expect(() => read('HTTP/1.1 200 OK\r\n')).toThrow(/starts with byte 72/)
  expect(() => read('$x\r\n')).toThrow(/no valid length/)
  expect(() => read('*-7\r\n')).toThrow(/no valid length/)
})

test('a command is a list of byte strings, counted in bytes', () => {
  const command = encodeCommand(['SET', 'ü', 12n, 3.5, Uint8Array.of(0, 255)])
  expect(command.toString('latin1')).toBe(
    '*5\r\n$3\r\nSET\r\n$2\r\n\xc3\xbc\r\n$2\r\n12\r\n$3\r\n3.5\r\n$2\r\n\x00\xff\r\n',
  )
})
