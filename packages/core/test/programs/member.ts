/**
 * A process with a cache of its own that does what its parent asks. The parent is the database: every load is a message to
 * it and waits for the answer.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type CacheOptions, createCache } from '../../src/index.ts'

/** What the parent asks for. */
export type MemberRequest =
  | { readonly do: 'read'; readonly id: number; readonly callers: number }
  | { readonly do: 'watch'; readonly id: number; readonly ms: number }
  | { readonly do: 'delete' | 'get'; readonly id: number }
  | { readonly do: 'set'; readonly id: number; readonly value: unknown }
  | { readonly do: 'stats' | 'close' }

/** One answer that `watch` saw: its value, where it came from, and when it was asked for first and last (Unix ms). */
export interface Sighting {
  readonly value: unknown
  readonly tier: string | undefined
  readonly first: number
  last: number
}

const options = JSON.parse(process.argv[2] as string) as CacheOptions
const cache = createCache({ ...options, logger: { debug() {}, info() {}, warn() {}, error() {} } })
const rows = cache.define<[number], unknown>('row', { ttl: '5m', tags: (_, id) => [`row:${id}`] })
const loads = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
let asked = 0

function load(id: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const load = ++asked
    loads.set(load, { resolve, reject })
    process.send?.({ load, id })
  })
}

const read = (id: number) => rows.getOrSet([id], () => load(id))

/** Reads without a pause but the event loop's own, and sums up what it saw. */
async function watch(id: number, ms: number): Promise<Sighting[]> {
  const sightings: Sighting[] = []
  const endAt = Date.now() + ms
  for (let at = Date.now(); at < endAt; at = Date.now()) {
    const hit = rows.hit([id])
    const { value, tier } = hit === undefined ? await cache.observe(() => read(id)) : { value: await hit, tier: 'l1' }
    const last = sightings.at(-1)
    if (last !== undefined && JSON.stringify(last.value) === JSON.stringify(value) && last.tier === tier) last.last = at
    else sightings.push({ value, tier, first: at, last: at })
    await wait(1)
  }
  return sightings
}

async function answer(request: MemberRequest): Promise<unknown> {
  switch (request.do) {
    case 'read':
      return Promise.all(Array.from({ length: request.callers }, () => read(request.id)))
    case 'watch':
      return watch(request.id, request.ms)
    case 'get':
      return rows.get([request.id])
    case 'delete':
      return rows.delete([request.id])
    case 'set':
      return rows.set([request.id], request.value)
    case 'stats':
      return cache.stats()
    case 'close':
      await cache.close()
      setImmediate(() => process.disconnect())
  }
}

type Message =
  | { readonly ask: number; readonly request: MemberRequest }
  | { readonly loaded: number; readonly value?: unknown; readonly error?: string }

process.on('message', async (message: Message) => {
  if ('loaded' in message) {
    const waiting = loads.get(message.loaded)
    loads.delete(message.loaded)
    if (message.error === undefined) waiting?.resolve(message.value)
    else waiting?.reject(new Error(message.error))
    return
  }
  try {
    process.send?.({ answer: message.ask, value: await answer(message.request) })
  } catch (error) {
    process.send?.({ answer: message.ask, error: String(error) })
  }
})
await cache.ready()
process.send?.({ answer: 0 })
