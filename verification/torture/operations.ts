import type { AppProcess, CallTrace, Row } from './application.ts'
import { groupOf, NAMES, OWNED, rowOf, traces } from './application.ts'
import type { Cause, Due, History } from './history.ts'
import type { Action, At, EntryName, LoadPlan, Reach } from './schedule.ts'

/** The error of a load that was told to fail: callers may see it, and no other. */
class LoadFailed extends Error {
  override readonly name = 'LoadFailed'
}

/** Versions of rows: the truth. */
export class Database {
  readonly #versions = new Map<number, number>()

  version(row: number): number {
    return this.#versions.get(row) ?? 1
  }

  change(row: number): number {
    const version = this.version(row) + 1
    this.#versions.set(row, version)
    return version
  }
}

/** A commit, a message and a read take less than this while nothing goes wrong, in milliseconds. */
const LATE_WAKE = 100

const INSTANT: LoadPlan = { before: 0, after: 0, fails: false }

/** What operations work on. */
export interface Stage {
  readonly history: History
  readonly database: Database
  readonly rows: number
  /** Nothing but memory is wrong with Redis: every invalidation has to be delivered. */
  readonly mustDeliver: () => boolean
  /** Nothing goes wrong but loads. */
  readonly isCalm: boolean
  readonly now: () => number
  /** Writers of one owned entry take turns. */
  readonly turns: Map<string, Promise<void>>
  /** Registers an operation until it settles. */
  readonly track: (what: string, process: AppProcess, work: Promise<unknown>) => void
}

type Of<K extends Action['kind']> = Extract<Action, { kind: K }>
type Reading = Extract<Action, { kind: 'read' | 'refresh' }> | Extract<Action, { kind: 'peek' | 'get' }>

/** Reads one entry, and holds the answer against what was due when it was asked for. */
export async function read(stage: Stage, process: AppProcess, action: Reading): Promise<void> {
  const { name, row, kind } = action
  const named = process.names[name]
  const call = asked(stage, process, name, [row])
  try {
    const value = await traces.run(call.trace, (): Promise<Row | undefined> | Row | undefined => {
      if (kind === 'peek') return named.peek([row])
      if (kind === 'get') return named.get([row])
      const load = () => loader(stage, process, { name, row, load: 'load' in action ? action.load : INSTANT })
      return kind === 'refresh' ? process.cache.refresh(() => named.getOrSet([row], load)) : named.getOrSet([row], load)
    })
    if (kind === 'peek' && value !== undefined) call.trace.tiers.set(named.keyOf([row]), 'l1')
    if (value !== undefined) call.answer(0, value)
  } catch (error) {
    refuse(stage, process, `${kind} ${name}/${row}`, error)
  }
}

/** Reads several entries at once. */
export async function batch(stage: Stage, process: AppProcess, { name, rows, load }: Of<'batch'>): Promise<void> {
  const call = asked(stage, process, name, rows)
  try {
    const values = await traces.run(call.trace, () =>
      process.names[name].getOrSetMany(
        rows.map((row) => [row] as const),
        (missing) => Promise.all(missing.map(([row]) => loader(stage, process, { name, row, load }))),
      ),
    )
    values.forEach((value, at) => {
      call.answer(at, value)
    })
  } catch (error) {
    refuse(stage, process, `batch ${name}/${rows}`, error)
  }
}

/** Changes a row, then invalidates what shows it. */
export function write(stage: Stage, process: AppProcess, action: Of<'write'>): Promise<void> {
  if (!OWNED.includes(action.name)) return changeAndInvalidate(stage, process, action)
  return inTurn(stage, process, action, () => changeAndInvalidate(stage, process, action))
}

async function changeAndInvalidate(
  stage: Stage,
  process: AppProcess,
  { name, row, reach, gap }: Of<'write'>,
): Promise<void> {
  stage.database.change(row)
  if (gap > 0) await process.wait(gap)
  const promised = reached(stage, reach, name, row).map(([each, of]) => ({
    pair: stage.history.pair(each, of),
    version: stage.database.version(of),
  }))
  for (const { pair } of promised) pair.invalidations += 1
  const receipt = await invalidate(process, reach, name, row)
  hold(stage, process, promised, reach === 'key' ? 'key' : 'tag', receipt.delivered)
  if (!receipt.delivered && stage.mustDeliver())
    stage.history.report(
      'deferred-without-need',
      `${process.label} could not invalidate ${reach} of ${name}/${row}: Redis had no memory`,
    )
}

/** Writes through: the write itself is the load. */
export async function put(stage: Stage, process: AppProcess, { name, row, load }: Of<'put'>): Promise<void> {
  const pair = stage.history.pair(name, row)
  pair.invalidations += 1
  let version = 0
  try {
    await process.names[name].put([row], async () => {
      await process.wait(load.before)
      if (load.fails) throw new LoadFailed()
      version = stage.database.change(row)
      await process.wait(load.after)
      return rowOf(name, row, version)
    })
    hold(stage, process, [{ pair, version }], 'put', process.cache.health().queued === 0)
  } catch (error) {
    refuse(stage, process, `put ${name}/${row}`, error)
  }
}

/** The only writer of an entry changes its row and stores the new value. */
export function set(stage: Stage, process: AppProcess, action: Of<'set'>): Promise<void> {
  const { name, row } = action
  return inTurn(stage, process, action, async () => {
    const pair = stage.history.pair(name, row)
    pair.invalidations += 1
    const version = stage.database.change(row)
    const receipt = await process.names[name].set([row], rowOf(name, row, version))
    hold(stage, process, [{ pair, version }], 'set', receipt.delivered)
  })
}

/** What the owner of an entry does to it happens one after the other: the order of calls that overlap is not promised. */
async function inTurn(
  { turns }: Stage,
  process: AppProcess,
  { name, row }: At,
  work: () => Promise<void>,
): Promise<void> {
  const key = `${process.label} ${name}/${row}`
  const turn = (turns.get(key) ?? Promise.resolve()).then(work)
  turns.set(key, turn)
  await turn
}

interface Call {
  readonly trace: CallTrace
  readonly answer: (at: number, value: Row) => void
}

function asked(stage: Stage, process: AppProcess, name: EntryName, rows: readonly number[]): Call {
  const { history } = stage
  const trace: CallTrace = { tiers: new Map(), joined: new Set() }
  const dues: Due[] = rows.map((row) => history.dueTo(process, history.pair(name, row)))
  const at = process.clock.now()
  const askedAt = stage.now()
  const answer = (index: number, value: Row) => {
    const row = rows[index] as number
    const what = `${process.label} read of ${name}/${row} asked at its ${at.toFixed(1)} ms`
    if (value === undefined || value.row !== row || value.name !== name)
      return history.report('wrong-key', `${what} got ${value?.name}/${value?.row}`)
    const whole = value.at instanceof Date && value.at.getTime() === row * 1_000 && typeof value.text === 'string'
    if (!whole) return history.report('wrong-type', `${what} got another shape`)
    const key = process.names[name].keyOf([row])
    const tier = trace.tiers.get(key)
    const mayLag = name !== 'strict' && (tier === 'l1' || trace.joined.has(key))
    const { loadedAt, invalidations } = history.pair(name, row)
    const late = stage.now() - loadedAt
    if (
      stage.isCalm &&
      rows.length === 1 &&
      invalidations === 0 &&
      tier === 'l2' &&
      askedAt < stage.now() - late &&
      late > LATE_WAKE
    ) {
      history.report('waited-too-long', `${what} got what another process had stored ${late.toFixed(0)} ms before`)
    }
    history.judge({ what, version: value.version, mayLag, tier }, dues[index] as Due)
  }
  return { trace, answer }
}

async function loader(
  stage: Stage,
  process: AppProcess,
  { name, row, load }: { name: EntryName; row: number; load: LoadPlan },
): Promise<Row> {
  stage.history.pair(name, row).loads += 1
  await process.wait(load.before)
  const version = stage.database.version(row)
  await process.wait(load.after)
  if (load.fails) throw new LoadFailed()
  stage.history.pair(name, row).loadedAt = stage.now()
  return rowOf(name, row, version)
}

function invalidate({ names, cache }: AppProcess, reach: Reach, name: EntryName, row: number) {
  switch (reach) {
    case 'key':
      return names[name].delete([row])
    case 'row':
      return cache.invalidateTags([`row:${row}`])
    case 'group':
      return cache.invalidateTags([`group:${groupOf(row)}`])
    case 'name':
      return names[name].clear()
    case 'namespace':
      return cache.clear()
  }
}

function reached({ rows }: Stage, reach: Reach, name: EntryName, row: number): (readonly [EntryName, number])[] {
  const all = Array.from({ length: rows }, (_, each) => each)
  if (reach === 'key') return [[name, row]]
  if (reach === 'row') return NAMES.map((each) => [each, row] as const)
  if (reach === 'name') return all.map((each) => [name, each] as const)
  const those = reach === 'group' ? all.filter((each) => groupOf(each) === groupOf(row)) : all
  return NAMES.flatMap((each) => those.map((of) => [each, of] as const))
}

type Promised = readonly { readonly pair: ReturnType<History['pair']>; readonly version: number }[]

/** The invalidation has resolved: it holds here, and everywhere once it is delivered. */
function hold(
  { history, track }: Stage,
  process: AppProcess,
  promised: Promised,
  cause: Cause,
  delivered: boolean,
): void {
  for (const { pair, version } of promised) history.heldBy(process, pair, version, cause)
  const everywhere = () => {
    for (const { pair, version } of promised) history.delivered(pair, version, cause)
  }
  if (delivered) everywhere()
  else track('delivery', process, process.cache.whenDelivered().then(everywhere))
}

function refuse({ history }: Stage, process: AppProcess, what: string, error: unknown): void {
  if (error instanceof LoadFailed) return
  history.report('error-to-caller', `${process.label} ${what} threw ${String(error)}`)
}
