import { ROWS } from '../application/entries.ts'
import type { Draft, Strike } from './draft.ts'

/** A wire changes the length of a list, or a digit of a message, while a process reads several rows that others have loaded and change. */
export function damaged(draft: Draft, { at, victim }: Strike): number {
  const { chance } = draft
  const name = chance.pick(['row', 'row', 'large'] as const)
  const other = draft.other(victim)
  for (let row = 0; row < ROWS; row++) draft.read(at - chance.between(30, 60), { name, row, process: other }, 0)
  for (let count = chance.whole(1, 3); count > 0; count--) {
    const isMessage = chance.yes(0.3)
    const what = isMessage ? 'message' : { list: chance.yes(0.7) ? 0 : chance.whole(1, 4), bit: chance.whole(0, 2) }
    const when = at + chance.spread(0.1, 150)
    draft.add(when, { kind: 'damage', process: victim, what })
    // What is asked at about the same time gets the answers that are misplaced.
    for (let change = isMessage ? 0 : chance.whole(0, 4); change > 0; change--)
      draft.change(when + chance.between(0, 2), { name, row: chance.whole(0, ROWS - 1), process: victim })
  }
  if (chance.yes(0.3)) misreadHello(draft, at + chance.between(5, 100), { name, process: victim })
  for (let read = chance.whole(8, 20); read > 0; read--)
    draft.read(at + chance.between(0, 160), { name, row: chance.whole(0, ROWS - 1), process: victim }, 0)
  for (let change = chance.whole(1, 4); change > 0; change--)
    draft.change(at + chance.between(0, 160), { name, row: chance.whole(0, ROWS - 1), process: draft.process() })
  for (let look = chance.whole(3, 6); look > 0; look--)
    draft.add(at + chance.between(170, 900), {
      name,
      row: chance.whole(0, ROWS - 1),
      process: victim,
      kind: chance.yes(0.5) ? 'peek' : 'get',
    })
  return 200
}

/** A connection ends, something is invalidated by tag before there is another, and what that one learns says another digit. */
function misreadHello(draft: Draft, at: number, { name, process }: { name: 'row' | 'large'; process: number }): void {
  const { chance } = draft
  const entry = { name, row: chance.whole(0, ROWS - 1) }
  draft.add(at, { kind: 'damage', process, what: 'sealed' })
  draft.add(at + 0.1, { kind: 'cut', process, role: 'data', late: 'lost' })
  draft.add(at + chance.between(0.2, 15), {
    ...entry,
    process: draft.other(process),
    kind: 'write',
    reach: 'row',
    gap: 0,
  })
  for (let look = chance.whole(2, 4); look > 0; look--)
    draft.add(at + chance.between(25, 200), { ...entry, process, kind: 'get' })
}

/**
 * A set is on its way on a connection that has ended, and what its process does next to the key gets there first. It is executed
 * last, and everybody looks at once.
 */
export function unsettled(draft: Draft, { at, target }: Strike): number {
  const { chance } = draft
  const row = ROWS + (target.row % 2)
  const entry = { name: 'owned', row, process: row % draft.processes } as const
  const late = chance.between(34, 54)
  draft.add(at, { ...entry, kind: 'set' })
  const cutAt = at + chance.between(0.2, 2)
  draft.add(cutAt, { kind: 'cut', process: entry.process, role: 'data', late })
  const next = at + chance.between(18, 38)
  if (chance.yes(0.5)) draft.add(next, { ...entry, kind: 'put', load: { before: 0, after: 0, fails: false } })
  else draft.add(next, { ...entry, kind: 'write', reach: 'key', gap: 0 })
  for (let look = chance.whole(4, 10); look > 0; look--)
    draft.add(cutAt + late + chance.between(0.2, 25), { ...entry, process: draft.process(), kind: 'get' })
  return 100
}

/** A process that seldom looks at its sockets loses its connections, and has something to tell. */
export function busy(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  draft.add(at, { kind: 'busy', process: victim, every: chance.between(35, 70) })
  draft.add(at + chance.between(1, 200), { kind: 'cut', process: victim, role: 'data', late: 'lost' })
  for (let count = chance.whole(1, 3); count > 0; count--)
    draft.change(at + chance.between(1, 400), { ...target, process: victim })
  return 400
}
