import { ManualClock } from '@granary/testing'
import { expect, test } from 'vitest'
import { LiveStream } from '../../src/stream/live-stream.ts'
import { chunk } from './chunks.ts'

function running(...said: string[]) {
  const clock = new ManualClock()
  async function* source() {
    for (const each of said) yield chunk({ content: each })
  }
  const stream = new LiveStream(source(), { clock, limits: { maxBytes: 2_000, stallAfter: 5_000 }, abandon: () => {} })
  return { clock, stream, reader: stream.read() }
}

test('a stream can be joined from its beginning while it is recorded, and when it has ended', async () => {
  const { stream, reader } = running('a', 'b')
  expect(stream.isJoinable).toBe(true)
  await reader.next()
  expect(stream.isJoinable).toBe(true)
  while (!(await reader.next()).done);
  expect(stream.isJoinable).toBe(true)
})

test('and no more from the moment on in which its recording is lost: whoever came would miss its beginning', async () => {
  const long = running('a', 'b'.repeat(2_000), 'c')
  await long.reader.next()
  await long.reader.next()
  expect(long.stream.isJoinable, 'longer than its bound').toBe(false)
  await expect(long.stream.recorded).rejects.toMatchObject({ reason: 'too-long' })

  const asleep = running('a', 'b')
  await asleep.reader.next()
  asleep.clock.advance(5_001)
  expect(asleep.stream.isJoinable, 'nobody reads it').toBe(false)
  await expect(asleep.stream.recorded).rejects.toMatchObject({ reason: 'stalled' })

  const left = running('a', 'b')
  await left.reader.next()
  await left.reader.return?.()
  expect(left.stream.isJoinable, 'nobody wants it').toBe(false)
  await expect(left.stream.recorded).rejects.toMatchObject({ reason: 'abandoned' })
})
