import type { Cause, Entry, Happened, Promised } from '../history/record.ts'
import type { Action, ApplicationAction, EntryName, LoadPlan, Reach } from '../schedule/schedule.ts'
import { ALL_ROWS, groupOf, NAMES, type Row, rowOf } from './entries.ts'
import type { Answer, Delivery, Load, Subject } from './subject.ts'

/** The error of a load that was told to fail: callers may see it, and no other. */
class LoadFailed extends Error {
  override readonly name = 'LoadFailed'
}

/** Versions of rows: the truth. Every row is in version 1 at the beginning. */
export interface Database {
  version(row: number): Promise<number>
  versions(rows: readonly number[]): Promise<readonly number[]>
  /** Raises the version of a row and resolves to the new one. */
  change(row: number): Promise<number>
}

/** What a visitor carries from one request to the next. */
export interface Cookie {
  readonly bookmark: string | undefined
  /** The request that gave it: its process and its number there. */
  readonly visit: string
}

/** The cookies of all visitors, which no fault disturbs. */
export interface Jar {
  take(visitor: number): Promise<Cookie | undefined>
  keep(visitor: number, cookie: Cookie): Promise<void>
}

/** One process of the application, simulated or real. */
export interface Stage {
  readonly label: string
  readonly jar: Jar
  readonly subject: Subject
  readonly database: Database
  /** Milliseconds of the clock that all processes share. */
  readonly now: () => number
  /** Waits so many milliseconds of this process. */
  readonly wait: (ms: number) => Promise<void>
  readonly record: (happened: Happened) => void
  /** Registers an operation until it settles. */
  readonly track: (what: string, work: Promise<unknown>) => void
  /** Changes of one entry by one process take turns, and so do its sets. */
  readonly turns: Map<string, Promise<void>>
  /** Numbers calls and visits. */
  readonly count: () => number
  /** The visitor's request that is dealt with; undefined: nobody's in particular. */
  readonly visit?: number
}

type Of<K extends Action['kind']> = Extract<Action, { kind: K }>

const INSTANT: LoadPlan = { before: 0, after: 0, fails: false }

/** Does what a schedule says; resolves also when a load fails that was told to. */
export async function perform(stage: Stage, action: ApplicationAction): Promise<void> {
  const visitor = 'visitor' in action ? action.visitor : undefined
  try {
    if (visitor === undefined || stage.subject.follow === undefined) await operationOf(stage, action)
    else await visit(stage, visitor, (visited) => operationOf(visited, action))
  } catch (error) {
    if (!isLoadFailed(error)) throw error
  }
}

/** Does something as a visitor's request: with the bookmark that it brought, and giving it the one that covers what it did. */
async function visit(stage: Stage, visitor: number, work: (stage: Stage) => Promise<void>): Promise<void> {
  const { subject, jar, record, label } = stage
  const cookie = await jar.take(visitor)
  const number = stage.count()
  record({ kind: 'came', visit: number, from: cookie?.visit })
  await subject.follow?.(cookie?.bookmark, async (bookmark) => {
    try {
      await work({ ...stage, visit: number })
    } finally {
      const given = { bookmark: bookmark(), visit: `${label} ${number}` }
      record({ kind: 'went', visit: number })
      await jar.keep(visitor, given)
    }
  })
}

/** Libraries may wrap the error of a load; Granary passes it untouched, which its own tests hold it to. */
function isLoadFailed(error: unknown): boolean {
  return (
    error instanceof LoadFailed || (error instanceof Error && error.cause !== undefined && isLoadFailed(error.cause))
  )
}

function operationOf(stage: Stage, action: ApplicationAction): Promise<void> {
  switch (action.kind) {
    case 'batch':
      return batch(stage, action)
    case 'write':
      return write(stage, action)
    case 'put':
      return put(stage, action)
    case 'set':
      return inTurn(stage, `set ${action.name}/${action.row}`, () => set(stage, action))
    default:
      return read(stage, action)
  }
}

async function read(stage: Stage, action: Of<'read' | 'refresh' | 'peek' | 'get'>): Promise<void> {
  const { name, row, kind } = action
  const answered = asking(stage, kind, [{ name, row }])
  const load = loader(stage, name, 'load' in action ? action.load : INSTANT)
  const answer = await stage.subject.ask(kind, { name, row }, load)
  if (answer !== undefined && (answer.value !== undefined || kind === 'read' || kind === 'refresh')) answered(0, answer)
}

async function batch(stage: Stage, { name, rows, load }: Of<'batch'>): Promise<void> {
  const answered = asking(
    stage,
    'batch',
    rows.map((row) => ({ name, row })),
  )
  const answers = await stage.subject.askMany(name, rows, loader(stage, name, load))
  answers.forEach((answer, index) => {
    answered(index, answer)
  })
}

/** Changes a row, then invalidates what shows it. */
async function write(stage: Stage, { name, row, reach, gap }: Of<'write'>): Promise<void> {
  await inTurn(stage, `${name}/${row}`, () => stage.database.change(row))
  if (gap > 0) await stage.wait(gap)
  const entries = reached(reach, { name, row })
  const versions = await stage.database.versions(entries.map((entry) => entry.row))
  const promises = entries.map((entry, at) => ({ ...entry, version: versions[at] as number }))
  for (const entry of entries) stage.record({ kind: 'invalidating', ...entry })
  const { delivered } = await stage.subject.invalidate(reach, { name, row })
  hold(stage, promises, {
    cause: reach === 'key' ? 'key' : 'tag',
    delivered,
    what: `invalidate ${reach} of ${name}/${row}`,
  })
}

/** Writes through: the write itself is the load. */
async function put(stage: Stage, { name, row, load }: Of<'put'>): Promise<void> {
  stage.record({ kind: 'invalidating', name, row })
  let version = 0
  const { delivered } = await stage.subject.put({ name, row }, async () => {
    await stage.wait(load.before)
    if (load.fails) throw new LoadFailed()
    version = await stage.database.change(row)
    await stage.wait(load.after)
    return rowOf({ name, row }, version, stage.now())
  })
  hold(stage, [{ name, row, version }], { cause: 'put', delivered, what: `put ${name}/${row}` })
}

/**
 * The only writer of an entry changes its row and stores the new value, one set after the other: the order of calls that overlap
 * is not promised. What it does to the entry besides does not wait for the set, and comes after it all the same.
 */
async function set(stage: Stage, { name, row }: Entry): Promise<void> {
  const key = `${name}/${row}`
  stage.record({ kind: 'invalidating', name, row })
  const { version, stored } = await inTurn(stage, key, async () => {
    const version = await stage.database.change(row)
    return { version, stored: stage.subject.set({ name, row }, rowOf({ name, row }, version, stage.now())) }
  })
  const { delivered } = await stored
  hold(stage, [{ name, row, version }], { cause: 'set', delivered, what: `set ${name}/${row}` })
}

/** Works on one thing happen one after the other. */
async function inTurn<T>({ turns }: Stage, key: string, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(key) ?? Promise.resolve()).then(work)
  turns.set(
    key,
    turn.then(
      () => {},
      () => {},
    ),
  )
  return turn
}

/** Writes down that entries are asked for; what is returned writes down the answers. */
function asking(stage: Stage, how: string, entries: readonly Entry[]): (index: number, answer: Answer) => void {
  const call = stage.count()
  stage.record({ kind: 'asked', call, how, entries, visit: stage.visit })
  return (index, { value, tier, mayLag }) => {
    const seen = value === undefined ? undefined : seenIn(value)
    stage.record({ kind: 'answered', call, index, seen, tier, mayLag })
  }
}

function seenIn(value: Row) {
  const { name, row, version, loadedAt, at, text } = value
  const whole = at instanceof Date && at.getTime() === row * 1_000 && typeof text === 'string'
  return { name, row, version, loadedAt, whole }
}

function loader(stage: Stage, name: EntryName, plan: LoadPlan): Load {
  return async (row) => {
    stage.record({ kind: 'loading', name, row })
    await stage.wait(plan.before)
    const version = await stage.database.version(row)
    await stage.wait(plan.after)
    if (plan.fails) throw new LoadFailed()
    stage.record({ kind: 'loaded', name, row })
    return rowOf({ name, row }, version, stage.now())
  }
}

function reached(reach: Reach, { name, row }: Entry): Entry[] {
  if (reach === 'key') return [{ name, row }]
  if (reach === 'row') return NAMES.map((each) => ({ name: each, row }))
  if (reach === 'name') return ALL_ROWS.map((each) => ({ name, row: each }))
  const those = reach === 'group' ? ALL_ROWS.filter((each) => groupOf(each) === groupOf(row)) : ALL_ROWS
  return NAMES.flatMap((each) => those.map((of) => ({ name: each, row: of })))
}

/** The invalidation has resolved: it holds here, and everywhere once it is delivered. */
function hold(
  { record, track, subject, visit }: Stage,
  promises: readonly Promised[],
  { cause, delivered, what }: Delivery & { cause: Cause; what: string },
): void {
  record({ kind: 'held', promises, cause, delivered, what, visit })
  const everywhere = () => record({ kind: 'delivered', promises, cause })
  if (delivered) everywhere()
  else track('delivery', subject.whenDelivered().then(everywhere))
}
