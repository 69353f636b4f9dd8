import type { Decision } from '../answer/decision.ts'
import type { StoredAnswer } from '../answer/stored-answer.ts'
import { assemble } from '../stream/assembly.ts'
import { type ChatChunk, isUsageChunk } from '../stream/chat-chunk.ts'
import { Delivery } from '../stream/delivery.ts'
import { LiveStream } from '../stream/live-stream.ts'
import { LostThread } from '../stream/lost-thread.ts'
import { paced, replayChunks, wantsUsage } from '../stream/replay.ts'
import { recordOf } from '../stream/stream-record.ts'
import type { Call, CompleteStream } from './call.ts'
import type { Epoch } from './epoch.ts'
import type { Exchange, Hit, Miss } from './exchange.ts'
import type { Opening, Undertaking, Undertakings } from './undertakings.ts'
import { unlessAborted } from './within.ts'

/** A streamed answer and where it came from. */
export interface Streamed {
  /** To be read once; leaving it early tells the model when nobody else reads it. */
  readonly chunks: AsyncIterableIterator<ChatChunk>
  readonly decision: Decision
}

const MOST_JOINS = 3

const NEVER = new AbortController().signal

/**
 * Answers requests as streams. In one process, callers of the same request read the one that runs, from its first chunk on;
 * callers in other processes wait for its end, like those who want the answer as a whole.
 */
export class StreamedAnswers {
  readonly #exchange: Exchange
  readonly #undertakings: Undertakings
  readonly #epoch: Epoch

  constructor(exchange: Exchange, undertakings: Undertakings, epoch: Epoch) {
    this.#exchange = exchange
    this.#undertakings = undertakings
    this.#epoch = epoch
  }

  async answer(call: Call, complete: CompleteStream): Promise<Streamed> {
    const { signal } = call
    if (call.policy === 'bypass') {
      const source = await complete(call.request, { signal: signal ?? NEVER })
      const decision = this.#exchange.asked(call, { refused: 'bypass', evidence: undefined })
      return { chunks: new Delivery(source[Symbol.asyncIterator](), { signal }), decision }
    }
    const found = await this.#exchange.find(call)
    if ('stored' in found) return this.#replay(call, found)
    for (let tries = 0; ; tries++) {
      const undertaking = this.#undertakings.of(call.canonical.key)
      const { opening } = undertaking
      const may = call.policy === 'use' && tries < MOST_JOINS && opening?.epoch === this.#epoch.now
      try {
        const followed = may ? await this.#follow(call, undertaking) : undefined
        return followed ?? (await this.#lead(call, found, { undertaking, complete, alone: tries >= MOST_JOINS }))
      } catch (error) {
        if (!(error instanceof LostThread) || signal?.aborted || tries > MOST_JOINS) throw error
      } finally {
        this.#undertakings.tidy(call.canonical.key)
      }
    }
  }

  #replay(call: Call, { stored, decision }: Hit): Streamed {
    const { pacing, clock } = this.#exchange.parts
    const { request, signal } = call
    const chunks = paced(replayChunks(stored, request), pacing, { clock, signal })
    return { chunks: new Delivery(chunks, { signal }), decision }
  }

  #deliver({ request, signal }: Call, reader: AsyncIterator<ChatChunk>, decision: Decision): Streamed {
    const wanted = wantsUsage(request)
    return { chunks: new Delivery(reader, { signal, wants: (chunk) => wanted || !isUsageChunk(chunk) }), decision }
  }

  /** Reads the stream that another caller of this process has asked for. Undefined when it cannot be joined any more. */
  async #follow(call: Call, { opening }: Undertaking): Promise<Streamed | undefined> {
    if (opening === undefined) return undefined
    opening.wanted += 1
    try {
      const opened = await unlessAborted(opening.opened, call.signal)
      if (opened !== 'stored' && opened.isJoinable) {
        return this.#deliver(call, opened.read(), this.#exchange.joined(call))
      }
    } finally {
      opening.wanted -= 1
    }
    const stored = await this.#exchange.exact(call.canonical)
    return stored === undefined ? undefined : this.#replay(call, this.#exchange.hit(call, stored, { collapsed: true }))
  }

  /** Asks the model, unless somebody else in the fleet does: then it waits for that answer. */
  async #lead(
    call: Call,
    miss: Miss,
    { undertaking, complete, alone }: { undertaking: Undertaking; complete: CompleteStream; alone: boolean },
  ): Promise<Streamed> {
    const lead = new Lead(this.#epoch.now, undertaking)
    if (call.policy === 'use') undertaking.opening = lead
    const load = () => this.#load(call, miss, { lead, undertaking, complete })
    const settled = alone ? load() : this.#through(call, load)
    this.#exchange.run(() => this.#conclude(call, miss, { lead, settled, undertaking }))
    try {
      const opened = await unlessAborted(lead.opened, call.signal)
      if (opened === 'stored') return this.#replay(call, this.#exchange.hit(call, await settled, { collapsed: true }))
      return this.#deliver(call, lead.reader as AsyncIterator<ChatChunk>, this.#exchange.asked(call, miss))
    } catch (error) {
      lead.leave()
      throw error
    }
  }

  #through({ canonical: { tenant, key }, policy }: Call, load: () => Promise<StoredAnswer>): Promise<StoredAnswer> {
    const { entries } = this.#exchange.parts.answers
    return policy === 'reload' ? entries.put([tenant, key], load) : entries.getOrSet([tenant, key], load)
  }

  /** The load beneath: begins the stream, hands it to its readers, and ends when all of it is recorded. */
  async #load(
    call: Call,
    miss: Miss,
    { lead, undertaking, complete }: { lead: Lead; undertaking: Undertaking; complete: CompleteStream },
  ): Promise<StoredAnswer> {
    const { clock, recording } = this.#exchange.parts
    const { signal } = lead.begin()
    try {
      const source = await complete(call.request, { signal })
      const live = new LiveStream(source, { clock, limits: recording, abandon: () => lead.abandon() })
      lead.open(live)
      const chunks = await undertaking.carry(live)
      const completion = assemble(chunks)
      if (completion.choices.some(({ finish_reason: reason }) => (reason ?? null) === null))
        throw new LostThread('unfinished')
      return this.#exchange.toStore(call, miss, completion, recordOf(chunks))
    } catch (error) {
      if (signal.aborted) throw new LostThread('abandoned')
      throw error
    }
  }

  async #conclude(
    call: Call,
    miss: Miss,
    { lead, settled, undertaking }: { lead: Lead; settled: Promise<StoredAnswer>; undertaking: Undertaking },
  ): Promise<void> {
    const { telemetry } = this.#exchange.parts
    try {
      const stored = await settled
      lead.resolve('stored')
      if (lead.hasBegun) this.#exchange.settle(call, miss, stored)
    } catch (error) {
      lead.reject(error)
      const id = this.#exchange.asked(call, miss).id
      if (lead.hasBegun)
        telemetry.emit({ type: 'stream-lost', id, reason: error instanceof LostThread ? error.reason : 'failed' })
    } finally {
      if (undertaking.opening === lead) undertaking.opening = undefined
      this.#undertakings.tidy(call.canonical.key)
    }
  }
}

/** A stream that was asked for, from the wish to its beginning. */
class Lead {
  readonly epoch: number
  readonly opened: Promise<Opening>
  /** Callers who wait for it to begin. */
  wanted = 1
  /** The reader of the caller who asked first. */
  reader: AsyncIterableIterator<ChatChunk> | undefined
  hasBegun = false
  readonly #undertaking: Undertaking
  readonly #controller = new AbortController()
  #hasLeft = false
  resolve: (opening: Opening) => void = () => {}
  reject: (error: unknown) => void = () => {}

  constructor(epoch: number, undertaking: Undertaking) {
    this.epoch = epoch
    this.#undertaking = undertaking
    this.opened = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    this.opened.catch(() => {})
  }

  begin(): { signal: AbortSignal } {
    this.hasBegun = true
    return { signal: this.#controller.signal }
  }

  open(live: LiveStream): void {
    this.reader = live.read()
    this.resolve(live)
    if (!this.#hasLeft) return
    // Whoever followed has a reader once the promises have run.
    setImmediate(() => void this.reader?.return?.())
  }

  abandon(): void {
    this.#controller.abort(new LostThread('abandoned'))
  }

  /** The caller who asked first has left before the stream began. */
  leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.wanted -= 1
    void this.reader?.return?.()
    if (this.wanted === 0 && this.reader === undefined && !this.#undertaking.isAwaited) this.abandon()
  }
}
