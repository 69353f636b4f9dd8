import { Broken } from '../explore.ts'
import type { Command, Flight, Process, Reader, State, Stored } from './state.ts'

/** Ways to break the protocol on purpose. */
export type Bug =
  | 'commit without token'
  | 'reading noted after the load'
  | 'fill without the born fence'
  | 'joiner unchecked'
  | 'hedged load commits'
  | 'clock not read with the entry'
  | 'life ignored'
  | 'incarnation ignored'
  | 'proof without catching up'
  | 'put overwrites'
  | 'replay after the gate'

/** One transition's view: the state it changes, and which bugs are planted. */
export interface Move {
  readonly state: State
  readonly bugs: ReadonlySet<Bug>
}

/** Process `at` of a state. */
export function processOf({ state }: Move, at: number): Process {
  return state.processes[at] as Process
}

/** Sends a command on the process's connection. */
export function send(move: Move, at: number, command: Pick<Command, 'kind'> & Partial<Command>): void {
  const { state } = move
  processOf(move, at).pipe.push({
    flight: 0,
    token: 0,
    value: null,
    tag: false,
    version: 0,
    floor: state.delivered,
    answer: null,
    ...command,
  })
}

/** An invalidation becomes known here: core `applyLocally`. */
export function applyLocally({ state }: Move, at: number, tag: boolean): void {
  const process = state.processes[at] as Process
  process.events += 1
  if (tag) process.tagEvent = process.events
  else {
    process.memory = null
    for (const flight of process.flights) flight.detached = true
  }
  if (process.put !== null && !tag) process.put.last = false
}

/** The gate shuts: core `Supervisor.#shut`. Memory is not proven any more. */
export function shut(move: Move, at: number): void {
  const process = processOf(move, at)
  if (!process.link.open) return
  process.link.open = false
  process.proven = false
  emptyMemory(process)
}

/** Core `emptyMemory`. */
export function emptyMemory(process: Process): void {
  process.events += 1
  process.clearEvent = process.events
  process.memory = null
}

/** Queues what Redis did not take: it holds here at once. */
export function queue(move: Move, at: number, tag: boolean, version: number): void {
  const process = processOf(move, at)
  if (tag) process.queue.tag = true
  else process.queue.key = true
  process.queue.version = Math.max(process.queue.version, version)
  process.own = Math.max(process.own, version)
  applyLocally(move, at, tag)
  shut(move, at)
}

/** A call comes: served from memory, joined to a flight, or on a flight of its own. Core `getOrSet`. */
export function startRead(move: Move, at: number): void {
  const { state } = move
  const process = processOf(move, at)
  const reader: Reader = {
    own: process.own,
    delivered: state.delivered,
    floor: process.floor,
    cameAt: process.events,
    joined: false,
  }
  const { memory } = process
  if (memory !== null && process.proven && process.tagEvent <= memory.born) {
    serve(memory.version, Math.max(reader.own, reader.floor), `P${at} from memory`)
    return
  }
  const flight = process.flights.find(({ detached }) => !detached)
  if (flight !== undefined && process.proven) flight.readers.push({ ...reader, joined: true })
  else takeOff(move, at, [reader])
}

function serve(version: number, due: number, what: string): void {
  if (version < due) throw new Broken(`${what}: version ${version}, but everything before ${due} was invalidated`)
}

/** Core `takeOff` and the beginning of `fly`. */
function takeOff(move: Move, at: number, readers: Reader[]): void {
  const { state } = move
  const process = processOf(move, at)
  for (const other of process.flights) other.detached = true
  state.ids += 1
  const flight: Flight = {
    id: state.ids,
    phase: 'get',
    born: process.events,
    reading: 0,
    inc: 0,
    token: 0,
    session: 0,
    detached: false,
    version: 0,
    readers,
    found: null,
  }
  process.flights.push(flight)
  if (process.link.open) send(move, at, { kind: 'get', flight: flight.id })
  else beginLoad(move, at, flight, 0)
}

/** The clock is noted before the loader is called: core `loadAndStore`. */
export function beginLoad(move: Move, at: number, flight: Flight, token: number): void {
  const process = processOf(move, at)
  flight.phase = 'loading'
  flight.born = process.events
  flight.reading = process.link.c
  flight.inc = process.link.inc
  flight.token = token
  flight.session = process.link.session
}

/** The load ends: deliver, fill, commit. Core `harvest`, `fillMemory`, `commit`. */
export function endLoad(move: Move, at: number, flight: Flight): void {
  const process = processOf(move, at)
  const { bugs } = move
  const reading = bugs.has('reading noted after the load') ? process.link.c : flight.reading
  if (flight.token !== 0 && process.link.open && process.link.session === flight.session) {
    const value: Stored = { version: flight.version, reading, inc: flight.inc, life: process.link.session }
    send(move, at, { kind: 'commit', token: flight.token, value })
  }
  land(move, at, flight, flight.version)
}

/** Everyone who waits gets the value, or goes again: core `mayHave`. */
export function land(move: Move, at: number, flight: Flight, version: number): void {
  const process = processOf(move, at)
  fill(move, at, flight, version)
  process.flights = process.flights.filter((other) => other !== flight)
  const again: Reader[] = []
  for (const reader of flight.readers) {
    const harmed = process.tagEvent > flight.born || process.clearEvent > flight.born
    const mayHave = move.bugs.has('joiner unchecked') || reader.cameAt <= flight.born || !harmed
    if (!mayHave) again.push({ ...reader, joined: false })
    else
      serve(
        version,
        Math.max(reader.own, reader.joined ? reader.floor : reader.delivered),
        `P${at} from a ${reader.joined ? 'joined ' : ''}flight`,
      )
  }
  if (again.length > 0) takeOff(move, at, again)
}

function fill(move: Move, at: number, flight: Flight, version: number): void {
  const process = processOf(move, at)
  if (!process.proven) return
  const fenced =
    flight.detached || process.tagEvent > flight.born || process.clearEvent > flight.born || process.pending !== null
  if (fenced && !move.bugs.has('fill without the born fence')) return
  process.memory = { version, born: move.bugs.has('fill without the born fence') ? process.events : flight.born }
}
