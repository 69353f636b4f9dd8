import type { Draft, Strike } from './draft.ts'

/** An entry outlives its time and is asked for again, here and elsewhere, while Redis still keeps it for when loads fail. */
export function aged(draft: Draft, { at, victim }: Strike): number {
  const { chance } = draft
  const entry = { name: 'brief', row: chance.whole(0, 2) } as const
  draft.read(at, { ...entry, process: victim }, 0)
  for (let read = chance.whole(2, 6); read > 0; read--)
    draft.read(at + chance.between(100, 2_300), { ...entry, process: draft.process() }, 0)
  return 100
}

/** A process reads what another has loaded; what it reads is invalidated, and it hears of that before it hears what it read. */
export function overtaken(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const entry = { ...target, process: victim }
  const delay = chance.between(5, 55)
  draft.read(at - chance.between(30, 60), { ...target, process: draft.other(victim) }, 0)
  draft.add(at, { kind: 'delay', process: victim, role: 'data', direction: 'down', for: delay + 20, delay })
  for (let read = chance.whole(1, 3); read > 0; read--) draft.read(at + chance.between(0.2, 5), entry, 0)
  draft.change(at + chance.between(3, 12), { ...target, process: draft.other(victim) })
  for (let look = chance.whole(2, 4); look > 0; look--)
    draft.add(at + delay + chance.between(310, 900), { ...entry, kind: chance.yes(0.5) ? 'peek' : 'get' })
  return delay + 20
}

/** A load begins while its process hears nothing, what it reads is invalidated meanwhile, and it ends when all is well again. */
export function loadAcross(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const entry = { ...target, process: victim }
  const after = chance.between(60, 300)
  draft.add(at, { kind: 'cut', process: victim, role: chance.pick(['data', 'subscriber']), late: 'lost' })
  const load = { before: chance.spread(0.1, 5), after, fails: false }
  draft.add(at + chance.between(0.5, 8), { ...entry, kind: 'read', load })
  draft.change(at + chance.between(6, 20), { ...target, process: draft.other(victim) })
  for (let look = chance.whole(2, 4); look > 0; look--)
    draft.add(at + after + chance.between(330, 900), { ...entry, kind: chance.yes(0.5) ? 'peek' : 'get' })
  return after
}
