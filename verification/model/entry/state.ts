import { copy } from '../copy.ts'

/** A value in Redis, with what its header says. */
export interface Stored {
  readonly version: number
  /** Tag clock noted before its load began. */
  readonly reading: number
  readonly inc: number
  readonly life: number
}

/** The server. `record` is the tag's last invalidation by the tag clock. */
export interface Redis {
  life: number
  /** The entry's frame: a lease, a value, or both. */
  frame: { token: number; value: Stored | null } | null
  clock: { inc: number; c: number; n: number; life: number } | null
  record: number
}

/** What a reader was owed when it came. */
export interface Reader {
  readonly own: number
  readonly delivered: number
  readonly floor: number
  readonly cameAt: number
  readonly joined: boolean
}

/** A load or read under way. */
export interface Flight {
  readonly id: number
  /** `loading` has not seen the database yet, `loaded` has. */
  phase: 'get' | 'records' | 'acquire' | 'loading' | 'loaded'
  born: number
  reading: number
  inc: number
  /** 0: no lease. */
  token: number
  session: number
  detached: boolean
  version: number
  readers: Reader[]
  /** What Redis held, while its records are asked for. */
  found: Stored | null
}

/** What a process sends, or has been answered. */
export interface Command {
  kind: 'get' | 'records' | 'acquire' | 'force' | 'commit' | 'bump' | 'replay' | 'put' | 'told' | 'hello' | 'beat'
  /** The flight that waits for it; 0: nobody. */
  flight: number
  token: number
  value: Stored | null
  /** Invalidations: what, and from which version on. */
  tag: boolean
  version: number
  /** Versions invalidated everywhere when it was sent. */
  floor: number
  answer: Answer | null
}

/** What the server answered. */
export interface Answer {
  readonly frame: Redis['frame']
  readonly clock: Redis['clock']
  readonly life: number
  readonly record: number
  readonly verdict: 'granted' | 'wait' | 'stored' | 'rejected' | ''
}

/** A bus message. */
export interface Message {
  readonly inc: number
  readonly c: number
  readonly n: number
  readonly from: number
  readonly tag: boolean
  readonly reset: boolean
}

/** A process. */
export interface Process {
  /** Local events, and the numbers of the last ones. */
  events: number
  tagEvent: number
  clearEvent: number
  memory: { version: number; born: number } | null
  link: { open: boolean; session: number; inc: number; c: number; n: number; record: number }
  /** Memory is proven to know every invalidation up to `floor`. */
  proven: boolean
  floor: number
  /** It has itself invalidated everything older than this. */
  own: number
  flights: Flight[]
  /** An invalidation on its way. */
  pending: { tag: boolean; version: number } | null
  /** Invalidations that Redis has not taken. */
  queue: { key: boolean; tag: boolean; version: number }
  put: {
    phase: 'force' | 'writing' | 'store'
    token: number
    session: number
    version: number
    reading: number
    inc: number
    last: boolean
  } | null
  /** Sent and not answered, in order. */
  pipe: Command[]
  bus: Message[]
}

/** How often each thing may still happen. */
export interface Budget {
  writes: number[]
  reads: number[]
  puts: number[]
  beats: number
  steals: number
  timeouts: number
  losses: number
  evictions: number
  failovers: number
  lapses: number
  cuts: number
  /** Whether Redis holds the entry at the beginning. */
  stored: boolean
}

/** Everything. */
export interface State {
  database: number
  redis: Redis
  /** The server as a replica knows it: one command behind. */
  replica: Redis
  processes: Process[]
  budget: Budget
  /** Every process has been told to forget everything older than this. */
  delivered: number
  /** Last numbers given out; a flight's or write-through's number is its lease token too. */
  incs: number
  ids: number
}

/** The beginning: an empty server, connected processes, a first version in the database. */
export function initialState(budget: Budget): State {
  const frame = budget.stored ? { token: 0, value: { version: 1, reading: 0, inc: 1, life: 1 } } : null
  const redis: Redis = { life: 1, frame, clock: { inc: 1, c: 0, n: 0, life: 1 }, record: 0 }
  return {
    database: 1,
    redis,
    replica: copy(redis),
    processes: budget.reads.map(() => ({
      events: 0,
      tagEvent: 0,
      clearEvent: 0,
      memory: null,
      link: { open: true, session: 1, inc: 1, c: 0, n: 0, record: 0 },
      proven: true,
      floor: 0,
      own: 0,
      flights: [],
      pending: null,
      queue: { key: false, tag: false, version: 0 },
      put: null,
      pipe: [],
      bus: [],
    })),
    budget,
    delivered: 0,
    incs: 1,
    ids: 0,
  }
}
