import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assemble } from '../../src/stream/assembly.ts'
import { replayChunks, wordsOf } from '../../src/stream/replay.ts'
import { chunksOf, recordOf } from '../../src/stream/stream-record.ts'
import { chunk, pieces, said, streamOf } from './chunks.ts'

const USAGE = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }

test('a record gives back every chunk of the stream, whatever the pieces', () => {
  fc.assert(
    fc.property(pieces, fc.constantFrom('stop', 'length', null), (parts, finish) => {
      const chunks = streamOf(parts, finish, USAGE)
      const completion = assemble(chunks)
      const text = completion.choices[0]?.message.content ?? ''
      expect(text).toBe(parts.join(''))
      expect(chunksOf(recordOf(chunks), text)).toEqual(chunks)
    }),
    { numRuns: 500 },
  )
})

test('a stream of a thousand tokens is kept as a thousand lengths, not as a thousand chunks', () => {
  const chunks = streamOf(Array.from({ length: 1_000 }, (_, at) => `word${at} `))
  expect(JSON.stringify(recordOf(chunks)).length).toBeLessThan(5_000)
})

test('padding is not kept, and fields that differ are', () => {
  const [first, second, third] = ['a', 'b', 'c'].map((content, at) => ({
    ...chunk({ content }),
    obfuscation: 'x'.repeat(at + 1),
    ...(at === 1 ? { system_fingerprint: 'fp' } : {}),
  }))
  const { obfuscation: _, ...kept } = second as Record<string, unknown>
  const found = chunksOf(recordOf([first, second, third] as never), 'abc')
  expect(found).toEqual([chunk({ content: 'a' }), kept, chunk({ content: 'c' })])
})

test('tool calls and several answers are put together and come back chunk by chunk', () => {
  const chunks = [
    chunk({
      role: 'assistant',
      content: null,
      tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '' } }],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a":' } }] }),
    chunk({ tool_calls: [{ index: 1, id: 'c2', type: 'function', function: { name: 'g', arguments: '{}' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '1}' } }] }),
    { choices: [{ index: 1, delta: { content: 'other', reasoning: 'be' } }] },
    { choices: [{ index: 1, delta: { reasoning: 'cause' }, finish_reason: 'stop' }] },
    chunk({}, 'tool_calls'),
  ]
  const completion = assemble(chunks)
  expect(completion.choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
        { id: 'c2', type: 'function', function: { name: 'g', arguments: '{}' } },
      ],
    },
  })
  expect(completion.choices[1]).toMatchObject({
    message: { content: 'other', reasoning: 'because' },
    finish_reason: 'stop',
  })
  expect(chunksOf(recordOf(chunks), '')).toEqual(chunks)
})

test('an answer that never streamed is streamed word by word, and put together it is the answer', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      expect(wordsOf(text).join('')).toBe(text)
      const message = { role: 'assistant', content: text, refusal: null, annotations: [] }
      const completion = {
        id: 'x',
        object: 'chat.completion',
        model: 'small',
        choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
        usage: USAGE,
      }
      const request = { model: 'small', messages: [], stream_options: { include_usage: true } }
      const chunks = replayChunks({ completion, record: undefined }, request)
      expect(said(chunks)).toBe(text)
      expect(chunks.at(-1)?.usage).toEqual(USAGE)
      expect(assemble(chunks)).toEqual(completion)
    }),
    { numRuns: 300 },
  )
})

test('what was used comes last, and only to those who ask for it', () => {
  const chunks = streamOf(['a', 'b'], 'stop', USAGE)
  const stored = { completion: assemble(chunks), record: recordOf(chunks) }
  const request = { model: 'small', messages: [] }
  expect(replayChunks(stored, request)).toEqual(chunks.slice(0, -1))
  expect(replayChunks(stored, { ...request, stream_options: { include_usage: true } })).toEqual(chunks)
})
