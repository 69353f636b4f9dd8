import { OWNED } from '../application/entries.ts'
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
    else draft.read(when, { ...target, process, visitor })
  }
  if (chance.yes(0.3)) draft.change(at + chance.spread(10, 300), { ...target, process: draft.process(), visitor })
  return 100
}

/** Another program changes a row that processes hold in memory; they look again until well after the bound. */
export function foreign(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const { name, row } = target
  if (OWNED.includes(name)) return 0
  if (chance.yes(0.6)) draft.read(at - chance.spread(1, 60), { ...target, process: victim }, 0)
  draft.add(at, { kind: 'foreign', name, row })
  for (let count = chance.whole(1, 5); count > 0; count--) {
    const process = chance.yes(0.7) ? victim : draft.process()
    const when = at + (chance.yes(0.5) ? chance.spread(0.5, 30) : chance.spread(200, 900))
    if (chance.yes(0.4)) draft.add(when, { ...target, process, kind: chance.yes(0.5) ? 'peek' : 'get' })
    else draft.read(when, { ...target, process })
  }
  return 60
}
