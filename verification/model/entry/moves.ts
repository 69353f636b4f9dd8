import { copy } from '../copy.ts'
import { receiveMessage, receiveReply, storePut } from './client.ts'
import {
  applyLocally,
  type Bug,
  beginLoad,
  endLoad,
  type Move,
  processOf,
  queue,
  send,
  shut,
  startRead,
} from './process.ts'
import { execute, failOver } from './server.ts'
import type { State } from './state.ts'

/** One possible step. */
export interface Step {
  readonly label: string
  readonly run: (move: Move) => void
}

/** A step taken: the state after it. */
export function take(state: State, bugs: ReadonlySet<Bug>, step: Step): State {
  const next = copy(state)
  step.run({ state: next, bugs })
  forgetBystanders(next)
  return next
}

/**
 * A process that will neither read nor write any more is no witness: what it still hears and holds changes nothing for the
 * others, and states that differ only in that are the same. What it has sent stays.
 */
function forgetBystanders({ processes, budget }: State): void {
  processes.forEach((process, at) => {
    const active = [budget.reads, budget.writes, budget.puts].some((left) => (left[at] ?? 0) > 0)
    if (
      active ||
      process.flights.length > 0 ||
      process.pending !== null ||
      process.put !== null ||
      process.queue.version > 0
    )
      return
    if (process.pipe.some(({ kind }) => kind === 'replay')) return
    process.pipe = process.pipe.filter(
      ({ answer, kind }) => answer === null && kind !== 'get' && kind !== 'records' && kind !== 'beat',
    )
    Object.assign(process, {
      events: 0,
      tagEvent: 0,
      clearEvent: 0,
      memory: null,
      proven: false,
      floor: 0,
      own: 0,
      bus: [],
    })
    Object.assign(process.link, { open: true, inc: 0, c: 0, n: 0, record: 0 })
  })
}

/** Whether nobody can be told anything wrong any more. */
export function isOver({ processes, budget }: State): boolean {
  return budget.reads.every((left) => left === 0) && processes.every(({ flights }) => flights.length === 0)
}

/** Everything that can happen now. */
export function stepsOf(state: State): Step[] {
  const steps: Step[] = []
  state.processes.forEach((_, at) => {
    steps.push(...stepsOfProcess(state, at))
  })
  const { budget, redis } = state
  if (budget.evictions > 0 && redis.clock !== null) {
    steps.push({
      label: 'the clock is evicted',
      run: ({ state: next }) => {
        next.budget.evictions -= 1
        next.redis.clock = null
      },
    })
  }
  if (budget.failovers > 0) steps.push({ label: 'a replica takes over', run: takeOver })
  return steps
}

function stepsOfProcess(state: State, at: number): Step[] {
  const { budget } = state
  const process = state.processes[at] as State['processes'][number]
  const steps: Step[] = []
  const add = (label: string, run: Step['run']) => steps.push({ label: `P${at} ${label}`, run })
  if ((budget.reads[at] ?? 0) > 0)
    add('reads', (move) => {
      spend(move.state.budget.reads, at)
      startRead(move, at)
    })
  if ((budget.writes[at] ?? 0) > 0 && process.pending === null)
    for (const tag of [false, true])
      add(`writes and invalidates by ${tag ? 'tag' : 'key'}`, (move) => write(move, at, tag))
  if ((budget.puts[at] ?? 0) > 0 && process.put === null && process.link.open)
    add('begins to put', (move) => beginPut(move, at))
  if (process.put?.phase === 'writing') add('writes through', (move) => writeThrough(move, at))
  for (const { id, phase } of process.flights) {
    if (phase === 'loading')
      add('load sees the database', (move) =>
        flightOf(move, at, id, (flight) => {
          flight.version = move.state.database
          flight.phase = 'loaded'
        }),
      )
    if (phase === 'loaded') add('load ends', (move) => flightOf(move, at, id, (flight) => endLoad(move, at, flight)))
    if (budget.timeouts > 0 && (phase === 'get' || phase === 'acquire'))
      add('gives up waiting', (move) => giveUp(move, at, id))
  }
  steps.push(...stepsOfWire(state, at))
  return steps
}

function stepsOfWire({ budget, processes, redis }: State, at: number): Step[] {
  const process = processes[at] as State['processes'][number]
  const steps: Step[] = []
  const add = (label: string, run: Step['run']) => steps.push({ label: `P${at} ${label}`, run })
  const waiting = process.pipe.findIndex(({ answer }) => answer === null)
  const command = process.pipe[waiting]
  if (command !== undefined) {
    add(`${command.kind} is executed`, (move) => execute(move, at, commandOf(move, at, waiting), false))
    if (command.kind === 'acquire' && budget.steals > 0 && redis.frame !== null && redis.frame.token !== 0) {
      add('takes over an expired lease', (move) => {
        move.state.budget.steals -= 1
        execute(move, at, commandOf(move, at, waiting), true)
      })
    }
  }
  if (process.pipe[0]?.answer) add(`${process.pipe[0].kind} is answered`, (move) => receiveReply(move, at))
  if (process.bus.length > 0) add('hears the bus', (move) => receiveMessage(move, at))
  if (process.bus.length > 0 && budget.losses > 0)
    add('misses a message', (move) => {
      move.state.budget.losses -= 1
      processOf(move, at).bus.shift()
    })
  if (process.pending !== null && budget.timeouts > 0) add('invalidation times out', (move) => timeOut(move, at))
  if (process.link.open && budget.cuts > 0) {
    add('loses its connection', (move) => {
      move.state.budget.cuts -= 1
      breakOff(move, at)
    })
  }
  if (process.link.open && budget.beats > 0)
    add('asks for the clock', (move) => {
      move.state.budget.beats -= 1
      send(move, at, { kind: 'beat' })
    })
  if (process.proven && budget.lapses > 0)
    add('proof lapses', (move) => {
      move.state.budget.lapses -= 1
      processOf(move, at).proven = false
    })
  if (!process.link.open && process.pipe.length === 0) add('says hello', (move) => sayHello(move, at))
  return steps
}

function spend(budget: number[], at: number): void {
  budget[at] = (budget[at] ?? 0) - 1
}

function commandOf(move: Move, at: number, index: number) {
  return processOf(move, at).pipe[index] as State['processes'][number]['pipe'][number]
}

function flightOf(
  move: Move,
  at: number,
  id: number,
  run: (flight: State['processes'][number]['flights'][number]) => void,
): void {
  const flight = processOf(move, at).flights.find((each) => each.id === id)
  if (flight !== undefined) run(flight)
}

function write(move: Move, at: number, tag: boolean): void {
  const { state } = move
  spend(state.budget.writes, at)
  state.database += 1
  const version = state.database
  const process = processOf(move, at)
  applyLocally(move, at, tag)
  if (process.link.open) {
    process.pending = { tag, version }
    send(move, at, { kind: 'bump', tag, version })
  } else queue(move, at, tag, version)
}

function timeOut(move: Move, at: number): void {
  const process = processOf(move, at)
  move.state.budget.timeouts -= 1
  const { pending } = process
  process.pending = null
  if (pending !== null) queue(move, at, pending.tag, pending.version)
}

function sayHello(move: Move, at: number): void {
  const process = processOf(move, at)
  send(move, at, { kind: 'hello' })
  if (!move.bugs.has('replay after the gate')) return
  process.link.open = true
  process.proven = true
}

/** The call's budget is spent: it loads without a lease, and its command may still be executed. */
function giveUp(move: Move, at: number, id: number): void {
  move.state.budget.timeouts -= 1
  flightOf(move, at, id, (flight) => {
    for (const command of processOf(move, at).pipe) if (command.flight === id) command.flight = 0
    beginLoad(move, at, flight, 0)
  })
}

function beginPut(move: Move, at: number): void {
  const { state } = move
  spend(state.budget.puts, at)
  state.ids += 1
  applyLocally(move, at, false)
  processOf(move, at).put = { phase: 'force', token: state.ids, session: 0, version: 0, reading: 0, inc: 0, last: true }
  send(move, at, { kind: 'force', token: state.ids })
}

function writeThrough(move: Move, at: number): void {
  const { put } = processOf(move, at)
  if (put === null) return
  move.state.database += 1
  put.version = move.state.database
  storePut(move, at)
}

function takeOver(move: Move): void {
  move.state.budget.failovers -= 1
  failOver(move)
  move.state.processes.forEach((_, at) => {
    breakOff(move, at)
  })
}

/** Whatever was on the wire is gone; what had not been answered is not known to have happened. */
function breakOff(move: Move, at: number): void {
  const process = processOf(move, at)
  const lost = process.pipe
  process.pipe = []
  process.bus = []
  shut(move, at)
  for (const { kind, tag, version, value } of lost) {
    if (kind !== 'replay') continue
    queue(move, at, tag, version)
    if (value !== null) queue(move, at, false, version)
  }
  if (process.pending !== null) {
    const { tag, version } = process.pending
    process.pending = null
    queue(move, at, tag, version)
  }
  if (process.put !== null && process.put.phase !== 'writing') {
    const { version } = process.put
    process.put = null
    if (version > 0) queue(move, at, false, version)
  }
  for (const flight of process.flights) if (!flight.phase.startsWith('load')) beginLoad(move, at, flight, 0)
}
