import { describe, expect, test } from 'vitest'
import type { ChatRequest } from '../../src/index.ts'
import { canonicalRequest, type RequestRules } from '../../src/request/canonical-request.ts'
import { codeShare } from '../../src/request/code-share.ts'
import { IGNORED_PARAMETERS } from '../../src/request/ignored-parameters.ts'
import { templateOf } from '../../src/request/template.ts'
import { dependsOnHistory, isVolatile } from '../../src/request/wording.ts'

const RULES: RequestRules = {
  partition: 'shared',
  ignored: new Set(IGNORED_PARAMETERS),
  context: 'exact',
  variables: undefined,
  temperatureGate: 0.3,
  defaultTemperature: 1,
  isVolatile,
  embedder: 'e',
}

const TURN = { role: 'user', content: 'How do I cancel my subscription?' }

function read(fields: Partial<ChatRequest> = {}, rules: Partial<RequestRules> = {}) {
  return canonicalRequest({ model: 'm', temperature: 0, messages: [TURN], ...fields }, { ...RULES, ...rules })
}

describe('a request is not answered by meaning', () => {
  test.each<[string, Partial<ChatRequest>]>([
    ['no-user-turn', { messages: [TURN, { role: 'assistant', content: 'Like this' }] }],
    ['no-user-turn', { messages: [] }],
    ['not-text', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }],
    ['not-text', { modalities: ['text', 'audio'] }],
    ['tool-results', { messages: [TURN, { role: 'tool', content: '5' }, TURN] }],
    ['tool-results', { messages: [TURN, { role: 'assistant', content: null, tool_calls: [{ id: '1' }] }, TURN] }],
    ['temperature', { temperature: 0.31 }],
    ['temperature', { temperature: null }],
    ['temperature', { temperature: Number.NaN }],
    ['several-answers', { n: 2 }],
    ['logprobs', { logprobs: true }],
    ['logprobs', { top_logprobs: 3 }],
    ['empty', { messages: [{ role: 'user', content: ' ' }] }],
    ['volatile', { messages: [{ role: 'user', content: 'What is the latest version of Node?' }] }],
    ['code', { messages: [{ role: 'user', content: 'Fix: `for (let i = 0; i < 10; i++) sum += i`' }] }],
  ])('%s', (reason, fields) => {
    expect(read(fields)).toMatchObject({ ineligible: reason, text: undefined })
  })

  test('without a temperature, unless the provider’s default is said to be low', () => {
    const { temperature: _, ...request } = { model: 'm', messages: [TURN], temperature: 0 }
    expect(canonicalRequest(request, RULES).ineligible).toBe('temperature')
    expect(canonicalRequest(request, { ...RULES, defaultTemperature: 0 }).ineligible).toBeUndefined()
  })

  test('after earlier turns, when the context is none', () => {
    const messages = [TURN, { role: 'assistant', content: 'Like this' }, TURN]
    expect(read({ messages }, { context: 'none' }).ineligible).toBe('history')
    expect(
      read({ messages: [{ role: 'system', content: 'Be brief' }, TURN] }, { context: 'none' }).ineligible,
    ).toBeUndefined()
  })

  test('when a variable of its template does not stand in it', () => {
    expect(read({}, { variables: () => ({ topic: 'weather' }) }).ineligible).toBe('template')
  })
})

describe('what counts', () => {
  const before = read()

  test.each<[string, Partial<ChatRequest>]>([
    ['model', { model: 'other' }],
    ['an unknown parameter', { some_new_parameter: 1 }],
    ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['tool choice', { tool_choice: 'none' }],
    ['response format', { response_format: { type: 'json_object' } }],
    ['seed', { seed: 1 }],
    ['system prompt', { messages: [{ role: 'system', content: 'Be brief' }, TURN] }],
    ['an earlier turn', { messages: [TURN, { role: 'assistant', content: 'Like this' }, TURN] }],
  ])('%s: another key and another scope', (_, fields) => {
    const after = read(fields)
    expect(after.key).not.toBe(before.key)
    expect(after.scope).not.toBe(before.scope)
  })

  test.each([...IGNORED_PARAMETERS, 'stream', 'stream_options'])('%s does not', (name) => {
    expect(read({ [name]: 'anything' })).toMatchObject({ key: before.key, scope: before.scope })
  })

  test('where a system message stands among the turns', () => {
    const [system, answer] = [
      { role: 'system', content: 'Be brief' },
      { role: 'assistant', content: 'Like this' },
    ]
    const scopes = [
      [system, TURN, answer, TURN],
      [TURN, system, answer, TURN],
      [TURN, answer, system, TURN],
    ].map((messages) => read({ messages }).scope)
    expect(new Set(scopes).size).toBe(3)
  })

  test('the text around variables, exactly; the values are what is compared', () => {
    const ask = (content: string, topic: string) =>
      read({ messages: [{ role: 'user', content }] }, { variables: () => ({ topic }) })
    const one = ask('Write a poem about: the sea', 'the sea')
    const other = ask('Write a poem about: an ocean', 'an ocean')
    expect([one.text, other.text]).toEqual(['the sea', 'an ocean'])
    expect(other.scope).toBe(one.scope)
    expect(ask('Write a song about: the sea', 'the sea').scope).not.toBe(one.scope)
    expect(ask('Write a poem about: the sea', 'poem').scope).not.toBe(one.scope)
  })
})

test('a frame that spells a marker is not the frame with that variable', () => {
  expect(templateOf('say {x} or b', { x: 'b' })?.frame).not.toBe(templateOf('say a or {x}', { x: 'a' })?.frame)
  expect(templateOf('ab', { x: 'ab', y: 'b' })).toBeUndefined()
})

test.each([
  ['How tall is the Eiffel tower in metres?', false],
  ['how old is he?', true],
  ['and the second one', true],
  ['reset password', true],
  ['Which countries border the Black Sea?', false],
])('%s depends on what was said before: %s', (text, depends) => {
  expect(dependsOnHistory(text)).toBe(depends)
})

test.each([
  ['How do I cancel my subscription?', 0],
  ['', 0],
  ['```js\nconst a = 1\n```', 1],
  ['{"a": 1,\n"b": [2]}', 1],
])('the share of code in %j', (text, share) => {
  expect(codeShare(text)).toBeCloseTo(share, 0)
})
