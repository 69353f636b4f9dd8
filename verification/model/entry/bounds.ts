import type { Aspect } from '../aspect.ts'
import type { System } from '../explore.ts'
import { isOver, stepsOf, take } from './moves.ts'
import type { Bug } from './process.ts'
import { type Budget, initialState, type State } from './state.ts'

const NOTHING: Budget = {
  writes: [0, 0],
  reads: [0, 0],
  puts: [0, 0],
  beats: 0,
  steals: 0,
  timeouts: 0,
  losses: 0,
  evictions: 0,
  failovers: 0,
  lapses: 0,
  cuts: 0,
  stored: false,
}

const bound = (part: Partial<Budget>): Budget => ({ ...NOTHING, ...part })

/** What is explored, each exhaustively. */
const BOUNDS = {
  'a writer, a reader': bound({ writes: [0, 1], reads: [2, 0] }),
  'a heartbeat': bound({ writes: [0, 1], reads: [2, 0], beats: 1 }),
  'a proof that lapses': bound({ writes: [0, 1], reads: [2, 0], lapses: 1 }),
  'a writer, two readers': bound({ writes: [0, 1], reads: [1, 1] }),
  'two writers, a reader': bound({ writes: [1, 1], reads: [1, 0] }),
  'a reader that writes': bound({ writes: [1, 0], reads: [3, 0] }),
  'a lease that is taken over': bound({ writes: [0, 1], reads: [1, 1], steals: 1 }),
  'a call that gives up': bound({ writes: [0, 1], reads: [2, 0], timeouts: 1 }),
  'a queued invalidation': bound({ writes: [1, 0], reads: [2, 0], timeouts: 1, stored: true }),
  'a connection that breaks': bound({ writes: [1, 0], reads: [2, 0], cuts: 1, stored: true }),
  'a lost message': bound({ writes: [0, 1], reads: [2, 0], losses: 1, beats: 1 }),
  'metadata lost': bound({ writes: [0, 1], reads: [2, 0], evictions: 1, stored: true }),
  'a failover that loses a write': bound({ writes: [0, 1], reads: [1, 0], failovers: 1, stored: true }),
  'a write-through and an invalidation': bound({ puts: [1, 0], writes: [0, 1], reads: [1, 0] }),
  'two write-throughs': bound({ puts: [1, 1], reads: [1, 0], stored: true }),
} satisfies Readonly<Record<string, Budget>>

/** Planted bugs, and the bound that must find each. */
const PLANTED: Readonly<Record<Bug, keyof typeof BOUNDS>> = {
  'commit without token': 'a writer, a reader',
  'reading noted after the load': 'a writer, a reader',
  'fill without the born fence': 'a heartbeat',
  'joiner unchecked': 'a reader that writes',
  'hedged load commits': 'a call that gives up',
  'clock not read with the entry': 'a proof that lapses',
  'life ignored': 'a failover that loses a write',
  'incarnation ignored': 'metadata lost',
  'proof without catching up': 'a lost message',
  'put overwrites': 'two write-throughs',
  'replay after the gate': 'a connection that breaks',
}

function system(budget: Budget, bugs: ReadonlySet<Bug> = new Set()): System<State> {
  return {
    initial: initialState(budget),
    steps: (state) => stepsOf(state).map((step) => ({ label: step.label, take: () => take(state, bugs, step) })),
    isOver,
  }
}

/** One entry and one tag: reads, loads, leases, invalidations, the bus, proofs, outages and write-throughs. */
export const ENTRY: Aspect = {
  name: 'entry',
  bounds: Object.fromEntries(Object.entries(BOUNDS).map(([name, budget]) => [name, system(budget)])),
  planted: Object.fromEntries(
    Object.entries(PLANTED).map(([bug, name]) => [bug, system(BOUNDS[name], new Set([bug as Bug]))]),
  ),
}
