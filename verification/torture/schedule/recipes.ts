import type { Place } from '../../simulation/network.ts'
import { NAMES } from '../application/entries.ts'
import type { Draft, Strike } from './draft.ts'

/** A process is cut off, invalidates, and looks closely at what it gets when it comes back. */
export function deferral(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const time = chance.spread(60, 500)
  draft.add(at, {
    kind: 'hold',
    process: victim,
    for: time,
    ...chance.pick<Place>([{}, { role: 'data' }, { direction: 'up' }]),
  })
  if (chance.yes(0.5))
    draft.add(at + 1, { kind: 'cut', process: victim, role: 'data', late: chance.yes(0.5) ? 'lost' : time })
  const writes = chance.whole(1, 5)
  for (let count = 0; count < writes; count++)
    draft.change(at + 2 + chance.next() * time, { ...target, process: victim })
  if (chance.yes(0.4))
    draft.add(at + time, {
      kind: 'delay',
      process: victim,
      role: 'data',
      direction: 'up',
      for: 200,
      delay: chance.spread(2, 20),
    })
  const looks = chance.whole(10, 40)
  for (let look = 0; look < looks; look++) {
    draft.add(at + time + chance.spread(0.5, 400), {
      ...target,
      process: victim,
      kind: chance.yes(0.8) ? 'get' : 'peek',
    })
  }
  return time + 100
}

/** Everybody wants an entry whose loads take long and fail. */
export function failingLoads(draft: Draft, { at, target }: Strike): number {
  const { chance } = draft
  const time = chance.between(300, 900)
  for (let process = 0; process < draft.processes; process++) {
    draft.add(at + chance.spread(0.1, 20), {
      ...target,
      process,
      kind: 'read',
      load: { before: time / 2, after: time / 2, fails: true },
    })
  }
  return time
}

/** Commands go slowly to Redis on one connection while large values come slowly on another. */
export function splitLanes(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const entry = { name: 'large', row: target.row % 3, process: victim } as const
  draft.read(at - 15, entry, 0)
  draft.add(at, {
    kind: 'delay',
    process: victim,
    role: 'data',
    direction: 'up',
    for: 200,
    delay: chance.spread(2, 40),
  })
  draft.add(at, {
    kind: 'delay',
    process: victim,
    role: 'bulk',
    direction: 'down',
    for: 200,
    delay: chance.spread(5, 55),
  })
  draft.add(at + 4, { kind: 'write', ...entry, reach: chance.pick(['key', 'row', 'name']), gap: 0 })
  for (let read = chance.whole(1, 4); read > 0; read--) draft.read(at + 4 + chance.spread(0.1, 20), entry, 0)
  for (let read = chance.whole(2, 8); read > 0; read--) draft.read(at + 4 + chance.spread(1, 150), entry, 0)
  return 150
}

/** The first exchange took long one way only, so the server's clock is misjudged; then a large value arrives late. */
export function unevenClock(draft: Draft, { at, target }: Strike): number {
  const { chance } = draft
  const row = 3 + (target.row % 2)
  const entry = { name: 'ledger', row, process: row % draft.processes } as const
  const start = at + 800
  draft.add(5, {
    kind: 'delay',
    process: entry.process,
    direction: 'up',
    for: chance.between(380, 500),
    delay: chance.between(60, 120),
  })
  draft.add(start, { ...entry, kind: 'set' })
  draft.add(start + 100, {
    kind: 'delay',
    process: entry.process,
    role: 'bulk',
    direction: 'up',
    for: 40,
    delay: chance.between(55, 130),
  })
  draft.add(start + 101, { ...entry, kind: 'set' })
  draft.add(start + 101 + chance.between(62, 90), { ...entry, kind: 'write', reach: 'key', gap: 0 })
  for (let count = 0; count < 3; count++)
    draft.read(start + 170 + chance.spread(1, 300), { ...entry, process: draft.process() })
  return 1_000
}

/** One row is invalidated by tag, then so much else that bounded tables have to forget it; then everybody looks again. */
export function manyTags(draft: Draft, { at, victim }: Strike): number {
  const { chance } = draft
  const entry = { name: chance.pick(['row', 'brief', 'large'] as const), row: 0 }
  draft.read(at, { ...entry, process: victim }, 0)
  draft.add(at + 40, { ...entry, process: draft.process(), kind: 'write', reach: 'row', gap: 0 })
  const others = NAMES.filter((name) => name !== entry.name)
  for (let count = chance.whole(4, 9); count > 0; count--) {
    const reach = chance.pick(['row', 'name', 'name'] as const)
    const row = chance.whole(1, 2)
    const other = chance.pick(others)
    if (other === 'owned' || other === 'ledger') continue
    draft.add(at + 45 + chance.next() * 60, {
      name: other,
      row,
      process: draft.process(),
      kind: 'write',
      reach,
      gap: 0,
    })
  }
  if (chance.yes(0.5)) draft.add(at + 110, { kind: 'crash', process: draft.process() })
  for (let process = 0; process < draft.processes; process++)
    draft.add(at + 160 + chance.next() * 40, { ...entry, process, kind: 'get' })
  return 200
}

/** A replica misses one invalidation, and takes over. */
export function failover(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const lag = chance.spread(1, 60)
  draft.read(at - 20, { ...target, process: victim }, 0)
  draft.add(at, { kind: 'lag' })
  draft.change(at + lag * chance.next(), { ...target, process: draft.other(victim) })
  draft.add(at + lag + chance.spread(1, 20), { kind: 'promote' })
  for (let read = chance.whole(1, 4); read > 0; read--)
    draft.read(at + lag + chance.spread(2, 200), { ...target, process: draft.process() })
  return lag + 100
}

const SCRIPTS = [
  'acquire',
  'commit',
  'put-and-tell',
  'bump',
  'bump',
  'hello',
  'write-and-tell',
  'release',
  'renew',
  'records',
]

/** The connection breaks between the execution of a script and its reply; scripts that are rare are called for. */
export function cutAfter(draft: Draft, { at, victim, target }: Strike): void {
  const { chance } = draft
  const script = chance.pick(SCRIPTS)
  const owned = 3 + (victim % 2)
  const isOwner = owned % draft.processes === victim
  draft.add(at, { kind: 'cut-after', process: victim, script })
  if (script === 'put-and-tell')
    draft.add(at + 1, { name: 'row', row: target.row % 3, process: victim, kind: 'put', load: draft.load(0) })
  if (script === 'write-and-tell' && isOwner)
    draft.add(at + 1, { name: 'owned', row: owned, process: victim, kind: 'set' })
  if (script === 'release') draft.read(at + 1, { ...target, process: victim }, 1)
  if (script === 'renew')
    draft.add(at + 1, { ...target, process: victim, kind: 'read', load: { before: 300, after: 300, fails: false } })
}

/** A set leaves on a connection that breaks, another follows it on the next one, and the first is executed last. */
export function lateSet(draft: Draft, { at, target }: Strike): number {
  const { chance } = draft
  const row = 3 + (target.row % 2)
  const entry = { name: 'owned', row, process: row % draft.processes } as const
  draft.add(at, { ...entry, kind: 'set' })
  draft.add(at + 0.1, { ...entry, kind: 'set' })
  draft.add(at + chance.between(0.3, 2), {
    kind: 'cut',
    process: entry.process,
    role: 'data',
    late: chance.between(15, 58),
  })
  for (let read = chance.whole(1, 3); read > 0; read--)
    draft.read(at + chance.between(60, 400), { ...entry, process: draft.process() })
  return 100
}
