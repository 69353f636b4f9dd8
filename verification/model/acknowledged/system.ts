import type { Aspect } from '../aspect.ts'
import { stepOf } from '../copy.ts'
import { Broken, type Step, type System } from '../explore.ts'

/** Ways to break it on purpose. */
type Bug =
  | 'the lease is not tested at each read'
  | 'the lease counts from the reply'
  | 'acknowledged before memory is fenced'
  | 'renewed without catching up'
  | 'no grace after a new life'
  | 'no grace after the set is lost'

/** Time is only an order here: a lease ends for its holder before it ends for the server, which counts from later on. */
interface State {
  database: number
  /** Everything older is invalidated, and known to be so. */
  delivered: number
  server: {
    life: number
    n: number
    /** The generation of the reader's lease that the server knows of; 0: none, or none any more. */
    lease: number
    /** The latest lease that it has granted. */
    granted: number
    /** Leases up to this one may still be served from, and the server does not know of them; 0: none. */
    grace: number
  }
  reader: {
    memory: number | null
    /** It heard of an invalidation that it has not applied yet. */
    heard: boolean
    /** The lease that it may serve under. */
    lease: number
    valid: boolean
    /** What it found when it last looked, for the bug that looks too seldom. */
    looked: boolean
    /** Messages applied. */
    n: number
    /** The life of the server that it is connected to. */
    life: number
    load: { version: number | null; readonly born: number } | null
  }
  renewal: { readonly lease: number; n: number; phase: 'sent' | 'executed'; over: boolean } | null
  bus: number[]
  acknowledgements: number[]
  /** An invalidation that waits; `acknowledged` from the beginning when nobody had a lease. */
  invalidation: { readonly version: number; n: number; phase: 'bump' | 'waits'; lease: number } | null
  leases: number
  left: Left
}

/** What may still happen. */
interface Left {
  writes: number
  reads: number
  renewals: number
  /** A replica takes over. */
  failovers: number
  /** The set of members is evicted. */
  evictions: number
  /** A message of the bus does not arrive. */
  losses: number
}

const initial = (left: Left): State => ({
  database: 1,
  delivered: 0,
  server: { life: 1, n: 0, lease: 1, granted: 1, grace: 0 },
  reader: { memory: 1, heard: false, lease: 1, valid: true, looked: true, n: 0, life: 1, load: null },
  renewal: null,
  bus: [],
  acknowledgements: [],
  invalidation: null,
  leases: 1,
  left,
})

type Add = (label: string, run: (next: State) => void) => void

/** The reader serves from memory under its lease, loads, and fills memory unless something was invalidated meanwhile. */
function readerSteps({ reader, left, bus }: State, bugs: ReadonlySet<Bug>, add: Add): void {
  const mayServe = bugs.has('the lease is not tested at each read') ? reader.looked : reader.valid
  if (left.reads > 0 && reader.memory !== null && mayServe)
    add('the reader serves from memory', (next) => {
      next.left.reads -= 1
      if ((next.reader.memory as number) < next.delivered)
        throw new Broken(`version ${next.reader.memory} from memory, but everything before ${next.delivered} is gone`)
    })
  if (reader.looked !== reader.valid)
    add('the reader looks at its lease', (next) => {
      next.reader.looked = next.reader.valid
    })
  if (reader.memory === null && reader.load === null && left.reads > 0)
    add('a load begins', (next) => {
      next.reader.load = { version: null, born: next.reader.n }
    })
  if (reader.load?.version === null)
    add('the load sees the database', (next) => {
      Object.assign(next.reader.load as object, { version: next.database })
    })
  if (reader.load !== null && reader.load.version !== null)
    add('the load ends', (next) => {
      const { version, born } = next.reader.load as { version: number; born: number }
      next.reader.load = null
      if (born === next.reader.n && !next.reader.heard) next.reader.memory = version
    })
  if (bus.length > 0 && !reader.heard)
    add('the reader hears of an invalidation', (next) => {
      const n = next.bus.shift() as number
      if (bugs.has('acknowledged before memory is fenced')) {
        next.reader.heard = true
        next.acknowledgements.push(n)
      } else {
        Object.assign(next.reader, { memory: null, n })
        next.acknowledgements.push(n)
      }
    })
  if (bus.length > 0 && left.losses > 0)
    add('a message is lost', (next) => {
      next.left.losses -= 1
      next.bus.shift()
    })
  if (reader.heard)
    add('the reader fences its memory', (next) => {
      Object.assign(next.reader, { memory: null, heard: false, n: next.reader.n + 1 })
    })
}

/** Leases: a renewal is counted from when it was sent, and is worth something only when everything before it is applied. */
function leaseSteps({ reader, renewal, left, server, invalidation }: State, bugs: ReadonlySet<Bug>, add: Add): void {
  if (renewal === null && left.renewals > 0 && reader.life === server.life)
    add('a renewal is sent', (next) => {
      next.left.renewals -= 1
      next.leases += 1
      next.renewal = { lease: next.leases, n: 0, phase: 'sent', over: false }
    })
  if (renewal?.phase === 'sent')
    add('the renewal is executed', (next) => {
      Object.assign(next.server, { lease: renewal.lease, granted: renewal.lease })
      Object.assign(next.renewal as object, { phase: 'executed', n: next.server.n })
    })
  if (renewal?.phase === 'executed')
    add('the renewal is answered', (next) => {
      const { lease, n, over } = next.renewal as NonNullable<State['renewal']>
      next.renewal = null
      const caughtUp = next.reader.n >= n || bugs.has('renewed without catching up')
      if (caughtUp && (!over || bugs.has('the lease counts from the reply')))
        Object.assign(next.reader, { lease, valid: true, looked: true })
    })
  if (reader.valid)
    add('the lease ends for the reader', (next) => {
      next.reader.valid = false
    })
  // Leases end in the order they began in. A renewal takes the place of one, and who waits for that one waits on.
  for (const lease of new Set([server.lease, invalidation?.lease ?? 0]))
    if (lease !== 0 && !(reader.valid && reader.lease <= lease))
      add('a lease ends for the server', (next) => {
        if (next.renewal?.lease === lease) next.renewal.over = true
        if (next.server.lease === lease) next.server.lease = 0
        if (next.invalidation?.lease === lease) next.invalidation.lease = 0
      })
}

/** An invalidation waits for whoever has a lease: for the acknowledgement, or for the lease to end. */
function writerSteps({ invalidation, left, acknowledgements, server }: State, add: Add): void {
  if (invalidation === null && left.writes > 0)
    add('a row is written', (next) => {
      next.left.writes -= 1
      next.database += 1
      next.invalidation = { version: next.database, n: 0, phase: 'bump', lease: 0 }
    })
  if (invalidation?.phase === 'bump')
    add('the invalidation is executed', (next) => {
      next.server.n += 1
      if (next.reader.life === next.server.life) next.bus.push(next.server.n)
      Object.assign(next.invalidation as object, { phase: 'waits', n: next.server.n, lease: next.server.lease })
    })
  if (acknowledgements.length > 0)
    add('an acknowledgement arrives', (next) => {
      const n = next.acknowledgements.shift() as number
      if (next.invalidation?.phase === 'waits' && next.invalidation.n <= n) next.invalidation.lease = 0
    })
  if (invalidation?.phase !== 'waits') return
  if (invalidation.lease === 0 && server.grace === 0)
    add('the invalidation resolves', (next) => {
      next.delivered = (next.invalidation as { version: number }).version
      next.invalidation = null
    })
}

/** A new life of the server knows of no lease. The reader hears of it when its connection ends. */
function failoverSteps({ left, server, reader }: State, bugs: ReadonlySet<Bug>, add: Add): void {
  if (left.failovers > 0)
    add('a replica takes over', (next) => {
      next.left.failovers -= 1
      const grace = bugs.has('no grace after a new life') ? 0 : next.server.granted
      Object.assign(next.server, { life: next.server.life + 1, lease: 0, grace })
      next.renewal = null
      next.bus = []
      next.acknowledgements = []
      if (next.invalidation !== null) next.invalidation = { ...next.invalidation, phase: 'bump', lease: 0 }
    })
  if (left.evictions > 0)
    add('the set of members is lost', (next) => {
      next.left.evictions -= 1
      Object.assign(next.server, {
        lease: 0,
        grace: bugs.has('no grace after the set is lost') ? 0 : next.server.granted,
      })
    })
  if (server.grace !== 0 && !(reader.valid && reader.lease <= server.grace))
    add('the grace is over', (next) => {
      if (next.renewal?.phase === 'executed' && next.renewal.lease <= next.server.grace) next.renewal.over = true
      next.server.grace = 0
    })
  if (reader.life !== server.life)
    add('the reader meets the new life', (next) => {
      const { n, life } = next.server
      Object.assign(next.reader, { memory: null, heard: false, valid: false, looked: false, load: null, n, life })
    })
}

function system(left: Left, bugs: ReadonlySet<Bug> = new Set()): System<unknown> {
  const acknowledged: System<State> = {
    initial: initial(left),
    steps: (state) => {
      const steps: Step<State>[] = []
      const add: Add = (label, run) => steps.push(stepOf(state, label, run))
      readerSteps(state, bugs, add)
      leaseSteps(state, bugs, add)
      writerSteps(state, add)
      failoverSteps(state, bugs, add)
      return steps
    },
    isOver: ({ left: { reads } }) => reads === 0,
  }
  return acknowledged as System<unknown>
}

const NOTHING_ELSE = { failovers: 0, evictions: 0, losses: 0 }
const RENEWING = { ...NOTHING_ELSE, writes: 2, reads: 2, renewals: 2 }
const FAILING_OVER = { ...NOTHING_ELSE, writes: 2, reads: 2, renewals: 1, failovers: 1 }
const EVICTED = { ...NOTHING_ELSE, writes: 2, reads: 2, renewals: 2, evictions: 1 }
const LOSING = { ...NOTHING_ELSE, writes: 2, reads: 2, renewals: 2, losses: 1 }

/** Memory that is served under a lease: once an invalidation has resolved, no process serves what it invalidated. */
export const ACKNOWLEDGED: Aspect = {
  name: 'acknowledged leases',
  bounds: {
    'leases that are renewed': system(RENEWING),
    'a new life of the server': system(FAILING_OVER),
    'the set of members is lost': system(EVICTED),
    'a message is lost': system(LOSING),
  },
  planted: {
    'the lease is not tested at each read': system(RENEWING, new Set(['the lease is not tested at each read'])),
    'the lease counts from the reply': system(RENEWING, new Set(['the lease counts from the reply'])),
    'acknowledged before memory is fenced': system(RENEWING, new Set(['acknowledged before memory is fenced'])),
    'renewed without catching up': system(RENEWING, new Set(['renewed without catching up'])),
    'no grace after a new life': system(FAILING_OVER, new Set(['no grace after a new life'])),
    'no grace after the set is lost': system(EVICTED, new Set(['no grace after the set is lost'])),
  },
}
