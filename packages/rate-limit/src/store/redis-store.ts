/**
 * Subjects in Redis, decided by the script. One round trip per operation, except where this process has to tell the server
 * something first: what it has used, when data was lost; which day it is, when the calendar has turned.
 */
import type { Clock } from '@granary/core'
import type { Operation, Outcome } from '../rule/operation.ts'
import { fromUnixMs } from '../rule/server-clock.ts'
import type { Micros } from '../rule/verdict.ts'
import { DONE, OUTSIDE_PERIOD, REBORN, type Reply, readReply } from '../script/reply.ts'
import { readOutcome, writeRequest } from '../script/request.ts'
import { ExpiringMap } from './expiring-map.ts'
import type { Line } from './link.ts'
import { addCharges, newShare, type OwnShare, ownUnits, renewOwn, settleOwn, shareSpentAt } from './own-share.ts'
import type { Target } from './store.ts'
import { StoreFailure } from './store-failure.ts'

/** What a {@link RedisStore} needs. */
export interface RedisStoreOptions {
  readonly clock: Clock
  /** Subjects whose own share is remembered. */
  readonly maxSubjects: number
}

/** As often as a call may have to be repeated: once for data that was lost, once for the calendar, and once for bad luck. */
const MOST_ATTEMPTS = 5
/** Milliseconds. */
const DEADLINE_STEP = 5

interface Sending {
  readonly birth: number
  readonly onLate: ((outcome: Outcome) => void) | undefined
}

const ANY_BIRTH: Sending = { birth: 0, onLate: undefined }

/** Applies operations to subjects in Redis, and remembers what this process did to them. */
export class RedisStore {
  readonly #clock: Clock
  readonly #shares: ExpiringMap<OwnShare>
  /** The server's time is the process's plus this, as far as was heard. */
  #zero: Micros

  constructor({ clock, maxSubjects }: RedisStoreOptions) {
    this.#clock = clock
    this.#shares = new ExpiringMap({ clock, capacity: maxSubjects })
    this.#zero = fromUnixMs(clock.wall()) - clock.now() * 1000
  }

  /** The server's time now, as far as it is known. */
  get near(): Micros {
    return Math.floor(this.#zero + this.#clock.now() * 1000)
  }

  /** What this process knows of a subject. */
  shareOf(key: string): OwnShare | undefined {
    return this.#shares.get(key)
  }

  /** The share's own time now. */
  timeOf(share: OwnShare): Micros {
    return share.now + Math.floor((this.#clock.now() - share.at) * 1000)
  }

  /** Applies an operation; rejects with {@link StoreFailure}. `onLate` is told of an outcome that came after the deadline. */
  async apply(line: Line, target: Target, operation: Operation, onLate?: (outcome: Outcome) => void): Promise<Outcome> {
    const due = this.#clock.now() + target.deadline
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      let share = this.#shares.get(target.key)
      if (share !== undefined && share.birth !== 0 && share.epoch !== line.epoch) {
        await this.#restore(line, this.#until(target, due, attempt), share)
        share = this.#shares.get(target.key)
        attempt += 1
      }
      const timed = this.#until(target, due, attempt)
      const reply = await this.#send(line, timed, operation, { birth: share?.birth ?? 0, onLate })
      if (reply.code === REBORN) await this.#lost(line, this.#until(target, due, attempt + 1), reply)
      else if (reply.code !== OUTSIDE_PERIOD) return this.#learn(line, target, operation, reply)
    }
    throw new StoreFailure('error', new Error('The subject changes faster than it can be read.'))
  }

  /** The target with what is left of its deadline, in steps: equal deadlines share a timer. */
  #until(target: Target, due: number, attempt: number): Target {
    if (attempt === 0) return target
    const left = due - this.#clock.now()
    if (left <= 0) throw new StoreFailure('deadline')
    return { ...target, deadline: Math.ceil(left / DEADLINE_STEP) * DEADLINE_STEP }
  }

  /** Forgets a subject, here and in Redis. */
  async reset(line: Line, { key, deadline }: Target): Promise<void> {
    this.#shares.delete(key)
    await line.call('DEL', [key], { deadline })
  }

  /** Forgets what this process knows. */
  close(): void {
    this.#shares.clear()
  }

  async #send(line: Line, target: Target, operation: Operation, { birth, onLate }: Sending): Promise<Reply> {
    const { key, set, script, planned, deadline } = target
    const args = writeRequest(operation, {
      set,
      planned,
      birth: operation.kind === 'settle' ? 0 : birth,
      near: this.near,
    })
    args.unshift(script.sha, 1, key)
    const options =
      onLate === undefined
        ? { deadline }
        : { deadline, onLate: (bytes: unknown) => this.#late(line, target, operation, { bytes, onLate }) }
    let bytes: unknown
    try {
      bytes = await line.call('EVALSHA', args, options)
    } catch (error) {
      if (!(error instanceof StoreFailure) || error.reason !== 'noscript') throw error
      bytes = await line.call('EVAL', [script.text, ...args.slice(1)], options)
    }
    return this.#read(bytes)
  }

  #read(bytes: unknown): Reply {
    const reply = readReply(bytes as Buffer)
    // A reply that was long on its way says nothing of value about the time: only readings ahead of ours count.
    const zero = reply.now - this.#clock.now() * 1000
    if (zero > this.#zero || reply.code === OUTSIDE_PERIOD) this.#zero = zero
    return reply
  }

  #late(
    line: Line,
    target: Target,
    operation: Operation,
    { bytes, onLate }: { bytes: unknown; onLate: (outcome: Outcome) => void },
  ): void {
    const reply = this.#read(bytes)
    if (reply.code === DONE) onLate(this.#learn(line, target, operation, reply))
  }

  /** The subject in Redis is another one than the share was charged to: the first caller to notice tells what is missing. */
  async #lost(line: Line, target: Target, reply: Reply): Promise<void> {
    const share = this.#shares.get(target.key)
    if (share !== undefined && share.birth !== reply.birth) await this.#restore(line, target, share)
  }

  #restore(line: Line, target: Target, share: OwnShare): Promise<void> {
    share.restoring ??= this.#remind(line, target, share).finally(() => {
      share.restoring = undefined
    })
    return share.restoring
  }

  async #remind(line: Line, target: Target, share: OwnShare): Promise<void> {
    const costs = ownUnits(target.set, share, this.timeOf(share))
    if (costs.every((cost) => cost === 0)) {
      this.#shares.delete(target.key)
      return
    }
    const reply = await this.#send(line, target, { kind: 'restore', costs, birth: share.birth }, ANY_BIRTH)
    if (reply.code === OUTSIDE_PERIOD) return
    const isAnother = share.birth !== reply.birth
    share.birth = reply.birth
    share.epoch = line.epoch
    if (!isAnother) return
    for (const lease of share.held.keys()) await this.#send(line, target, { kind: 'renew', lease }, ANY_BIRTH)
  }

  #learn(line: Line, target: Target, operation: Operation, reply: Reply): Outcome {
    const outcome = readOutcome(reply, operation)
    const isCharge = operation.kind === 'check' || operation.kind === 'reserve' || operation.kind === 'debit'
    let share = this.#shares.get(target.key)
    if (share === undefined) {
      if (!isCharge || !outcome.done) return outcome
      share = newShare(target.set)
    }
    const { set } = target
    if (outcome.done) {
      if (isCharge) {
        addCharges(set, share, reply.now, {
          costs: operation.costs,
          lease: 'lease' in operation ? operation.lease : undefined,
        })
        share.birth = reply.birth
        share.epoch = line.epoch
      } else if (operation.kind === 'settle') settleOwn(set, share, reply.now, operation)
      else if (operation.kind === 'renew') renewOwn(set, share, reply.now, operation.lease)
    }
    share.now = reply.now
    share.at = this.#clock.now()
    if (outcome.standings.length > 0) share.standings = outcome.standings
    const left = (shareSpentAt(set, share) - reply.now) / 1000
    this.#shares.set(target.key, share, share.at + left)
    return outcome
  }
}
