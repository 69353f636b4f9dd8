import type { Bug } from './process.ts'
import type { Budget } from './state.ts'

const NOTHING: Budget = { writes: [0, 0], reads: [0, 0], puts: [0, 0], beats: 0, steals: 0, timeouts: 0, losses: 0, evictions: 0, failovers: 0, lapses: 0 }

const bound = (part: Partial<Budget>): Budget => ({ ...NOTHING, ...part })

/** What is explored, each exhaustively. */
export const BOUNDS: Readonly<Record<string, Budget>> = {
  'one writer, two readers': bound({ writes: [0, 1], reads: [2, 1] }),
  'two writes by one, two reads by the other': bound({ writes: [0, 2], reads: [2, 0] }),
  'a write and a read in each': bound({ writes: [1, 1], reads: [1, 1] }),
  'lease takeover': bound({ writes: [0, 1], reads: [1, 1], steals: 1 }),
  'calls that give up': bound({ writes: [0, 1], reads: [2, 0], timeouts: 1 }),
  'queued invalidations': bound({ writes: [1, 0], reads: [2, 1], timeouts: 1 }),
  'a lost message and a heartbeat': bound({ writes: [0, 1], reads: [2, 0], losses: 1, beats: 1 }),
  'metadata lost': bound({ writes: [0, 1], reads: [2, 0], evictions: 1 }),
  'failover that loses a write': bound({ writes: [0, 1], reads: [2, 0], failovers: 1 }),
  'write-throughs': bound({ puts: [1, 1], reads: [1, 0] }),
  'write-through against invalidation': bound({ puts: [1, 0], writes: [0, 1], reads: [1, 0] }),
}

/** Planted bugs, and the bound that must find each. */
export const PLANTED: Readonly<Record<Bug, keyof typeof BOUNDS>> = {
  'commit without token': 'one writer, two readers',
  'reading noted after the load': 'one writer, two readers',
  'fill without the born fence': 'two writes by one, two reads by the other',
  'joiner unchecked': 'a write and a read in each',
  'hedged load commits': 'calls that give up',
  'clock not read with the entry': 'one writer, two readers',
  'life ignored': 'failover that loses a write',
  'incarnation ignored': 'metadata lost',
  'proof without catching up': 'a lost message and a heartbeat',
  'put overwrites': 'write-throughs',
  'replay after the gate': 'queued invalidations',
  'memory kept over a lost link': 'a lost message and a heartbeat',
  'one event per own invalidation': 'a write and a read in each',
}
