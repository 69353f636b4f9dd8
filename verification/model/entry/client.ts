import { applyLocally, beginLoad, emptyMemory, land, type Move, processOf, queue, send, shut } from './process.ts'
import type { Answer, Command, Flight, Message, Process, Stored } from './state.ts'

/** The oldest command of a process has been answered. */
export function receiveReply(move: Move, at: number): void {
  const process = processOf(move, at)
  const command = process.pipe.shift() as Command
  const answer = command.answer as Answer
  const flight = process.flights.find(({ id }) => id === command.flight)
  switch (command.kind) {
    case 'get':
      if (flight !== undefined) judge(move, at, { flight, command, answer })
      return
    case 'records':
      if (flight !== undefined) afterRecords(move, at, flight, answer)
      return
    case 'acquire':
      afterAcquire(move, at, { flight, command, answer })
      return
    case 'commit':
      if (answer.verdict === 'rejected' && process.memory?.version === command.value?.version) process.memory = null
      return
    case 'bump':
      afterBump(move, at, command)
      return
    case 'hello':
      adopt(move, at, command, answer)
      return
    case 'replay':
      move.state.delivered = Math.max(move.state.delivered, command.version)
      if (!move.bugs.has('replay after the gate')) enter(move, at, command.floor)
      return
    case 'force':
      afterForce(move, at, answer)
      return
    case 'told':
      afterPut(move, at, command)
      return
    case 'beat':
      prove(move, at, command.floor, answer)
      return
    default:
  }
}

/** Core `judgeReply`: life and incarnation, then the tag's record, exact because the clock came along. */
function judge(
  move: Move,
  at: number,
  { flight, command, answer }: { flight: Flight; command: Command; answer: Answer },
): void {
  const process = processOf(move, at)
  if (!prove(move, at, command.floor, answer)) {
    beginLoad(move, at, flight, 0)
    return
  }
  const { clock } = answer
  const value = answer.frame?.value ?? null
  if (value === null || !belongs(move, value, answer) || process.link.record > value.reading) {
    acquire(move, at, flight, value)
    return
  }
  const behind = (clock?.c ?? 0) > process.link.c
  if (!behind || move.bugs.has('clock not read with the entry')) {
    land(move, at, flight, value.version)
    return
  }
  flight.phase = 'records'
  flight.found = value
  send(move, at, { kind: 'records', flight: flight.id })
}

/** Written in this life of the server and this incarnation of the metadata. */
function belongs({ bugs }: Move, value: Stored, { life, clock }: Answer): boolean {
  if (bugs.has('life ignored')) return true
  return value.life === life && (value.inc === clock?.inc || bugs.has('incarnation ignored'))
}

function afterRecords(move: Move, at: number, flight: Flight, { record, clock }: Answer): void {
  const found = flight.found as Stored
  flight.found = null
  if (clock === null || clock.inc !== found.inc || record > found.reading) acquire(move, at, flight, found)
  else land(move, at, flight, found.version)
}

function acquire(move: Move, at: number, flight: Flight, seen: Stored | null): void {
  if (processOf(move, at).link.open) {
    flight.phase = 'acquire'
    send(move, at, { kind: 'acquire', flight: flight.id, token: flight.id, value: seen })
  } else {
    beginLoad(move, at, flight, 0)
  }
}

function afterAcquire(
  move: Move,
  at: number,
  { flight, command, answer }: { flight: Flight | undefined; command: Command; answer: Answer },
): void {
  if (flight === undefined) {
    const late = processOf(move, at).flights.find(
      ({ token, phase }) => token === 0 && (phase === 'loading' || phase === 'loaded'),
    )
    if (move.bugs.has('hedged load commits') && answer.verdict === 'granted' && late !== undefined)
      late.token = command.token
    return
  }
  const { link, events } = processOf(move, at)
  if (!link.open || answer.verdict === 'granted') {
    beginLoad(move, at, flight, link.open ? command.token : 0)
  } else {
    flight.phase = 'get'
    flight.born = events
    send(move, at, { kind: 'get', flight: flight.id })
  }
}

/** Core `invalidate`, at the reply: an event once more, and the promise is given. */
function afterBump(move: Move, at: number, { tag, version }: Command): void {
  const process = processOf(move, at)
  if (process.pending?.version !== version) return
  applyLocally(move, at, tag)
  process.pending = null
  process.own = Math.max(process.own, version)
  move.state.delivered = Math.max(move.state.delivered, version)
}

/** Core `Link.adopt`, then replay, then the gate: `Supervisor.#verify`. */
function adopt(move: Move, at: number, command: Command, { clock, life, record }: Answer): void {
  const process = processOf(move, at)
  const { link } = process
  if ((link.open && !move.bugs.has('replay after the gate')) || clock === null) return
  Object.assign(link, { inc: clock.inc, c: clock.c, n: clock.n, record, session: life })
  if (process.queue.version > 0) replay(move, at, command.floor)
  else enter(move, at, command.floor)
}

function replay(move: Move, at: number, floor: number): void {
  const process = processOf(move, at)
  const { key, tag, version } = process.queue
  process.queue = { key: false, tag: false, version: 0 }
  send(move, at, {
    kind: 'replay',
    tag,
    version,
    floor,
    value: key ? { version: 0, reading: 0, inc: 0, life: 0 } : null,
  })
}

function enter(move: Move, at: number, floor: number): void {
  const process = processOf(move, at)
  if (process.queue.version > 0) {
    replay(move, at, floor)
    return
  }
  emptyMemory(process)
  process.link.open = true
  process.proven = true
  process.floor = Math.max(process.floor, floor)
}

/** Core `put`, after its lease: the write begins. */
function afterForce(move: Move, at: number, answer: Answer): void {
  const process = processOf(move, at)
  if (process.put === null || answer.verdict !== 'granted') return
  Object.assign(process.put, {
    phase: 'writing',
    session: process.link.session,
    reading: process.link.c,
    inc: process.link.inc,
  })
}

/** Stores the written value, or has it deleted: core `store`. */
export function storePut(move: Move, at: number): void {
  const process = processOf(move, at)
  const { put } = process
  if (put === null) return
  put.phase = 'store'
  const { last, token, version, reading, inc, session } = put
  applyLocally(move, at, false)
  if (!process.link.open || process.link.session !== session || (!last && !move.bugs.has('put overwrites'))) {
    process.put = null
    queue(move, at, false, version)
    return
  }
  send(move, at, { kind: 'put', token, value: { version, reading, inc, life: session } })
  send(move, at, { kind: 'told', version })
}

function afterPut(move: Move, at: number, { version }: Command): void {
  const process = processOf(move, at)
  applyLocally(move, at, false)
  process.put = null
  process.own = Math.max(process.own, version)
  move.state.delivered = Math.max(move.state.delivered, version)
}

/** A clock reading proves memory when the bus has delivered all that it counts: core `Link.prove`. */
function prove(move: Move, at: number, floor: number, { clock }: Answer): boolean {
  const process = processOf(move, at)
  if (!process.link.open) return false
  if (clock === null || clock.inc !== process.link.inc) {
    shut(move, at)
    return false
  }
  if (clock.n <= process.link.n || move.bugs.has('proof without catching up')) {
    process.proven = true
    process.floor = Math.max(process.floor, floor)
  }
  return true
}

/** The oldest bus message arrives: core `Supervisor.#deliver` and `Link.deliver`. */
export function receiveMessage(move: Move, at: number): void {
  const process: Process = processOf(move, at)
  const { inc, c, n, from, tag } = process.bus.shift() as Message
  const { link } = process
  const inOrder = inc === link.inc && n === link.n + 1
  if (inOrder) Object.assign(link, { n, c, record: tag ? c : link.record })
  if (from !== at) applyLocally(move, at, tag)
  if (!inOrder && (inc !== link.inc || n > link.n)) shut(move, at)
}
