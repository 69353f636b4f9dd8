import type { ChatCompletion } from '../answer/chat-completion.ts'
import type { Decision } from '../answer/decision.ts'
import type { StoredAnswer } from '../answer/stored-answer.ts'
import { LostThread } from '../stream/lost-thread.ts'
import type { Call, Complete } from './call.ts'
import type { Exchange, Miss } from './exchange.ts'
import type { Undertakings } from './undertakings.ts'
import { unlessAborted } from './within.ts'

/** An answer and where it came from. */
export interface Answered {
  readonly completion: ChatCompletion
  readonly decision: Decision
}

/** So many times a caller joins somebody else's call of the model that comes to nothing, before it makes one of its own. */
const MOST_JOINS = 3

const NEVER = new AbortController().signal

/** Answers requests as a whole. */
export class WholeAnswers {
  readonly #exchange: Exchange
  readonly #undertakings: Undertakings

  constructor(exchange: Exchange, undertakings: Undertakings) {
    this.#exchange = exchange
    this.#undertakings = undertakings
  }

  async answer(call: Call, complete: Complete): Promise<Answered> {
    const { request, signal = NEVER } = call
    if (call.policy === 'bypass') {
      const completion = await complete(request, { signal })
      return { completion, decision: this.#exchange.asked(call, { refused: 'bypass', evidence: undefined }) }
    }
    const found = await this.#exchange.find(call)
    if ('stored' in found) return { completion: found.stored.completion, decision: found.decision }
    const { stored, isOwn } = await this.#load(call, found, complete)
    if (!isOwn) return { completion: stored.completion, decision: this.#collapsed(call, stored) }
    this.#exchange.settle(call, found, stored)
    return { completion: stored.completion, decision: this.#exchange.asked(call, found) }
  }

  #collapsed(call: Call, stored: StoredAnswer): Decision {
    return this.#exchange.hit(call, stored, { collapsed: true }).decision
  }

  /** Asks the model once for all who wait in the fleet; a call that comes to nothing because its caller left is made again. */
  async #load(call: Call, miss: Miss, complete: Complete): Promise<{ stored: StoredAnswer; isOwn: boolean }> {
    const { canonical, signal } = call
    const undertaking = this.#undertakings.of(canonical.key)
    const leave = undertaking.wait()
    try {
      for (let tries = 0; ; tries++) {
        let isOwn = false
        const load = () => {
          isOwn = true
          return undertaking.load((given) => this.#ask(call, miss, { complete, signal: given }))
        }
        try {
          const work = tries < MOST_JOINS ? this.#through(call, load) : load()
          return { stored: await unlessAborted(work, signal), isOwn }
        } catch (error) {
          if (!(error instanceof LostThread) || isOwn) throw error
        }
      }
    } finally {
      leave()
      this.#undertakings.tidy(canonical.key)
    }
  }

  #through({ canonical: { tenant, key }, policy }: Call, load: () => Promise<StoredAnswer>): Promise<StoredAnswer> {
    const { entries } = this.#exchange.parts.answers
    return policy === 'reload' ? entries.put([tenant, key], load) : entries.getOrSet([tenant, key], load)
  }

  async #ask(
    call: Call,
    miss: Miss,
    { complete, signal }: { complete: Complete; signal: AbortSignal },
  ): Promise<StoredAnswer> {
    try {
      const completion = await complete(call.request, { signal })
      return this.#exchange.toStore(call, miss, completion, undefined)
    } catch (error) {
      if (signal.aborted) throw new LostThread('abandoned')
      throw error
    }
  }
}
