import { OWNED, ROWS } from '../application/entries.ts'
import type { Draft, Strike } from './draft.ts'

/** A visitor changes something in one process, and looks at it in others: what it wrote it must see. */
export function visit(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const visitor = draft.visitor()
  const writer = chance.yes(0.5) ? draft.other(victim) : victim
  const readers = chance.whole(1, 5)
  for (let process = 0; process < draft.processes; process++)
    if (chance.yes(0.6)) draft.read(at - chance.spread(2, 40), { ...target, process }, 0)
  if (chance.yes(0.8)) draft.change(at, { ...target, process: writer, visitor })
  else draft.read(at, { ...target, process: writer, visitor }, 0)
  for (let count = 0; count < readers; count++) {
    const process = chance.yes(0.7) ? draft.other(writer) : draft.process()
    const when = at + (chance.yes(0.6) ? chance.spread(0.5, 20) : chance.spread(10, 400))
    if (chance.yes(0.3)) draft.add(when, { ...target, process, visitor, kind: chance.yes(0.6) ? 'get' : 'peek' })
    else if (chance.yes(0.2)) draft.batch(when, { ...target, process, visitor })
    else draft.read(when, { ...target, process, visitor })
  }
  if (chance.yes(0.3)) draft.change(at + chance.spread(10, 300), { ...target, process: draft.process(), visitor })
  return 100
}

/**
 * Another program changes a row that processes hold in memory; they look again until well after the bound. Mostly a row that
 * nobody else changes then: an invalidation of our own would make up for a push that was not heeded.
 */
export function foreign(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const isAlone = chance.yes(0.7)
  const entry = {
    name: OWNED.includes(target.name) ? ('row' as const) : target.name,
    row: (target.row + (isAlone ? 1 : 0)) % ROWS,
  }
  for (const process of [victim, draft.other(victim)])
    if (chance.yes(0.7)) draft.read(at - chance.between(20, 80), { ...entry, process }, 0)
  if (chance.yes(0.3)) draft.read(at - chance.spread(0.5, 10), { ...entry, process: victim }, 0)
  draft.add(at + 20, { kind: 'foreign', ...entry })
  for (let count = chance.whole(2, 6); count > 0; count--) {
    const process = chance.yes(0.7) ? victim : draft.process()
    const when = at + 20 + (chance.yes(0.5) ? chance.spread(0.5, 30) : chance.spread(200, 900))
    if (chance.yes(0.5)) draft.add(when, { ...entry, process, kind: chance.yes(0.5) ? 'peek' : 'get' })
    else draft.read(when, { ...entry, process })
  }
  return 60
}

/** A visitor writes in one process and goes to another, which has not heard of it, and whose memory and loads are older. */
export function outrun(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const visitor = draft.visitor()
  const entry = { ...target, process: victim }
  const time = chance.between(30, 280)
  draft.read(at - chance.between(20, 60), entry, 0)
  draft.add(at, {
    kind: 'delay',
    process: victim,
    role: 'subscriber',
    direction: 'down',
    for: time,
    delay: chance.between(20, 200),
  })
  if (chance.yes(0.7)) {
    const load = { before: chance.spread(0.1, 3), after: chance.between(20, 200), fails: false }
    draft.add(at + 0.5, { ...entry, kind: 'refresh', load })
  }
  draft.change(at + chance.between(4, 12), { ...target, process: draft.other(victim), visitor })
  for (let look = chance.whole(3, 8); look > 0; look--)
    if (chance.yes(0.2)) draft.batch(at + chance.between(6, time), { ...entry, visitor })
    else draft.read(at + chance.between(6, time), { ...entry, visitor }, 0)
  return time
}

/** Another program writes while a process hears nothing of it, and reads other things from Redis all the time. */
export function unheard(draft: Draft, { at, victim }: Strike): number {
  const { chance } = draft
  const time = chance.between(700, 1_000)
  const entry = { name: 'row', row: chance.whole(0, ROWS - 1), process: victim } as const
  draft.read(at - chance.between(20, 60), entry, 0)
  draft.add(at, { kind: 'hold', process: victim, role: 'subscriber', direction: 'down', for: time })
  draft.add(at + 5, { kind: 'foreign', name: entry.name, row: entry.row })
  for (let when = at + 20; when < at + time; when += chance.between(20, 90))
    draft.add(when, { ...entry, name: 'strict', kind: 'get' })
  for (let look = chance.whole(4, 10); look > 0; look--)
    draft.add(at + chance.between(310, time), { ...entry, kind: chance.yes(0.5) ? 'peek' : 'get' })
  return time
}

/** A visitor sees in one process what somebody else has written, and goes to another, which has not heard of it. */
export function witness(draft: Draft, { at, victim }: Strike): number {
  const { chance } = draft
  const visitor = draft.visitor()
  const row = [ROWS, ROWS + 1].find((each) => each % draft.processes !== victim) ?? ROWS
  const owner = row % draft.processes
  const entry = { name: 'owned', row } as const
  const time = chance.between(30, 280)
  const delay = chance.between(20, 200)
  draft.read(at - chance.between(20, 60), { ...entry, process: victim }, 0)
  draft.add(at, { kind: 'delay', process: victim, role: 'subscriber', direction: 'down', for: time, delay })
  draft.add(at + chance.between(3, 6), { ...entry, process: owner, kind: 'set' })
  draft.add(at + chance.between(9, 14), { ...entry, process: owner, visitor, kind: 'get' })
  for (let look = chance.whole(2, 6); look > 0; look--)
    draft.add(at + chance.between(12, time), {
      ...entry,
      process: victim,
      visitor,
      kind: chance.yes(0.5) ? 'get' : 'peek',
    })
  return time
}
