import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EmbedderUnavailable, type HttpEmbedderOptions, httpEmbedder, lexicalEmbedder } from '../../src/index.ts'
import { embedderContract } from '../contracts/embedder.ts'

interface Asked {
  readonly path: string
  readonly authorization: string | undefined
  readonly body: { model: string; input: string[]; dimensions?: number }
}

const DIMENSIONS = 64
const lexical = lexicalEmbedder({ dimensions: DIMENSIONS })

/** An API that answers like OpenAI's, unless a test says otherwise for its next requests. */
const api = {
  url: '',
  asked: [] as Asked[],
  /** One for each request to come. */
  otherwise: [] as ((response: ServerResponse) => void)[],
  left: 0,
}

const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const body = JSON.parse(Buffer.concat(pieces).toString()) as Asked['body']
  api.asked.push({ path: request.url ?? '', authorization: request.headers.authorization, body })
  response.on('close', () => {
    if (!response.writableFinished) api.left += 1
  })
  const other = api.otherwise.shift()
  if (other !== undefined) return other(response)
  const found = await lexical.embed(body.input)
  // Not in order, and not of length 1: both are allowed.
  const data = found
    .map(({ vector }, index) => ({ index, embedding: Array.from(vector, (value) => value * 3) }))
    .reverse()
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ data }))
})

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  api.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`
})

beforeEach(() => {
  api.asked = []
  api.otherwise = []
  api.left = 0
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const open = (options: Partial<HttpEmbedderOptions> = {}) =>
  httpEmbedder({ url: api.url, model: 'small', dimensions: DIMENSIONS, maxTokens: 500, ...options })

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code, headers).end('{"error":"no"}')

const saying = (text: string) => (response: ServerResponse) => void response.end(text)

describe('an embedder behind an OpenAI-compatible API', () => {
  embedderContract(() => open(), 'word '.repeat(200))

  test('sends the texts of one turn in one request, and the token nowhere but in its header', async () => {
    const embedder = open({ apiKey: 'sk-secret' })
    const all = await Promise.all([embedder.embed(['a']), embedder.embed(['b', 'c']), embedder.embed(['d'])])
    expect(all.map(({ length }) => length)).toEqual([1, 2, 1])
    expect(api.asked).toEqual([
      {
        path: '/v1/embeddings',
        authorization: 'Bearer sk-secret',
        body: { model: 'small', input: ['a', 'b', 'c', 'd'], encoding_format: 'float' },
      },
    ])
  })

  test('splits what is more than a batch, and gives everybody his own', async () => {
    const embedder = open({ batchSize: 3 })
    const texts = Array.from({ length: 10 }, (_, at) => `text number ${at}`)
    const [many, one] = await Promise.all([embedder.embed(texts), embedder.embed(['alone'])])
    const direct = await lexical.embed([...texts, 'alone'])
    for (const [at, { vector }] of [...many, ...one].entries())
      expect(vector[0]).toBeCloseTo(direct[at]?.vector[0] as number, 5)
    expect(api.asked.map(({ body }) => body.input.length)).toEqual(expect.arrayContaining([3, 3, 3, 1, 1]))
  })

  test('does not send what is empty or too long', async () => {
    const embedder = open({ maxTokens: 4, countTokens: (text) => text.split(' ').length })
    const found = await embedder.embed(['one two three four', '', 'one two three four five'])
    expect(found.map(({ truncated }) => truncated)).toEqual([false, false, true])
    expect(api.asked.map(({ body }) => body.input)).toEqual([['one two three four']])
  })

  test.each([429, 500, 503])('asks again after status %d', async (code) => {
    api.otherwise = [status(code)]
    expect(await open().embed(['a'])).toHaveLength(1)
    expect(api.asked).toHaveLength(2)
  })

  test('asks again after a broken connection', async () => {
    api.otherwise = [(response) => void response.destroy()]
    expect(await open().embed(['a'])).toHaveLength(1)
  })

  test('waits as long as the server asks, within its deadline', async () => {
    api.otherwise = [status(429, { 'retry-after': '1' })]
    const error = await open({ deadline: '200ms' })
      .embed(['a'])
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(EmbedderUnavailable)
    expect((error as Error).message).toBe('The embedding API did not answer within 200 ms.')
    expect(api.asked).toHaveLength(1)
  })

  test.each([400, 401, 404])('does not ask again after status %d', async (code) => {
    api.otherwise = [status(code)]
    await expect(open({ apiKey: 'sk-secret' }).embed(['a'])).rejects.toThrow(
      `The embedding API answered with status ${code}.`,
    )
    expect(api.asked).toHaveLength(1)
  })

  test('gives up at its deadline, and hangs up', async () => {
    api.otherwise = [() => {}]
    await expect(open({ deadline: '60ms' }).embed(['a'])).rejects.toThrow('did not answer within 60 ms')
    await expect.poll(() => api.left).toBe(1)
  })

  test('hangs up when nobody waits any more, and not before', async () => {
    api.otherwise = [() => {}]
    const embedder = open()
    const [one, two] = [new AbortController(), new AbortController()]
    const calls = [embedder.embed(['a'], one.signal), embedder.embed(['b'], two.signal)].map((call) =>
      call.catch((reason: Error) => reason.message),
    )
    await expect.poll(() => api.asked).toHaveLength(1)
    one.abort(new Error('one left'))
    expect(await calls[0]).toBe('one left')
    expect(api.left).toBe(0)
    two.abort(new Error('two left'))
    expect(await calls[1]).toBe('two left')
    await expect.poll(() => api.left).toBe(1)
  })

  test.each([
    ['no JSON', '<html>'],
    ['no data', '{}'],
    ['null', 'null'],
    ['too few vectors', '{"data":[]}'],
    ['a vector of other dimensions', '{"data":[{"index":0,"embedding":[1,2]}]}'],
    ['a vector that is none', `{"data":[{"index":0,"embedding":[${'"x",'.repeat(63)}"x"]}]}`],
    ['an index of nobody', `{"data":[{"index":7,"embedding":[${'1,'.repeat(63)}1]}]}`],
  ])('an answer with %s is a failure, and no vector', async (_, text) => {
    api.otherwise = [saying(text), saying(text)]
    await expect(open().embed(['a'])).rejects.toBeInstanceOf(EmbedderUnavailable)
  })

  test.each([
    [{ url: 'localhost' }, /url: 'localhost' is not allowed; it is an http or https URL/],
    [{ model: '' }, /model/],
    [{ dimensions: 0 }, /dimensions/],
    [{ batchSize: 0 }, /batchSize: 0 is not allowed; it is a whole number from 1 to 2,048/],
    [{ retries: 9 }, /retries/],
    [{ deadline: '0s' as never }, /deadline/],
  ])('%o is refused', (options, message) => {
    expect(() => open(options)).toThrow(message)
  })
})
