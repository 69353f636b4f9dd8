import type { Aspect } from '../aspect.ts'
import { stepOf } from '../copy.ts'
import { Broken, type Step, type System } from '../explore.ts'

/** Ways to break it on purpose. */
type Bug = 'waits before it loads' | 'a failed batch keeps its leases' | 'stored without its token'

/** How a batch stands with one of its keys. `alone`: it loads without a lease, because the holder failed. */
type Standing = 'asked' | 'granted' | 'waits' | 'alone' | 'done'

interface Batch {
  alive: boolean
  keys: Standing[]
  /** Lease tokens. */
  tokens: number[]
  /** What the running load saw of each key; null: it does not run. */
  load: (number | null)[] | null
}

/** Two processes, each with a batch of the same two keys. */
interface State {
  database: number[]
  /** Everything older was invalidated. */
  delivered: number[]
  redis: { holder: number | null; token: number; value: number | null; failed: boolean }[]
  batches: Batch[]
  tokens: number
  left: { writes: number; failures: number; crashes: number }
}

const KEYS = [0, 1] as const

const initial = (left: State['left']): State => ({
  database: [1, 1],
  delivered: [0, 0],
  redis: KEYS.map(() => ({ holder: null, token: 0, value: null, failed: false })),
  batches: [0, 1].map(() => ({ alive: true, keys: KEYS.map(() => 'asked'), tokens: [0, 0], load: null })),
  tokens: 0,
  left,
})

/** ACQUIRE: a value is served, a lease of another is waited for; after the holder failed nobody waits again. */
function acquire(next: State, at: number, key: number): void {
  const batch = next.batches[at] as Batch
  const slot = next.redis[key] as State['redis'][number]
  if (slot.value !== null) batch.keys[key] = 'done'
  else if (slot.holder !== null) batch.keys[key] = 'waits'
  else if (slot.failed && batch.keys[key] === 'waits') batch.keys[key] = 'alone'
  else {
    next.tokens += 1
    Object.assign(slot, { holder: at, token: next.tokens, failed: false })
    batch.keys[key] = 'granted'
    batch.tokens[key] = next.tokens
  }
}

/** Whether it may call its loader now: with everything granted at once, or for those whose holder failed. */
function mayLoad({ keys, load }: Batch, bugs: ReadonlySet<Bug>): boolean {
  if (load !== null || keys.includes('asked')) return false
  if (bugs.has('waits before it loads') && keys.includes('waits')) return false
  return keys.includes('granted') || keys.includes('alone')
}

/** Core `getMany`: everything loaded is stored under its own token. */
function endLoad(next: State, at: number, bugs: ReadonlySet<Bug>): void {
  const batch = next.batches[at] as Batch
  const seen = batch.load as (number | null)[]
  batch.load = null
  for (const key of KEYS) {
    const version = seen[key] ?? null
    if (version === null) continue
    const slot = next.redis[key] as State['redis'][number]
    const mine = slot.holder === at && slot.token === batch.tokens[key]
    if (batch.keys[key] === 'granted' && (mine || bugs.has('stored without its token'))) {
      if (version < (next.delivered[key] as number))
        throw new Broken(`version ${version} was stored, but everything before ${next.delivered[key]} was invalidated`)
      Object.assign(slot, { holder: null, value: version, failed: false })
    }
    batch.keys[key] = 'done'
  }
}

/** One failure fails every key of the call, and gives every lease back. */
function fail(next: State, at: number, bugs: ReadonlySet<Bug>): void {
  const batch = next.batches[at] as Batch
  next.left.failures -= 1
  batch.load = null
  for (const key of KEYS) {
    if (batch.keys[key] !== 'granted' && batch.keys[key] !== 'alone') continue
    const slot = next.redis[key] as State['redis'][number]
    if (slot.holder === at && !bugs.has('a failed batch keeps its leases'))
      Object.assign(slot, { holder: null, failed: true })
    batch.keys[key] = 'done'
  }
}

function stepsOf(state: State, bugs: ReadonlySet<Bug>): Step<State>[] {
  const steps: Step<State>[] = []
  const add = (label: string, run: (next: State) => void) => steps.push(stepOf(state, label, run))
  state.batches.forEach((batch, at) => {
    if (!batch.alive) return
    for (const key of KEYS) {
      if (batch.keys[key] === 'asked') add(`P${at} asks for key ${key}`, (next) => acquire(next, at, key))
      const slot = state.redis[key] as State['redis'][number]
      if (batch.keys[key] === 'waits' && slot.holder === null)
        add(`P${at} looks again for key ${key}`, (next) => acquire(next, at, key))
    }
    if (mayLoad(batch, bugs))
      add(`P${at} calls its loader`, (next) => {
        const { keys } = next.batches[at] as Batch
        const its = keys.map((standing) => standing === 'granted' || standing === 'alone')
        ;(next.batches[at] as Batch).load = KEYS.map((key) => (its[key] ? (next.database[key] as number) : null))
      })
    if (batch.load !== null) {
      add(`P${at} load ends`, (next) => endLoad(next, at, bugs))
      if (state.left.failures > 0) add(`P${at} load fails`, (next) => fail(next, at, bugs))
    }
    if (state.left.crashes > 0)
      add(`P${at} is killed`, (next) => {
        next.left.crashes -= 1
        Object.assign(next.batches[at] as Batch, { alive: false, load: null })
      })
  })
  for (const key of KEYS) {
    const { holder } = state.redis[key] as State['redis'][number]
    if (holder !== null && !(state.batches[holder] as Batch).alive)
      add(`the lease of key ${key} runs out`, (next) => {
        ;(next.redis[key] as State['redis'][number]).holder = null
      })
    if (state.left.writes > 0)
      add(`key ${key} is written and invalidated`, (next) => {
        next.left.writes -= 1
        next.database[key] = (next.database[key] as number) + 1
        next.delivered[key] = next.database[key] as number
        Object.assign(next.redis[key] as State['redis'][number], { holder: null, value: null, failed: false })
      })
  }
  return steps
}

function system(left: State['left'], bugs: ReadonlySet<Bug> = new Set()): System<unknown> {
  const batches: System<State> = {
    initial: initial(left),
    steps: (state) => stepsOf(state, bugs),
    deadEnd: ({ batches: all }) => {
      const at = all.findIndex(({ alive, keys }) => alive && keys.some((standing) => standing !== 'done'))
      return at < 0 ? undefined : `P${at} waits for ever`
    },
  }
  return batches as System<unknown>
}

/** Two batches of the same keys: nobody waits for ever, and nothing is stored that was invalidated. */
export const BATCHES: Aspect = {
  name: 'batches',
  bounds: {
    'two batches': system({ writes: 0, failures: 0, crashes: 0 }),
    'a load that fails, a process that is killed': system({ writes: 0, failures: 2, crashes: 1 }),
    'invalidations meanwhile': system({ writes: 2, failures: 1, crashes: 1 }),
  },
  planted: {
    'waits before it loads': system({ writes: 0, failures: 0, crashes: 0 }, new Set(['waits before it loads'])),
    'a failed batch keeps its leases': system(
      { writes: 0, failures: 1, crashes: 0 },
      new Set(['a failed batch keeps its leases']),
    ),
    'stored without its token': system({ writes: 1, failures: 0, crashes: 0 }, new Set(['stored without its token'])),
  },
}
