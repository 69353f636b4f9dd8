import type { Aspect } from '../aspect.ts'
import { stepOf } from '../copy.ts'
import { Broken, type Step, type System } from '../explore.ts'

/** Ways to break it on purpose. */
type Bug =
  | 'prune without floor'
  | 'an absent record is no record'
  | 'horizon not raised by pruning'
  | 'horizon not raised by a cut hello'

interface Frame {
  readonly version: number
  /** The tag clock that its load noted before it began. */
  readonly reading: number
}

interface Read {
  phase: 'get' | 'judge' | 'ask' | 'load' | 'loaded'
  /** It must get at least this version. */
  readonly due: number
  frame: Frame | null
  /** The clock that came along. */
  c: number
  reading: number
  version: number
}

/** A server that keeps one record, a process that keeps one, and an entry that carries tag 0. */
interface State {
  database: number
  delivered: number
  redis: { c: number; floor: number; records: number[]; frame: Frame | null }
  link: { c: number; horizon: number; records: number[] }
  bus: { readonly c: number; readonly tag: number }[]
  read: Read | null
  left: { own: number; others: number; reads: number; reconnects: number }
}

/** Records of tags that are not kept. */
const NONE = 0
const TAGS = 3
const KEPT = 1

const initial = (left: State['left']): State => ({
  database: 1,
  delivered: 0,
  redis: { c: 0, floor: 0, records: Array(TAGS).fill(NONE), frame: { version: 1, reading: 0 } },
  link: { c: 0, horizon: 0, records: Array(TAGS).fill(NONE) },
  bus: [],
  read: null,
  left,
})

/** Forgets the oldest records above what is kept; answers the newest of those forgotten. */
function prune(records: number[]): number {
  const oldest = records.filter((record) => record !== NONE).toSorted((a, b) => a - b)
  const gone = oldest.slice(0, Math.max(0, oldest.length - KEPT))
  gone.forEach((record) => {
    records[records.indexOf(record)] = NONE
  })
  return gone.at(-1) ?? NONE
}

/** BUMP of a tag: executed, told and delivered at once, which promises most. */
function invalidate(next: State, tag: number, bugs: ReadonlySet<Bug>): void {
  const { redis } = next
  if (tag === 0) next.database += 1
  redis.c += 1
  redis.records[tag] = redis.c
  const gone = prune(redis.records)
  if (!bugs.has('prune without floor')) redis.floor = Math.max(redis.floor, gone)
  next.bus.push({ c: redis.c, tag })
  next.delivered = next.database
}

/** Core `Link.deliver` and what it remembers. */
function hear({ link, bus }: State, bugs: ReadonlySet<Bug>): void {
  const { c, tag } = bus.shift() as State['bus'][number]
  link.c = c
  link.records[tag] = c
  const gone = prune(link.records)
  if (!bugs.has('horizon not raised by pruning')) link.horizon = Math.max(link.horizon, gone)
}

/** HELLO tells the newest records only: core `Link.adopt`. */
function reconnect(next: State, bugs: ReadonlySet<Bug>): void {
  const { redis, link } = next
  next.bus = []
  next.left.reconnects -= 1
  link.c = redis.c
  link.records = redis.records.map((record) => (record === Math.max(...redis.records) ? record : NONE))
  link.horizon = bugs.has('horizon not raised by a cut hello') ? 0 : redis.floor
}

/** Core `judgeReply` and `isCurrent`: by what is known here, if that is enough. */
function judge(next: State, read: Read): void {
  const { link } = next
  const { frame } = read
  if (frame === null) beginLoad(next, read)
  else if (read.c > link.c) read.phase = 'ask'
  else if ((link.records[0] as number) > frame.reading) beginLoad(next, read)
  else if (link.records[0] === NONE && frame.reading < link.horizon) read.phase = 'ask'
  else serve(next, read, frame.version)
}

/** RECORDS: a tag without a record may have been invalidated as late as the floor. */
function ask(next: State, read: Read, bugs: ReadonlySet<Bug>): void {
  const { redis } = next
  const kept = redis.records[0] as number
  const record = kept !== NONE || bugs.has('an absent record is no record') ? kept : redis.floor
  const { version, reading } = read.frame as Frame
  if (record > reading) beginLoad(next, read)
  else serve(next, read, version)
}

function beginLoad({ link }: State, read: Read): void {
  read.phase = 'load'
  read.reading = link.c
}

function serve(next: State, { due }: Read, version: number): void {
  if (version < due) throw new Broken(`got version ${version}, but everything before ${due} was invalidated`)
  next.read = null
}

function stepsOf(state: State, bugs: ReadonlySet<Bug>): Step<State>[] {
  const { left, read, bus } = state
  const steps: Step<State>[] = []
  const add = (label: string, run: (next: State) => void) => steps.push(stepOf(state, label, run))
  const onRead = (label: string, run: (next: State, its: Read) => void) =>
    add(label, (next) => run(next, next.read as Read))
  if (left.own > 0)
    add('the tag of the entry is invalidated', (next) => {
      next.left.own -= 1
      invalidate(next, 0, bugs)
    })
  for (const tag of [1, 2])
    if (left.others > 0)
      add(`tag ${tag} is invalidated`, (next) => {
        next.left.others -= 1
        invalidate(next, tag, bugs)
      })
  if (bus.length > 0) add('a message is heard', (next) => hear(next, bugs))
  if (left.reconnects > 0 && read === null) add('the process connects anew', (next) => reconnect(next, bugs))
  if (read === null && left.reads > 0)
    add('a read begins', (next) => {
      next.left.reads -= 1
      next.read = { phase: 'get', due: next.delivered, frame: null, c: 0, reading: 0, version: 0 }
    })
  if (read?.phase === 'get')
    onRead('Redis reads entry and clock', ({ redis }, its) => {
      Object.assign(its, { phase: 'judge', frame: redis.frame, c: redis.c })
    })
  if (read?.phase === 'judge') onRead('the reply is judged', judge)
  if (read?.phase === 'ask') onRead('the record is asked for', (next, its) => ask(next, its, bugs))
  if (read?.phase === 'load')
    onRead('the load sees the database', (next, its) => {
      Object.assign(its, { phase: 'loaded', version: next.database })
    })
  if (read?.phase === 'loaded')
    onRead('the load ends and is stored', (next, its) => {
      next.redis.frame = { version: its.version, reading: its.reading }
      serve(next, its, its.version)
    })
  return steps
}

function system(left: State['left'], bugs: ReadonlySet<Bug> = new Set()): System<unknown> {
  const pruning: System<State> = {
    initial: initial(left),
    steps: (state) => stepsOf(state, bugs),
    isOver: ({ left: { reads }, read }) => reads === 0 && read === null,
  }
  return pruning as System<unknown>
}

const FORGETTING = { own: 1, others: 3, reads: 3, reconnects: 0 }
const RECONNECTING = { own: 1, others: 2, reads: 3, reconnects: 2 }

/** Tag records in bounded tables: the server's floor and the process's horizon stand for what they have forgotten. */
export const PRUNING: Aspect = {
  name: 'pruning',
  bounds: {
    'both tables forget': system(FORGETTING),
    'a hello that tells a part': system(RECONNECTING),
    'the entry is invalidated twice': system({ own: 2, others: 2, reads: 3, reconnects: 1 }),
  },
  planted: {
    'prune without floor': system(FORGETTING, new Set(['prune without floor'])),
    'an absent record is no record': system(FORGETTING, new Set(['an absent record is no record'])),
    'horizon not raised by pruning': system(FORGETTING, new Set(['horizon not raised by pruning'])),
    'horizon not raised by a cut hello': system(RECONNECTING, new Set(['horizon not raised by a cut hello'])),
  },
}
