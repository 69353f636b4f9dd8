import type { Aspect } from '../aspect.ts'
import { copy, stepOf } from '../copy.ts'
import { Broken, type Step, type System } from '../explore.ts'

/** Ways to break it on purpose. */
type Bug =
  | 'life of the entry ignored'
  | 'life of the clock ignored'
  | 'told before it is deleted'
  | 'clock not read with the entry'
  | 'lease used in another life'

interface Frame {
  readonly token: number
  /** 0: a lease without a value. */
  readonly version: number
  readonly reading: number
  readonly inc: number
  readonly life: number
}

/** The master of the entry's slot, and what its replica knows: everything but the last command. */
interface EntryShard {
  life: number
  frame: Frame | null
  replica: Frame | null
}

interface Clock {
  readonly inc: number
  readonly c: number
  /** The record of the entry's tag. */
  readonly record: number
  readonly life: number
}

/** The master of the clock's slot, and its replica. */
interface ClockShard {
  life: number
  clock: Clock
  replica: Clock
}

interface Read {
  phase: 'get' | 'judge' | 'ask' | 'acquire' | 'load' | 'loaded'
  readonly due: number
  /** Local events when it began to look: the born fence. */
  born: number
  /** The session of the entry's shard in which it began. */
  session: number
  frame: Frame | null | undefined
  clock: Clock | null
  token: number
  reading: number
  inc: number
  version: number
}

interface State {
  database: number
  delivered: number
  entry: EntryShard
  clock: ClockShard
  /** The reader: its link to the clock's shard, its memory, and the lives its connections were made in. */
  link: { open: boolean; inc: number; c: number; record: number; life: number }
  events: number
  memory: { version: number } | null
  bus: { readonly inc: number; readonly c: number; readonly tag: boolean }[]
  read: Read | null
  /** A commit on its way. */
  commit: Frame | null
  /** The writer's invalidation, its parts still to be executed. */
  writing: { readonly version: number; readonly tag: boolean; todo: ('delete' | 'tell')[] } | null
  numbers: number
  left: { writes: number; reads: number; entryFailovers: number; clockFailovers: number }
}

const initial = (left: State['left']): State => {
  const clock: Clock = { inc: 1, c: 0, record: 0, life: 1 }
  const frame: Frame = { token: 0, version: 1, reading: 0, inc: 1, life: 1 }
  return {
    database: 1,
    delivered: 0,
    entry: { life: 1, frame, replica: frame },
    clock: { life: 1, clock, replica: clock },
    link: { open: true, inc: 1, c: 0, record: 0, life: 1 },
    events: 0,
    memory: null,
    bus: [],
    read: null,
    commit: null,
    writing: null,
    numbers: 1,
    left,
  }
}

/** A command that writes: the replica hears of it one command later. */
function write({ entry }: State, frame: Frame | null): void {
  entry.replica = copy(entry.frame)
  entry.frame = frame
}

/** OPEN: metadata of another life of the clock's master is made anew. */
function open(next: State, bugs: ReadonlySet<Bug>): void {
  const { clock } = next
  if (clock.clock.life === clock.life || bugs.has('life of the clock ignored')) return
  next.numbers += 1
  clock.clock = { inc: next.numbers, c: 0, record: 0, life: clock.life }
  next.bus.push({ inc: next.numbers, c: 0, tag: false })
}

/** One part of an invalidation: a key is deleted on its own shard, then told at the clock's; a tag is only told. */
function executePart(next: State, bugs: ReadonlySet<Bug>): void {
  const writing = next.writing as NonNullable<State['writing']>
  const part = writing.todo.shift()
  if (part === 'delete') write(next, null)
  else {
    open(next, bugs)
    const { clock } = next
    clock.replica = clock.clock
    const c = clock.clock.c + (writing.tag ? 1 : 0)
    clock.clock = { ...clock.clock, c, record: writing.tag ? c : clock.clock.record }
    next.bus.push({ inc: clock.clock.inc, c, tag: writing.tag })
  }
  if (writing.todo.length > 0) return
  next.delivered = writing.version
  next.writing = null
}

function hear(next: State): void {
  const { link } = next
  const { inc, c, tag } = next.bus.shift() as State['bus'][number]
  next.events += 1
  next.memory = null
  if (inc !== link.inc) link.open = false
  else Object.assign(link, { c, record: tag ? c : link.record })
}

/** Hello on the clock's shard, memory emptied, gate open: core `Supervisor.#verify`. */
function sayHello(next: State, bugs: ReadonlySet<Bug>): void {
  open(next, bugs)
  const { inc, c, record } = next.clock.clock
  next.bus = []
  next.events += 1
  next.memory = null
  next.link = { open: true, inc, c, record, life: next.clock.life }
}

function judge(next: State, read: Read, bugs: ReadonlySet<Bug>): void {
  const { link, entry } = next
  const frame = read.frame as Frame | null
  const clock = read.clock as Clock
  if (clock.inc !== link.inc) link.open = false
  if (!link.open || read.session !== entry.life) {
    beginLoad(next, read, 0)
    return
  }
  const isOurs = frame !== null && (frame.life === read.session || bugs.has('life of the entry ignored'))
  const isValid =
    frame !== null && frame.version > 0 && isOurs && frame.inc === clock.inc && frame.reading >= link.record
  if (!isValid) read.phase = 'acquire'
  else if (clock.c > link.c && !bugs.has('clock not read with the entry')) read.phase = 'ask'
  else land(next, read, frame.version)
}

function beginLoad({ link, events }: State, read: Read, token: number): void {
  Object.assign(read, { phase: 'load', token, reading: link.c, inc: link.inc, born: events })
}

/** Serves, and fills memory unless something was told since. */
function land(next: State, { due, born }: Read, version: number): void {
  if (version < due) throw new Broken(`got version ${version}, but everything before ${due} was invalidated`)
  next.read = null
  if (next.link.open && born === next.events) next.memory = { version }
}

function endLoad(next: State, read: Read, bugs: ReadonlySet<Bug>): void {
  const { token, version, reading, inc, session } = read
  const { entry } = next
  const sameLife = session === entry.life || bugs.has('lease used in another life')
  if (token !== 0 && sameLife) next.commit = { token, version, reading, inc, life: session }
  land(next, read, version)
}

function stepsOf(state: State, bugs: ReadonlySet<Bug>): Step<State>[] {
  const steps: Step<State>[] = []
  const add = (label: string, run: (next: State) => void) => steps.push(stepOf(state, label, run))
  writerSteps(state, bugs, add)
  readerSteps(state, bugs, add)
  failoverSteps(state, bugs, add)
  return steps
}

type Add = (label: string, run: (next: State) => void) => void

function writerSteps({ left, writing }: State, bugs: ReadonlySet<Bug>, add: Add): void {
  const parts: ('delete' | 'tell')[] = bugs.has('told before it is deleted') ? ['tell', 'delete'] : ['delete', 'tell']
  if (left.writes > 0 && writing === null)
    for (const tag of [false, true])
      add(`a row is written and invalidated by ${tag ? 'tag' : 'key'}`, (next) => {
        next.left.writes -= 1
        next.database += 1
        next.writing = { version: next.database, tag, todo: tag ? ['tell'] : [...parts] }
      })
  if (writing !== null) add(`the invalidation's ${writing.todo[0]} is executed`, (next) => executePart(next, bugs))
}

function readerSteps(state: State, bugs: ReadonlySet<Bug>, add: Add): void {
  const { left, read, memory, bus, link, commit, entry } = state
  const onRead = (label: string, run: (next: State, its: Read) => void) =>
    add(label, (next) => run(next, next.read as Read))
  if (bus.length > 0) add('a message is heard', hear)
  // Memory may lag until the message arrives; with nothing on its way it must be right.
  if (left.reads > 0 && memory !== null && link.open && bus.length === 0 && state.writing === null)
    add('memory answers', (next) => {
      next.left.reads -= 1
      if ((next.memory as { version: number }).version < next.delivered && next.clock.life === next.link.life)
        throw new Broken(`version from memory, but everything before ${next.delivered} was invalidated and told`)
    })
  if (left.reads > 0 && read === null)
    add('a read begins', (next) => {
      next.left.reads -= 1
      const its: Read = {
        ...{ phase: 'get', due: next.delivered, born: next.events, session: next.entry.life, frame: undefined },
        ...{ clock: null, token: 0, reading: 0, inc: 0, version: 0 },
      }
      next.read = its
      if (!next.link.open) beginLoad(next, its, 0)
    })
  if (read?.phase === 'get' && read.frame === undefined)
    onRead("the entry's shard answers", (next, its) => {
      its.frame = copy(next.entry.frame)
      its.session = next.entry.life
      if (its.clock !== null) its.phase = 'judge'
    })
  if (read?.phase === 'get' && read.clock === null)
    onRead("the clock's shard answers", (next, its) => {
      its.clock = next.clock.clock
      if (its.frame !== undefined) its.phase = 'judge'
    })
  if (read?.phase === 'judge') onRead('both are judged', (next, its) => judge(next, its, bugs))
  if (read?.phase === 'ask')
    onRead('the record is asked for', (next, its) => {
      const frame = its.frame as Frame
      if (next.clock.clock.inc !== frame.inc || next.clock.clock.record > frame.reading) its.phase = 'acquire'
      else land(next, its, frame.version)
    })
  if (read?.phase === 'acquire')
    onRead('a lease is granted', (next, its) => {
      next.numbers += 1
      its.session = next.entry.life
      write(next, { token: next.numbers, version: 0, reading: 0, inc: 0, life: next.entry.life })
      beginLoad(next, its, next.link.open ? next.numbers : 0)
    })
  if (read?.phase === 'load')
    onRead('the load sees the database', (next, its) => {
      Object.assign(its, { phase: 'loaded', version: next.database })
    })
  if (read?.phase === 'loaded') onRead('the load ends', (next, its) => endLoad(next, its, bugs))
  if (commit !== null && (commit.life === entry.life || bugs.has('lease used in another life')))
    add('the commit is executed', (next) => {
      const mine = next.commit as Frame
      next.commit = null
      if (next.entry.frame?.token === mine.token) write(next, { ...mine, token: 0, life: next.entry.life })
    })
  if (!link.open) add('the reader says hello', (next) => sayHello(next, bugs))
}

/** A replica that is one command behind takes over; connections to its master are gone. */
function failoverSteps({ left }: State, bugs: ReadonlySet<Bug>, add: Add): void {
  if (left.entryFailovers > 0)
    add("the entry's shard fails over", (next) => {
      next.left.entryFailovers -= 1
      const { entry, read } = next
      next.entry = { life: entry.life + 1, frame: entry.replica, replica: entry.replica }
      if (!bugs.has('lease used in another life')) next.commit = null
      if (read?.phase === 'get' || read?.phase === 'acquire') beginLoad(next, read, 0)
    })
  if (left.clockFailovers > 0)
    add("the clock's shard fails over", (next) => {
      next.left.clockFailovers -= 1
      const { clock, read } = next
      next.clock = { life: clock.life + 1, clock: clock.replica, replica: clock.replica }
      next.link.open = false
      next.bus = []
      next.memory = null
      next.events += 1
      if (read?.phase === 'get' || read?.phase === 'ask') beginLoad(next, read, 0)
    })
}

function system(left: State['left'], bugs: ReadonlySet<Bug> = new Set()): System<unknown> {
  const shards: System<State> = {
    initial: initial(left),
    steps: (state) => stepsOf(state, bugs),
    isOver: ({ left: { reads }, read }) => reads === 0 && read === null,
  }
  return shards as System<unknown>
}

const CALM = { writes: 2, reads: 3, entryFailovers: 0, clockFailovers: 0 }
const ENTRY_FAILS = { writes: 2, reads: 2, entryFailovers: 1, clockFailovers: 0 }
const CLOCK_FAILS = { writes: 2, reads: 2, entryFailovers: 0, clockFailovers: 1 }

/** A cluster: the entry lives on one shard, the clock and the bus on another, and each fails by itself. */
export const SHARDS: Aspect = {
  name: 'shards',
  bounds: {
    'two shards': system(CALM),
    "the entry's shard fails over": system(ENTRY_FAILS),
    "the clock's shard fails over": system(CLOCK_FAILS),
    'both fail over': system({ writes: 1, reads: 2, entryFailovers: 1, clockFailovers: 1 }),
  },
  planted: {
    'life of the entry ignored': system(ENTRY_FAILS, new Set(['life of the entry ignored'])),
    'life of the clock ignored': system(CLOCK_FAILS, new Set(['life of the clock ignored'])),
    'told before it is deleted': system(CALM, new Set(['told before it is deleted'])),
    'clock not read with the entry': system(CALM, new Set(['clock not read with the entry'])),
    'lease used in another life': system(ENTRY_FAILS, new Set(['lease used in another life'])),
  },
}
