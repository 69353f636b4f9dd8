import type { Chance } from '../../simulation/chance.ts'
import { OWNED, ROWS } from '../application/entries.ts'
import type { Mode } from './modes.ts'
import type { Action, At, EntryName, LoadPlan, Step, Topology } from './schedule.ts'

/** Draws the actions of a schedule: what happens at about the same time is what races. */
export class Draft {
  readonly chance: Chance
  readonly processes: number
  readonly mode: Mode
  readonly topology: Topology
  readonly steps: Step[] = []
  #visitors = 0

  constructor(chance: Chance, { processes, mode, topology }: Pick<Draft, 'processes' | 'mode' | 'topology'>) {
    this.chance = chance
    this.processes = processes
    this.mode = mode
    this.topology = topology
  }

  /** Somebody who has not been here before. */
  visitor(): number {
    return this.#visitors++
  }

  add(at: number, action: Action): void {
    this.steps.push({ at: Math.max(5, at), action })
  }

  process(): number {
    return this.chance.whole(0, this.processes - 1)
  }

  other(than: number): number {
    return (than + this.chance.whole(1, this.processes - 1)) % this.processes
  }

  load(fails = 0.08): LoadPlan {
    const { chance } = this
    const total = chance.yes(0.5) ? chance.spread(1, 40) : chance.spread(20, 600)
    const before = total * chance.next()
    return { before, after: total - before, fails: chance.yes(fails) }
  }

  read(at: number, where: At, fails?: number): void {
    this.add(at, { ...where, kind: this.chance.yes(0.04) ? 'refresh' : 'read', load: this.load(fails) })
  }

  /** Several rows of a name at once, the one in question among them. */
  batch(at: number, { name, row, ...where }: At): void {
    const rows = OWNED.includes(name) ? [ROWS, ROWS + 1] : [0, 1, 2]
    const some = this.chance.yes(0.5) ? rows : [row, ...rows.filter((each) => each !== row)].slice(0, 2)
    this.add(at, { ...where, kind: 'batch', name, rows: some, load: this.load() })
  }

  /** A change of the row in whatever way its name allows. */
  change(at: number, where: At): void {
    const { chance } = this
    const { name, row } = where
    if (OWNED.includes(name)) {
      if (chance.yes(0.7)) this.add(at, { ...where, process: ownerOf(row, this.processes), kind: 'set' })
      else if (chance.yes(0.5))
        this.add(at, { ...where, process: ownerOf(row, this.processes), kind: 'write', reach: 'key', gap: 0 })
      else this.read(at, where)
    } else if (chance.yes(0.2)) {
      this.add(at, { ...where, kind: 'put', load: this.load() })
    } else {
      const reach = chance.weighted({ key: 6, row: 4, group: 2, name: 1.5, namespace: 0.7 })
      this.add(at, { ...where, kind: 'write', reach, gap: chance.yes(0.6) ? 0 : chance.spread(0.5, 30) })
    }
  }

  /** An entry that several processes will fight over. */
  target(): Omit<At, 'process'> {
    const name: EntryName = this.chance.weighted({
      row: 8,
      brief: 3,
      soft: 2,
      strict: 2,
      large: 1,
      owned: 2.5,
      ledger: 1,
    })
    return OWNED.includes(name)
      ? { name, row: ROWS + this.chance.whole(0, 1) }
      : { name, row: this.chance.whole(0, ROWS - 1) }
  }
}

/** Owned rows are changed by one process only, so that `set` is always the latest truth. */
function ownerOf(row: number, processes: number): number {
  return row % processes
}

/** Where a fault strikes. */
export interface Strike {
  readonly at: number
  /** The process that suffers, where the fault is not the server's. */
  readonly victim: number
  readonly target: Omit<At, 'process'>
}
