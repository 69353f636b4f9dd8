import { Chance } from '../../simulation/chance.ts'
import type { Skew } from '../../simulation/process-clock.ts'
import { Draft } from './draft.ts'
import { FAULTS, type Fault } from './faults.ts'
import { MODES, type Mode } from './modes.ts'
import type { At, Schedule, Topology } from './schedule.ts'
import { foreign, visit } from './strangers.ts'
import { takeover } from './takeover-recipes.ts'

/** What a schedule is to be about; everything left out is drawn. */
export interface Focus {
  readonly fault?: Fault | undefined
  readonly mode?: Mode | undefined
  /** How Redis is arranged: slots of a cluster move, sentinels replace masters. Default: one server. */
  readonly topology?: Topology | undefined
}

/** The schedule of a seed. */
export function generate(seed: number, { fault, mode = modeOf(seed), topology = 'single' }: Focus = {}): Schedule {
  const chance = new Chance(seed, 7)
  const count = chance.weighted({ two: 3, three: 2 }) === 'two' ? 2 : 3
  const processes = Array.from({ length: count }, () => skewOf(chance))
  const draft = new Draft(chance, { processes: count, mode, topology })
  const scenes = chance.whole(1, 4)
  let at = chance.yes(0.85) ? chance.between(20, 120) : chance.between(0, 10)
  const calm = fault === undefined && chance.yes(0.25)
  for (let scene = 0; scene < scenes; scene++)
    at = playScene(draft, at, calm ? undefined : (fault ?? chance.weighted(FAULT_WEIGHTS)))
  return { seed, mode, processes, steps: draft.steps.toSorted((a, b) => a.at - b.at) }
}

const FAULT_WEIGHTS = Object.fromEntries(Object.entries(FAULTS).map(([name, { weight }]) => [name, weight])) as Record<
  Fault,
  number
>

const MODE_WEIGHTS = Object.fromEntries(Object.entries(MODES).map(([mode, { weight }]) => [mode, weight])) as Record<
  Mode,
  number
>

/** Drawn from a chance of its own, so that another mode changes no other schedule. */
const modeOf = (seed: number): Mode => new Chance(seed, 11).weighted(MODE_WEIGHTS)

/** Warm up, disturb, race, look again. */
function playScene(draft: Draft, start: number, fault: Fault | undefined): number {
  const { chance } = draft
  const target = draft.target()
  const victim = draft.process()
  const at = (where = draft.process()): At => ({ ...target, process: where })
  let now = start
  if (chance.yes(0.7)) {
    draft.read(now, at(victim), 0)
    if (chance.yes(0.4)) draft.read(now + 1, at(draft.other(victim)), 0)
    now += chance.yes(0.5) ? chance.spread(3, 60) : chance.spread(50, 700)
  }
  const length = fault === undefined ? 0 : FAULTS[fault].apply(draft, { at: now, victim, target })
  const spread = chance.yes(0.5) ? chance.spread(0.5, 8) : chance.spread(8, Math.max(20, length))
  const actions = chance.whole(2, 6)
  for (let count = 0; count < actions; count++) {
    const when = now + chance.next() * spread
    const where = at(chance.yes(0.5) ? victim : draft.process())
    if (chance.yes(0.45)) draft.change(when, where)
    else if (chance.yes(0.12)) draft.batch(when, where)
    else draft.read(when, where)
  }
  draft.change(now + chance.next() * spread, at(chance.yes(0.5) ? draft.other(victim) : victim))
  if (draft.topology === 'cluster' && chance.yes(0.4))
    draft.add(now + chance.next() * spread, { kind: 'move-slot', name: target.name, row: target.row })
  if (draft.topology === 'sentinel' && chance.yes(0.4))
    takeover(draft, { at: now + chance.next() * spread, victim, target })
  if (chance.yes(0.3)) visit(draft, { at: now + chance.next() * spread, victim, target })
  if (MODES[draft.mode].hearsOthers && chance.yes(0.7))
    foreign(draft, { at: now + chance.next() * spread, victim, target })
  for (let count = chance.whole(1, 5); count > 0; count--) {
    const when =
      now + spread * chance.next() + (chance.yes(0.5) ? chance.spread(1, 20) : chance.spread(10, length + 400))
    const where = at(chance.yes(0.6) ? victim : draft.process())
    if (chance.yes(0.2)) draft.add(when, { ...where, kind: chance.yes(0.5) ? 'peek' : 'get' })
    else draft.read(when, where)
  }
  return (
    now + Math.max(spread, length * chance.next()) + (chance.yes(0.6) ? chance.spread(5, 80) : chance.spread(80, 800))
  )
}

/** Monotonic clocks start anywhere and drift a little; wall clocks are wrong by any amount. */
function skewOf(chance: Chance): Skew {
  return {
    zero: chance.spread(1, 1e9),
    rate: chance.yes(0.5) ? 1 : chance.between(0.9995, 1.0005),
    wall: chance.yes(0.3) ? 0 : chance.between(-1e8, 1e8),
  }
}
