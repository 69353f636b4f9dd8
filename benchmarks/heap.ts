/** How many bytes of heap does an entry cost above an entry of a plain Map, with 100,000 small ones? */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createCache } from '@granary/core'
import { FAST_PEERS, type MemoryPeer, OTHER_PEERS, type Read } from './lib/memory-peers.ts'
import { atMost, report, round } from './lib/report.ts'

const ENTRIES = 100_000
const ids = Array.from({ length: ENTRIES }, (_, at) => `user-${at}`)
const load = async (id: string) => ({ id, visits: 1 })

const plain: MemoryPeer = {
  name: 'a plain Map',
  open: <V extends object>(make: (id: string) => Promise<V>) => {
    const map = new Map<string, V>()
    return async (id: string) => {
      const value = map.get(id) ?? (await make(id))
      map.set(id, value)
      return value
    }
  },
}
const granary = (name: string, hits: boolean): MemoryPeer => ({
  name,
  open: <V extends object>(make: (id: string) => Promise<V>, size: number) => {
    const cache = createCache({ memory: { maxEntries: size, maxBytes: 2 ** 30 } })
    const users = cache.define<[string], V>('user', { ttl: '10m' })
    return async (id: string) => {
      const value = await users.getOrSet([id], () => make(id))
      return hits ? users.getOrSet([id], () => make(id)) : value
    }
  },
})

const GRANARY = 'granary'
const contestants = [plain, granary(GRANARY, false), granary('granary, each entry read once more', true)]
const all = [...contestants, ...FAST_PEERS, ...OTHER_PEERS]

/** Heap that a filled cache holds, per entry. */
async function bytesPerEntry({ open }: MemoryPeer): Promise<number> {
  // What is made once, and code that is compiled, must not count.
  const rehearsal: Read<object> = open(load, ENTRIES)
  for (const id of ids.slice(0, 1_000)) await rehearsal(`rehearsal-${id}`)
  const before = await heap()
  const read: Read<object> = open(load, ENTRIES)
  for (const id of ids) await read(id)
  const after = await heap()
  // Still in use here, so that neither was collected before.
  await rehearsal(`rehearsal-${ids[0]}`)
  await read(ids[0] as string)
  return (after - before) / ENTRIES
}

async function heap(): Promise<number> {
  for (let time = 0; time < 5; time++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    globalThis.gc?.()
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Each is measured in a process of its own: some libraries keep one cache for the whole process. */
function measured(name: string): Promise<number> {
  const child = fork(fileURLToPath(import.meta.url), { env: { ...process.env, HEAP_OF: name } })
  return new Promise((resolve) => child.once('message', (bytes) => resolve(bytes as number)))
}

const asked = all.find(({ name }) => name === process.env['HEAP_OF'])
if (asked === undefined) await measureAll()
else process.send?.(await bytesPerEntry(asked), () => process.exit(0))

async function measureAll(): Promise<void> {
  const bytes = new Map<string, number>()
  for (const { name } of all) bytes.set(name, await measured(name))
  const above = (name: string) => (bytes.get(name) ?? Number.NaN) - (bytes.get(plain.name) ?? Number.NaN)
  report(
    'What does an entry cost in memory?',
    [...bytes].map(([name, each]) => ({
      name,
      'bytes per entry': round(each),
      'above a plain Map': round(above(name)),
    })),
    [atMost('bytes per entry above a plain Map', above(GRANARY), 80)],
  )
  process.exit(0)
}
