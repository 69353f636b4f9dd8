/**
 * Subjects in Redis, decided by the script. One round trip per operation, except where this process has to tell the server
 * something first: what it has used, when data was lost; which day it is, when the calendar has turned.
 */
import type { Clock } from '@granary/core'
import type { Operation, Outcome } from '../rule/operation.ts'
import { fromUnixMs } from '../rule/server-clock.ts'
import type { Micros } from '../rule/verdict.ts'
import { DONE, OUTSIDE_PERIOD, REBORN, RESET, type Reply, readReply } from '../script/reply.ts'
import { answers, readOutcome, writeRequest } from '../script/request.ts'
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
  /** Told of an operation that Redis has done, after the deadline at which its caller went away. */
  readonly onLate: (operation: Operation) => void
}

/** As often as a call may have to be repeated: once for data that was lost, once for the calendar, and once for bad luck. */
const MOST_ATTEMPTS = 5
/** Milliseconds. */
const DEADLINE_STEP = 5

/** Applies operations to subjects in Redis, and remembers what this process did to them. */
export class RedisStore {
  readonly #clock: Clock
  readonly #shares: ExpiringMap<OwnShare>
  /** The server's time is the process's plus this, as far as was heard. */
  #zero: Micros
  readonly #onLate: RedisStoreOptions['onLate']

  constructor({ clock, maxSubjects, onLate }: RedisStoreOptions) {
    this.#clock = clock
    this.#onLate = onLate
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

  /** Applies an operation; rejects with {@link StoreFailure}. */
  async apply(line: Line, target: Target, operation: Operation): Promise<Outcome> {
    const sentAt = this.#clock.now()
    const due = sentAt + target.deadline
    let forgotten = false
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      let share = this.#shares.get(target.key, sentAt)
      if (share !== undefined && share.birth !== 0 && share.epoch !== line.epoch) {
        await this.#restore(line, this.#until(target, due, attempt), share)
        share = this.#shares.get(target.key)
        attempt += 1
      }
      const call = { target: this.#until(target, due, attempt), operation, birth: share?.birth ?? 0, forgotten }
      try {
        const reply = readReply((await this.#send(line, call)) as Buffer)
        const receivedAt = this.#hear(reply)
        if (reply.code === RESET) this.#shares.delete(target.key)
        else if (reply.code === REBORN) await this.#lost(line, this.#until(target, due, attempt + 1), reply)
        else if (reply.code !== OUTSIDE_PERIOD) return this.#learn(line, call, reply, receivedAt)
      } catch (error) {
        if (forgotten || !isForgotten(error)) throw error
        forgotten = true
      }
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

  /** Forgets what this process knows. */
  close(): void {
    this.#shares.clear()
  }

  #send(line: Line, call: StoreCall): Promise<unknown> {
    const { target, operation, birth, forgotten } = call
    const { key, script, deadline } = target
    const seen = operation.kind === 'settle' || operation.kind === 'reset' ? 0 : birth
    const args: (string | number)[] = [forgotten ? script.text : script.sha, 1, key, operation.kind, seen]
    writeRequest(args, operation.kind === 'settle' ? this.#stillMeant(operation, key) : operation, target, this)
    const onLate = (bytes: unknown) => this.#late(line, call, readReply(bytes as Buffer))
    return line.call(forgotten ? 'eval' : 'evalsha', args, { deadline, onLate })
  }

  /**
   * A settlement as the subject of today understands it. The references of one that was made before data was lost mean other
   * charges now: its place is given back, and its cost stands.
   */
  #stillMeant(settle: Operation & { readonly kind: 'settle' }, key: string): Operation {
    const share = this.#shares.get(key)
    const held = share?.held.get(settle.lease)
    if (held === undefined || held.birth === share?.birth) return settle
    return { ...settle, deltas: settle.deltas.map(() => 0) }
  }

  /** For what this process has to say itself. */
  async #tell(line: Line, target: Target, operation: Operation): Promise<Reply> {
    const call = { target, operation, birth: 0, forgotten: false }
    const bytes = await this.#send(line, call).catch((error: unknown) => {
      if (!isForgotten(error)) throw error
      return this.#send(line, { ...call, forgotten: true })
    })
    const reply = readReply(bytes as Buffer)
    this.#hear(reply)
    return reply
  }

  /**
   * Takes the time from a reply; returns that of this process. A reply that was long on its way says nothing of value: only
   * readings ahead of ours count.
   */
  #hear({ now, code }: Reply): number {
    const receivedAt = this.#clock.now()
    const zero = now - receivedAt * 1000
    if (zero > this.#zero || code === OUTSIDE_PERIOD) this.#zero = zero
    return receivedAt
  }

  #late(line: Line, call: StoreCall, reply: Reply): void {
    if (reply.code !== DONE) return
    this.#learn(line, call, reply, this.#hear(reply))
    this.#onLate(call.operation)
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
    const reply = await this.#tell(line, target, { kind: 'restore', costs, birth: share.birth })
    if (reply.code === RESET) this.#shares.delete(target.key)
    if (reply.code !== DONE) return
    const isAnother = share.birth !== reply.birth
    share.birth = reply.birth
    share.epoch = line.epoch
    if (!isAnother) return
    for (const lease of share.held.keys()) await this.#tell(line, target, { kind: 'renew', lease })
  }

  /** Keeps what a reply says about the subject, and what this process has now done to it. */
  #learn(line: Line, { target, operation }: StoreCall, reply: Reply, receivedAt: number): Outcome {
    if (!answers(reply, operation, target.set)) throw new StoreFailure('error', new Error('The reply cannot be read.'))
    const outcome = readOutcome(reply, operation)
    const { set, key } = target
    if (operation.kind === 'reset') this.#shares.delete(key)
    const isCharge = operation.kind === 'check' || operation.kind === 'reserve' || operation.kind === 'debit'
    let share = this.#shares.get(key, receivedAt)
    if (share === undefined) {
      if (!isCharge || !outcome.done) return outcome
      share = newShare(set)
    }
    if (outcome.done) {
      if (isCharge) {
        const lease = 'lease' in operation ? operation.lease : undefined
        share.birth = reply.birth
        share.epoch = line.epoch
        addCharges(set, share, reply.now, { costs: operation.costs, lease })
      } else if (operation.kind === 'settle') settleOwn(set, share, reply.now, operation)
      else if (operation.kind === 'renew') renewOwn(set, share, reply.now, operation.lease)
    }
    share.now = reply.now
    share.at = receivedAt
    if (outcome.standings.length > 0) share.standings = outcome.standings
    this.#shares.set(key, share, receivedAt + (shareSpentAt(set, share) - reply.now) / 1000)
    return outcome
  }
}

/** One operation on its way. */
interface StoreCall {
  readonly target: Target
  readonly operation: Operation
  /** The birth that the subject must have, or 0 for any. */
  readonly birth: number
  /** Whether the server has forgotten the script. */
  readonly forgotten: boolean
}

function isForgotten(error: unknown): boolean {
  return error instanceof StoreFailure && error.reason === 'noscript'
}
