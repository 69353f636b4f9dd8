import { ROWS } from '../application/entries.ts'
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

/** Callers join a load while what it loads is invalidated by tag, once or twice, before it says which tags it has. */
export function joiners(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const entry = { name: chance.pick(['row', 'brief', 'large'] as const), row: target.row % ROWS, process: victim }
  const load = { before: chance.spread(0.1, 2), after: chance.between(40, 250), fails: false }
  draft.add(at, { ...entry, kind: 'refresh', load })
  const writers = chance.whole(1, 2)
  for (let count = 0; count < writers; count++) {
    const reach = chance.pick(['row', 'group'] as const)
    const process = chance.yes(0.7) ? victim : draft.process()
    draft.add(at + chance.between(6, 60), { ...entry, process, kind: 'write', reach, gap: 0 })
  }
  for (let read = chance.whole(3, 8); read > 0; read--) draft.read(at + chance.between(8, load.after), entry, 0)
  return load.after
}

/** Several processes write one entry through at about the same time; then everybody looks. */
export function rivals(draft: Draft, { at, target }: Strike): number {
  const { chance } = draft
  const entry = { name: chance.pick(['row', 'large'] as const), row: target.row % ROWS }
  for (let process = 0; process < draft.processes; process++)
    if (process < 2 || chance.yes(0.5))
      draft.add(at + chance.spread(0.1, 30), { ...entry, process, kind: 'put', load: draft.load(0) })
  for (let read = chance.whole(2, 5); read > 0; read--)
    draft.read(at + chance.between(300, 1_500), { ...entry, process: draft.process() }, 0)
  return 100
}

/** Nothing is wrong: one process loads for long, and others wait for the value. */
export function waiters(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const names = (['row', 'large', 'brief'] as const).filter((name) => name !== target.name)
  const entry = { name: chance.pick(names), row: (target.row + 1) % ROWS }
  const time = chance.between(60, 450)
  const load = { before: time / 2, after: time / 2, fails: false }
  draft.add(at, { ...entry, process: victim, kind: 'read', load })
  for (let read = chance.whole(1, 4); read > 0; read--)
    draft.read(at + chance.between(4, time), { ...entry, process: draft.other(victim) }, 0)
  return 0
}

/** A process stores a large value, which travels slowly, and invalidates it at once without waiting for that. */
export function setAndDelete(draft: Draft, { at, target }: Strike): number {
  const { chance } = draft
  const row = ROWS + (target.row % 2)
  const entry = { name: chance.pick(['ledger', 'ledger', 'owned'] as const), row, process: row % draft.processes }
  draft.add(at - 60, { ...entry, kind: 'set' })
  draft.add(at - 1, {
    kind: 'delay',
    process: entry.process,
    role: entry.name === 'ledger' ? 'bulk' : 'data',
    direction: 'up',
    for: 5,
    delay: chance.between(3, 45),
  })
  draft.add(at, { ...entry, kind: 'set' })
  draft.add(at + chance.spread(0.1, 3), { ...entry, kind: 'write', reach: 'key', gap: 0 })
  for (let read = chance.whole(2, 4); read > 0; read--)
    draft.read(at + chance.between(60, 300), { ...entry, process: draft.process() }, 0)
  return 60
}
