import type { Draft, Strike } from './draft.ts'

/**
 * The server is another one, and one process does not hear of it: nothing reaches it any more. Others invalidate what it has in
 * memory, as soon as they are connected again, while it looks again and again.
 */
export function newLife(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const entry = { ...target, process: victim }
  const time = chance.between(120, 330)
  draft.read(at - 30, entry, 0)
  draft.add(at, { kind: 'save' })
  draft.add(at + 0.1, { kind: 'hold', process: victim, for: time })
  draft.add(at + chance.spread(0.2, 10), {
    kind: 'restart',
    data: chance.yes(0.5) ? 'old' : 'empty',
    down: chance.yes(0.7) ? 0 : chance.spread(1, 30),
  })
  for (let count = chance.whole(1, 3); count > 0; count--)
    draft.change(at + chance.between(40, 200), { ...target, process: draft.other(victim) })
  for (let look = chance.whole(6, 16); look > 0; look--)
    draft.add(at + chance.between(50, time), { ...entry, kind: chance.yes(0.5) ? 'peek' : 'get' })
  return time
}

/**
 * A process hears late what Redis answers, and nothing of the bus: what it renews is old when it hears of it. Others invalidate
 * what it has in memory, and it looks again and again.
 */
export function lateRenewal(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const entry = { ...target, process: victim }
  const time = chance.between(350, 700)
  const delay = chance.between(40, 250)
  draft.read(at - chance.between(20, 60), entry, 0)
  draft.add(at, { kind: 'delay', process: victim, role: 'data', direction: 'down', for: time, delay })
  draft.add(at + 1, { kind: 'hold', process: victim, role: 'subscriber', direction: 'down', for: time })
  for (let count = chance.whole(1, 2); count > 0; count--)
    draft.change(at + chance.between(80, time - 100), { ...target, process: draft.other(victim) })
  for (let look = chance.whole(12, 30); look > 0; look--)
    draft.add(at + chance.between(80, time + 200), { ...entry, kind: chance.yes(0.7) ? 'peek' : 'get' })
  return time
}

/** Nothing reaches a process until its lease is over; it loads by itself, what it loads is invalidated, and callers come while it loads. */
export function unleased(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const entry = { ...target, process: victim }
  const start = at + chance.between(220, 360)
  draft.add(at, { kind: 'hold', process: victim, for: chance.between(600, 900) })
  const load = { before: chance.spread(0.1, 5), after: chance.between(180, 290), fails: false }
  draft.add(start, { ...entry, kind: 'read', load })
  draft.change(start + chance.between(66, 110), { ...target, process: draft.other(victim) })
  for (let look = chance.whole(3, 8); look > 0; look--) draft.read(start + chance.between(80, 295), entry, 0)
  return 700
}

/** The machine of a process that has an entry in memory is suspended while others invalidate it, and it looks as soon as it is back. */
export function suspended(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const entry = { ...target, process: victim }
  const time = chance.spread(60, 1_500)
  draft.read(at - chance.between(20, 60), entry, 0)
  draft.add(at, { kind: 'suspend', process: victim, for: time })
  draft.change(at + chance.between(1, time), { ...target, process: draft.other(victim) })
  for (let look = chance.whole(2, 6); look > 0; look--)
    draft.add(at + time + chance.spread(0.01, 20), { ...entry, kind: chance.yes(0.7) ? 'peek' : 'get' })
  return time
}
