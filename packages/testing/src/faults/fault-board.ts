import type { Direction, ProxiedConnection } from './fault-plan.ts'
import type { InjectedFault } from './injected-fault.ts'

/** The faults of one proxy, as its connections see them. */
export class FaultBoard {
  readonly #faults = new Set<InjectedFault>()
  readonly #watchers = new Set<() => void>()

  /** The faults that are waiting or active, in the order they were injected. */
  get faults(): readonly InjectedFault[] {
    return [...this.#faults]
  }

  /** Puts a fault up. */
  add(fault: InjectedFault): void {
    this.#faults.add(fault)
  }

  /** Takes faults that are over down, and tells every watcher that something changed. */
  changed(): void {
    for (const fault of this.#faults) if (fault.state === 'over') this.#faults.delete(fault)
    for (const watcher of [...this.#watchers]) watcher()
  }

  /** Calls `watcher` after each change until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** The faults that disturb this direction of this connection now. */
  disturbing(connection: ProxiedConnection, direction: Direction): InjectedFault[] {
    if (this.#faults.size === 0) return []
    return [...this.#faults].filter((fault) => fault.disturbs(connection, direction))
  }

  /** Takes note of a command or reply that passed. */
  passed(unit: 'commands' | 'replies', connection: ProxiedConnection): void {
    for (const fault of this.#faults) fault.passed(unit, connection)
  }
}
