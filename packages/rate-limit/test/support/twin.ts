import type { Redis } from 'ioredis'
import { applyOperation, type Operation, type Outcome } from '../../src/rule/operation.ts'
import { type RuleSet, type SubjectState, unknownSubject } from '../../src/rule/subject.ts'
import { assembleScript, type Script } from '../../src/script/assemble.ts'
import { OUTSIDE_PERIOD, type Reply, readReply } from '../../src/script/reply.ts'
import { readOutcome, writeRequest } from '../../src/script/request.ts'

/** The pure functions, keeping one subject. */
export class PureTwin {
  readonly #set: RuleSet
  subject: SubjectState

  constructor(set: RuleSet) {
    this.#set = set
    this.subject = unknownSubject(set)
  }

  apply(at: number, operation: Operation): Outcome {
    const { subject, outcome } = applyOperation(this.#set, this.subject, at, operation)
    this.subject = subject
    return outcome
  }
}

/** The Lua script on a real server, told the time by its last argument, keeping the same subject. */
export class LuaTwin {
  readonly #redis: Redis
  readonly #script: Script
  readonly #set: RuleSet
  readonly #planned: boolean
  readonly key: string
  reply: Reply | undefined

  constructor(redis: Redis, set: RuleSet, { key, planned = false }: { key: string; planned?: boolean }) {
    this.#redis = redis
    this.#set = set
    this.#planned = planned
    this.#script = assembleScript(set, { planned, time: 'argument' })
    this.key = key
  }

  async apply(at: number, operation: Operation): Promise<Outcome> {
    this.reply = await this.#send(at, operation, at)
    // Where the subject's time is ahead, the calendar is asked again for its time, as the store does.
    if (this.reply.code === OUTSIDE_PERIOD) this.reply = await this.#send(at, operation, this.reply.now)
    return readOutcome(this.reply, operation)
  }

  async #send(at: number, operation: Operation, near: number): Promise<Reply> {
    const args: (string | number)[] = [operation.kind, 0]
    writeRequest(args, operation, { set: this.#set, planned: this.#planned }, { near })
    const isBare = operation.kind === 'check' || operation.kind === 'peek'
    if (isBare && operation.costs.every((cost) => cost === 1)) args.push(...operation.costs)
    return readReply((await this.#redis.callBuffer('EVAL', [this.#script.text, 1, this.key, ...args, at])) as Buffer)
  }

  /** The packed subject, as it stands in Redis. */
  bytes(): Promise<Buffer | null> {
    return this.#redis.getBuffer(this.key)
  }
}
