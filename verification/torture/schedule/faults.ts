import type { Place } from '../../simulation/network.ts'
import { busy, damaged, unsettled } from './broken-recipes.ts'
import type { Draft, Strike } from './draft.ts'
import { lateRenewal, newLife, suspended, unleased } from './lease-recipes.ts'
import { MODES } from './modes.ts'
import { aged, joiners, loadAcross, overtaken, rivals, setAndDelete, waiters } from './race-recipes.ts'
import { cutAfter, deferral, failingLoads, failover, lateSet, manyTags, splitLanes, unevenClock } from './recipes.ts'
import { foreign, outrun, unheard, witness } from './strangers.ts'

interface FaultRecipe {
  /** 0: only when it is asked for. */
  readonly weight: number
  /** Adds the fault's actions; answers how long it lasts. */
  readonly apply: (draft: Draft, strike: Strike) => number
}

/** What can go wrong, and how often it is chosen. */
export type Fault =
  | 'nothing'
  | 'slow-replies'
  | 'slow-commands'
  | 'slow-bus'
  | 'lost-message'
  | 'silent-bus'
  | 'partition'
  | 'cut'
  | 'cut-after'
  | 'pause'
  | 'hang'
  | 'restart'
  | 'failover'
  | 'metadata'
  | 'flush'
  | 'full'
  | 'crash'
  | 'deferral'
  | 'failing-loads'
  | 'split-lanes'
  | 'uneven-clock'
  | 'many-tags'
  | 'late-set'
  | 'new-life'
  | 'late-renewal'
  | 'outrun'
  | 'witness'
  | 'stranger'
  | 'unheard'
  | 'aged'
  | 'overtaken'
  | 'load-across'
  | 'joiners'
  | 'set-and-delete'
  | 'rivals'
  | 'waiters'
  | 'unleased'
  | 'suspended'
  | 'damaged'
  | 'busy'
  | 'unsettled'
  | 'mixed'

const length = ({ chance }: Draft) => (chance.yes(0.5) ? chance.spread(5, 80) : chance.spread(60, 1_200))

/** Wait times of an entry under load are bounded by the budget: delays of a fraction of it hurt most. */
const slowness = ({ chance }: Draft) => (chance.yes(0.7) ? chance.spread(1, 50) : chance.spread(40, 400))

/** The recipes by name. */
export const FAULTS: Readonly<Record<Fault, FaultRecipe>> = {
  nothing: { weight: 1, apply: () => 0 },
  'slow-replies': {
    weight: 3,
    apply: (draft, { at, victim }) => slow(draft, at, { process: victim, direction: 'down', ...roleOf(draft, 'data') }),
  },
  'slow-commands': {
    weight: 3,
    apply: (draft, { at, victim }) => slow(draft, at, { process: victim, direction: 'up', ...roleOf(draft, 'data') }),
  },
  'slow-bus': {
    weight: 3,
    apply: (draft, { at, victim }) => slow(draft, at, { process: victim, direction: 'down', role: 'subscriber' }),
  },
  'lost-message': {
    weight: 2,
    apply: (draft, { at, victim }) => {
      draft.add(at, { kind: 'drop', process: victim, count: draft.chance.whole(1, 3) })
      return draft.chance.spread(20, 900)
    },
  },
  'silent-bus': {
    weight: 2,
    apply: (draft, { at, victim }) => hold(draft, at, { process: victim, role: 'subscriber', direction: 'down' }),
  },
  partition: { weight: 3, apply: (draft, { at, victim }) => hold(draft, at, partitionOf(draft, victim)) },
  cut: {
    weight: 3,
    apply: (draft, { at, victim }) => {
      const { chance } = draft
      for (let count = chance.whole(0, 3); count > 0; count--) {
        const late = chance.yes(0.4) ? 'lost' : chance.spread(0.5, 400)
        draft.add(at + chance.spread(0.2, 20), {
          kind: 'cut',
          process: victim,
          role: chance.pick(['data', 'data', 'bulk', 'subscriber']),
          late,
        })
      }
      return chance.spread(10, 300)
    },
  },
  'cut-after': {
    weight: 2,
    apply: (draft, strike) => {
      cutAfter(draft, strike)
      return draft.chance.spread(10, 300)
    },
  },
  pause: {
    weight: 3,
    apply: (draft, { at, victim }) => {
      const { chance } = draft
      const time = chance.yes(0.6) ? chance.spread(280, 1_500) : chance.spread(5, 300)
      draft.add(at, { kind: 'pause', process: victim, for: time, timersFirst: chance.yes(0.6) })
      return time
    },
  },
  hang: {
    weight: 2,
    apply: (draft, { at }) => {
      const time = length(draft)
      draft.add(at, { kind: 'hang', for: time })
      return time
    },
  },
  restart: { weight: 2, apply: restart },
  failover: { weight: 1, apply: failover },
  metadata: {
    weight: 2,
    apply: (draft, { at }) => {
      const { chance } = draft
      const evictions = chance.whole(1, 2)
      const members = draft.mode === 'acknowledged' ? (['members', 'members'] as const) : []
      for (let count = 0; count < evictions; count++) {
        draft.add(at + chance.spread(0.5, 100), {
          kind: 'evict',
          what: chance.pick(['clock', 'tags', 'tags', 'frames', ...members]),
        })
      }
      return 100
    },
  },
  flush: {
    weight: 1,
    apply: (draft, { at }) => {
      draft.add(at + draft.chance.spread(0.5, 100), { kind: 'evict', what: 'everything' })
      if (draft.chance.yes(0.3)) draft.add(at, { kind: 'forget-scripts' })
      return 100
    },
  },
  full: {
    weight: 1,
    apply: (draft, { at }) => {
      const time = length(draft)
      draft.add(at, { kind: 'full', for: time })
      return time
    },
  },
  crash: {
    weight: 1,
    apply: (draft, { at, victim }) => {
      draft.add(at + draft.chance.spread(0.5, 100), { kind: 'crash', process: victim })
      return 120
    },
  },
  deferral: { weight: 1.5, apply: deferral },
  'failing-loads': { weight: 0.5, apply: failingLoads },
  'split-lanes': { weight: 0.7, apply: splitLanes },
  'uneven-clock': { weight: 0.7, apply: unevenClock },
  'many-tags': { weight: 0.5, apply: manyTags },
  'late-set': { weight: 0.5, apply: lateSet },
  'new-life': { weight: 0.7, apply: newLife },
  'late-renewal': { weight: 0.7, apply: lateRenewal },
  stranger: { weight: 0.3, apply: ofOthers(foreign) },
  unheard: { weight: 0.3, apply: ofOthers(unheard) },
  aged: { weight: 0.3, apply: aged },
  overtaken: { weight: 0.5, apply: overtaken },
  suspended: { weight: 0.5, apply: (draft, strike) => (MODES[draft.mode].mayLag ? 0 : suspended(draft, strike)) },
  unleased: { weight: 0.5, apply: unleased },
  joiners: { weight: 0.5, apply: joiners },
  'set-and-delete': { weight: 0.4, apply: setAndDelete },
  rivals: { weight: 0.3, apply: rivals },
  waiters: { weight: 0.3, apply: waiters },
  'load-across': { weight: 0.5, apply: loadAcross },
  outrun: { weight: 0.7, apply: outrun },
  witness: { weight: 0.4, apply: witness },
  damaged: { weight: 0, apply: damaged },
  busy: { weight: 0, apply: busy },
  unsettled: { weight: 0, apply: unsettled },
  mixed: {
    weight: 3,
    apply: (draft, strike) => {
      const names = (Object.keys(FAULTS) as Fault[]).filter((name) => name !== 'mixed' && FAULTS[name].weight > 0)
      const both = [draft.chance.pick(names), draft.chance.pick(names)]
      return Math.max(
        ...both.map((name) => FAULTS[name].apply(draft, { ...strike, at: strike.at + draft.chance.spread(0.1, 100) })),
      )
    },
  },
}

/** Other programs matter only where memory hears of them. */
function ofOthers(apply: FaultRecipe['apply']): FaultRecipe['apply'] {
  return (draft, strike) => (MODES[draft.mode].hearsOthers ? apply(draft, strike) : 0)
}

function roleOf({ chance }: Draft, role: 'data'): Place {
  return chance.yes(0.5) ? { role } : {}
}

function slow(draft: Draft, at: number, place: Place): number {
  const time = length(draft)
  draft.add(at, { ...place, kind: 'delay', for: time, delay: slowness(draft) })
  return time
}

function hold(draft: Draft, at: number, place: Place): number {
  const time = length(draft)
  draft.add(at, { ...place, kind: 'hold', for: time })
  return time
}

function partitionOf({ chance }: Draft, process: number): Place {
  return chance.pick<Place>([
    { process },
    { process, direction: 'up' },
    { process, direction: 'down' },
    { process, role: 'data' },
    { process, role: 'bulk' },
  ])
}

function restart(draft: Draft, { at }: Strike): number {
  const { chance } = draft
  const down = chance.yes(0.5) ? 0 : chance.spread(5, 500)
  draft.add(at - chance.spread(5, 100), { kind: 'save' })
  draft.add(at + chance.spread(0.5, 100), { kind: 'restart', data: chance.yes(0.7) ? 'old' : 'empty', down })
  return 100 + down
}
