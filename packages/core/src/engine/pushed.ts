import type { Entry } from '../entry/entry.ts'
import { RedisUnavailable } from '../errors.ts'
import type { Flight } from '../flight/flight.ts'
import type { Aside } from '../invalidation/asides.ts'
import { emptyMemory } from '../invalidation/local-effects.ts'
import { localKeyOf, textOfLocal } from '../key/keying.ts'
import type { Segment } from '../tiers/segment.ts'
import type { Engine } from './engine.ts'
import type { Address, FrameHead } from './remote.ts'

/** Looks so often, while one push after the other comes in between; then the copy is given up. */
const MOST_LOOKS = 5

/**
 * Takes what Redis says to be written since this process read it out of memory (`CLIENT TRACKING`); undefined is everything.
 *
 * A push does not say who wrote, or what. An early refresh writes its lease into the frame, a commit of our own writes what
 * memory holds already. So the copy is kept aside, the frame's head is read, which also asks for the next push, and the copy
 * comes back if its version still stands there. What a flight fetches meanwhile goes the same way, and new callers leave the
 * flight unless the frame shows that it was its own lease that was written.
 */
export function takePushed(engine: Engine, namespace: string, keys: readonly string[] | undefined): void {
  if (keys === undefined) {
    engine.flights.push()
    emptyMemory(engine)
    return
  }
  for (const key of keys) {
    const address = addressOf(namespace, key)
    if (address !== undefined) takeAside(engine, address)
  }
}

/**
 * Takes everything aside that Redis may not tell of any more: what is in memory, on its way there, or being looked at. Looking
 * makes whoever has the key now tell of its next write.
 */
export function suspect(engine: Engine, namespace: string, isSuspect: (key: string) => boolean): void {
  const suspected = new Set([...engine.flights.keys(), ...engine.asides.keys()].filter(isSuspect))
  for (const { label, slots } of engine.segments.values()) {
    for (const local of slots.keys()) {
      const key = `${namespace}:${label}:${textOfLocal(local)}`
      if (isSuspect(key)) suspected.add(key)
    }
  }
  takePushed(engine, namespace, [...suspected])
}

function takeAside(engine: Engine, address: Address): void {
  const { segments, memory, flights } = engine
  const segment = segments.get(address.label)
  if (segment === undefined) return
  const local = localKeyOf(address.text)
  const copy = memory.find(segment, local)
  if (copy !== undefined) memory.remove(segment, local, 'unproven')
  const flight = flights.find(address.key)
  if (flight !== undefined) flight.pushed = true
  look(engine, { address, segment, copy, flight, pushes: 0 })
}

/** Keeps what a flight fetched aside, because its key was written meanwhile: memory has it when Redis says that it still stands. */
export function keepAside(
  engine: Engine,
  address: Address,
  { segment, entry }: { segment: Segment; entry: Entry },
): void {
  look(engine, { address, segment, copy: entry, flight: undefined, pushes: 0 })
}

/** Looks what stands under a key, or looks again when somebody is looking already. */
function look(engine: Engine, aside: Aside): void {
  const { asides, flights } = engine
  const { copy, flight } = aside
  const known = asides.find(aside.address.key)
  if (known !== undefined) {
    known.pushes += 1
    known.copy = copy ?? known.copy
    known.flight = flight ?? known.flight
    return
  }
  if (copy === undefined && flight === undefined) return
  // The message of the bus about the same write comes with the same packet: it may answer the question.
  if (asides.add(aside)) process.nextTick(() => void settle(engine, aside))
  else if (flight !== undefined) flights.detach(flight.key)
}

async function settle(engine: Engine, aside: Aside): Promise<void> {
  const { asides, remote } = engine
  try {
    for (let look = 0; look < MOST_LOOKS && asides.find(aside.address.key) === aside; look++) {
      const { pushes } = aside
      const head = await remote?.head(aside.address, remote.deadline())
      if (aside.pushes !== pushes) continue
      if (asides.take(aside)) judge(engine, aside, head)
      return
    }
  } catch (error) {
    if (!(error instanceof RedisUnavailable)) throw error
  }
  if (asides.take(aside)) leave(engine, aside.flight)
}

function judge(engine: Engine, aside: Aside, head: FrameHead | undefined): void {
  const { copy, flight } = aside
  if (copy !== undefined && head !== undefined && stands(copy, head)) putBack(engine, aside, copy)
  if (flight === undefined) return
  if (flight.lease === undefined && head?.isLeased) return
  if (flight.lease !== undefined && head?.token === flight.lease) flight.pushed = false
  else leave(engine, flight)
}

/** It is what is stored, or what is about to be stored under the lease that is there. */
function stands({ version }: Entry, { version: stored, token }: FrameHead): boolean {
  return version !== '' && (version === stored || version === token)
}

/** Nothing may have happened to it meanwhile, and nothing newer may stand in its place. */
function putBack({ memory, fences }: Engine, { address, segment }: Aside, entry: Entry): void {
  const local = localKeyOf(address.text)
  if (segment.clearedAt > entry.born || fences.lastEventOf(entry.tags) > entry.born || segment.slots.has(local)) return
  memory.put(segment, local, entry, fences.tagEvents)
}

function leave({ flights }: Engine, flight: Flight | undefined): void {
  if (flight !== undefined && flights.find(flight.key) === flight) flights.detach(flight.key)
}

/** `namespace:name:version:text`, where no part of a name is a bare number. */
function addressOf(namespace: string, key: string): Address | undefined {
  if (!key.startsWith(`${namespace}:`)) return undefined
  const match = FORM.exec(key.slice(namespace.length + 1))
  return match === null ? undefined : { key, label: match[1] as string, text: match[2] as string }
}

const FORM = /^(.+?:\d+):(.*)$/s
