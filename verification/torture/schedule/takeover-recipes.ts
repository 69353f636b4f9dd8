import type { Draft, Strike } from './draft.ts'

/** How long sentinels take to notice that a master is gone and to replace it, in milliseconds: it takes them 2 to 4 s. */
const TAKEOVER = 4_500
/** So long after the takeover nobody should talk to the one that was stopped any more: attempts to connect end after 1 s. */
const LEFT = 1_200

/**
 * A master is replaced, while everybody goes on until well after it. One that was only stopped wakes when nobody should talk to
 * it any more; one that was well goes on for a while, too.
 */
export function takeover(draft: Draft, { at, victim, target }: Strike): number {
  const { chance } = draft
  const fate = chance.weighted({ killed: 3, stopped: 3, well: 1 })
  if (fate === 'killed') draft.add(at, { kind: 'promote' })
  else if (fate === 'stopped')
    draft.add(at, { kind: 'depose', wakes: chance.yes(0.7) ? chance.between(LEFT, 2 * LEFT) : chance.spread(5, LEFT) })
  else draft.add(at, { kind: 'hand-over' })
  const actions = chance.whole(6, 14)
  for (let count = 0; count < actions; count++) {
    const when = at + chance.between(5, TAKEOVER)
    const where = { ...target, process: chance.yes(0.5) ? victim : draft.process() }
    if (chance.yes(0.4)) draft.change(when, where)
    else if (chance.yes(0.12)) draft.batch(when, where)
    else draft.read(when, where)
  }
  // Whoever was away itself meanwhile knows least of it.
  if (chance.yes(0.15))
    draft.add(at + chance.between(0, 500), {
      kind: 'pause',
      process: victim,
      for: chance.between(1_000, TAKEOVER),
      timersFirst: true,
    })
  for (let process = 0; process < draft.processes; process++)
    draft.add(at + TAKEOVER + chance.between(0, 2 * LEFT), {
      ...target,
      process,
      kind: chance.yes(0.5) ? 'get' : 'peek',
    })
  return TAKEOVER
}
