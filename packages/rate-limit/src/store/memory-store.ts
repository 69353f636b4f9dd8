/** Subjects in this process alone: the whole store without Redis. */
import type { Clock } from '@granary/core'
import { applyOperation, type Operation } from '../rule/operation.ts'
import { fromUnixMs } from '../rule/server-clock.ts'
import { forgettableAt, type SubjectState, unknownSubject } from '../rule/subject.ts'
import type { Micros } from '../rule/verdict.ts'
import { ExpiringMap } from './expiring-map.ts'
import type { Decided, Store, Target } from './store.ts'

/** Bounds of a {@link MemoryStore}. */
export interface MemoryStoreOptions {
  readonly clock: Clock
  readonly maxSubjects: number
}

/** Applies operations with the pure functions, at the process's own time. */
export class MemoryStore implements Store {
  readonly #subjects: ExpiringMap<SubjectState>
  readonly #clock: Clock
  /** What turns the monotonic clock into the stored form of time; taken once, so that time never jumps. */
  readonly #zero: Micros

  constructor({ clock, maxSubjects }: MemoryStoreOptions) {
    this.#clock = clock
    this.#subjects = new ExpiringMap({ clock, capacity: maxSubjects })
    this.#zero = Math.max(fromUnixMs(clock.wall()), 1) - Math.floor(clock.now() * 1000)
  }

  /** Subjects held. */
  get size(): number {
    return this.#subjects.size
  }

  apply(target: Target, operation: Operation): Decided {
    const { key, set } = target
    const nowMs = this.#clock.now()
    const at = this.#zero + Math.floor(nowMs * 1000)
    const before = this.#subjects.get(key) ?? unknownSubject(set)
    const { subject, outcome } = applyOperation(set, before, at, operation)
    if (subject !== before) this.#subjects.set(key, subject, nowMs + (forgettableAt(set, subject) - outcome.now) / 1000)
    return { outcome, source: 'memory' }
  }

  /** Forgets everything. */
  close(): void {
    this.#subjects.clear()
  }
}
