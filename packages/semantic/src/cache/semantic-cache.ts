import { type Duration, parseDuration, type Receipt } from '@granary/core'
import type { ChatCompletion, CompletionShape } from '../answer/chat-completion.ts'
import type { Decision } from '../answer/decision.ts'
import { Finder } from '../lookup/finder.ts'
import { changeIndex } from '../lookup/index-writes.ts'
import { canonicalRequest } from '../request/canonical-request.ts'
import type { ChatRequest, RequestShape } from '../request/chat-request.ts'
import type { ChatChunk, ChunkShape } from '../stream/chat-chunk.ts'
import type { SemanticEvent, SemanticEventOf } from '../telemetry/event.ts'
import type { SemanticStats } from '../telemetry/stats.ts'
import type { AskOptions, Call, Complete, CompleteStream, ModelCall } from './call.ts'
import { Epoch } from './epoch.ts'
import { Exchange } from './exchange.ts'
import { type Explanation, explain } from './explain.ts'
import { Feedback, type FeedbackReceipt } from './feedback.ts'
import { signalIn, withSignal } from './leaving.ts'
import type { SemanticCacheParts } from './parts.ts'
import { StreamedAnswers } from './streamed-answers.ts'
import { Undertakings } from './undertakings.ts'
import { WholeAnswers } from './whole-answers.ts'
import { within } from './within.ts'

/** An answer and where it came from. */
export interface Answered<Completion = ChatCompletion> {
  readonly completion: Completion
  readonly decision: Decision
}

/** A streamed answer and where it came from. */
export interface Streamed<Chunk = ChatChunk> {
  /** To be read once; leaving it early tells the model when nobody else reads it. */
  readonly chunks: AsyncIterableIterator<Chunk>
  readonly decision: Decision
}

/** A response cache for chat completions: exact match first, then by meaning, where its judge is sure enough. */
export class SemanticCache {
  readonly #parts: SemanticCacheParts
  readonly #finder: Finder
  readonly #exchange: Exchange
  readonly #epoch: Epoch
  readonly #whole: WholeAnswers
  readonly #streamed: StreamedAnswers
  readonly #feedback: Feedback
  readonly #decisions = new WeakMap<object, Decision>()

  /** @internal Made by `createSemanticCache`. */
  constructor(parts: SemanticCacheParts) {
    this.#parts = parts
    const undertakings = new Undertakings()
    this.#finder = new Finder(parts)
    this.#exchange = new Exchange(parts, this.#finder)
    this.#epoch = new Epoch(parts.cache)
    this.#whole = new WholeAnswers(this.#exchange, undertakings)
    this.#streamed = new StreamedAnswers(this.#exchange, undertakings, this.#epoch)
    this.#feedback = new Feedback(parts)
  }

  /**
   * Answers a request from the cache or by `complete`, and says which and why. Callers of the same request ask the model once.
   * Errors of `complete` pass through untouched; those of the cache's own parts are misses.
   *
   * @throws InvalidOption when the partition function names nobody.
   * @throws UnkeyableArgument when a parameter has no canonical form, such as a function.
   */
  async ask<Q extends RequestShape, A extends CompletionShape>(
    request: Q,
    complete: (request: Q, call: ModelCall) => Promise<A>,
    options: AskOptions = {},
  ): Promise<Answered<A>> {
    const call = this.#callOf(request, options)
    const answered = await this.#whole.answer(call, complete as unknown as Complete)
    this.#served(answered.completion, answered.decision, false)
    return answered as unknown as Answered<A>
  }

  /**
   * Like {@link SemanticCache.ask}, for an answer that streams: chunks are recorded while they pass, and kept after a clean end with
   * `stop`. A caller who leaves early, an error, a cut or filtered answer leave nothing behind.
   *
   * Callers of the same request in this process read the one stream, from its beginning; in others they wait for its end.
   *
   * @throws LostThread from the stream, when this caller is so far behind others of the same stream that it cannot be kept for it.
   */
  async askStream<Q extends RequestShape, C extends ChunkShape>(
    request: Q,
    complete: (request: Q, call: ModelCall) => Promise<AsyncIterable<C>> | AsyncIterable<C>,
    options: AskOptions = {},
  ): Promise<Streamed<C>> {
    const call = this.#callOf(request, options)
    const streamed = await this.#streamed.answer(call, complete as unknown as CompleteStream)
    this.#served(streamed.chunks, streamed.decision, true)
    return streamed as unknown as Streamed<C>
  }

  /**
   * A function like `complete` that answers from the cache where it may. A request with `stream: true` is answered by a stream, and
   * `complete` must then return one. Further arguments are passed on and are no part of the key, except for an AbortSignal
   * among them, be it an argument or a `signal` or `abortSignal` in an object: by it a caller leaves, and `complete` gets one that
   * fires when the last caller who waits for the same answer has left.
   */
  wrap<Q extends RequestShape, Rest extends readonly unknown[], R extends CompletionShape | AsyncIterable<ChunkShape>>(
    complete: (request: Q, ...rest: Rest) => Promise<R>,
  ): (request: Q, ...rest: Rest) => Promise<R> {
    return (request, ...rest) => this.answerCall(request, rest, (given) => complete(request, ...given))
  }

  /**
   * A function like `complete`, which returns a stream at once, that answers from the cache where it may. Nothing happens before
   * the first chunk is asked for. An AbortSignal among the arguments is taken as by {@link SemanticCache.wrap}.
   */
  wrapStream<Q extends RequestShape, Rest extends readonly unknown[], C extends ChunkShape>(
    complete: (request: Q, ...rest: Rest) => AsyncIterable<C>,
  ): (request: Q, ...rest: Rest) => AsyncGenerator<C, void, undefined> {
    const cache = this
    return async function* (request, ...rest) {
      const model = (_: Q, { signal }: ModelCall) => complete(request, ...withSignal(rest, signal))
      const { chunks } = await cache.askStream(request, model, leavingBy(rest))
      yield* chunks
    }
  }

  /** @internal One call of a wrapped function or of a decorated method, which `complete` makes with the arguments it is given. */
  async answerCall<Args extends readonly unknown[], R>(
    request: RequestShape,
    args: Args,
    complete: (args: Args) => Promise<R>,
  ): Promise<R> {
    const model = (_: RequestShape, { signal }: ModelCall) => complete(withSignal(args, signal)) as Promise<never>
    if ((request as ChatRequest).stream === true)
      return (await this.askStream(request, model, leavingBy(args))).chunks as R
    return (await this.ask(request, model, leavingBy(args))).completion
  }

  /** Where an answer came from, given what `ask`, `askStream` or a wrapped function returned; undefined for any other object. */
  decisionOf(answer: object): Decision | undefined {
    return this.#decisions.get(answer)
  }

  /**
   * Says what somebody thought of an answer, named by its decision's id; in whatever process. `bad`: a semantic hit is from now on
   * none for that request, the judge learns from it, and after `dropAfter` reports the entry is dropped. `good` teaches the judge.
   */
  feedback(id: string, verdict: 'good' | 'bad'): Promise<FeedbackReceipt> {
    return this.#feedback.give(id, verdict)
  }

  /** What would become of a request now, and why. Changes nothing and asks no model. */
  async explain(request: RequestShape): Promise<Explanation> {
    const canonical = canonicalRequest(request as ChatRequest, this.#parts.rules)
    return explain(canonical, { exchange: this.#exchange, finder: this.#finder })
  }

  /**
   * Invalidates every answer that carries one of the tags: `chat:{tenant}`, `model:{id}` or one of yours. The answers go at once
   * and everywhere, as with the cache's own `invalidateTags`, which does as well; entries of the index go here too.
   */
  async invalidateTags(tags: readonly string[]): Promise<Receipt> {
    const receipt = await this.#parts.cache.invalidateTags(tags)
    for (const tag of tags) {
      await changeIndex(this.#parts, (index, signal) => index.deleteTagged(tag, signal))
    }
    return receipt
  }

  /** Counters since the cache was made, in this process. */
  stats(): SemanticStats {
    return this.#parts.telemetry.stats()
  }

  /** Calls `listener` for every event of a type until the returned function is called. */
  on<T extends SemanticEvent['type']>(type: T, listener: (event: SemanticEventOf<T>) => void): () => void {
    return this.#parts.telemetry.on(type, listener)
  }

  /** Resolves when no background work runs any more: answers are indexed, compared and learned from. */
  whenIdle(): Promise<void> {
    return this.#exchange.whenIdle()
  }

  /**
   * Lets background work end, for `within` at most (default 5 s), and closes the index and the label store. The cache beneath
   * stays open: it is yours.
   */
  async close({ within: longest = '5s' }: { within?: Duration } = {}): Promise<void> {
    const { clock, learner, index } = this.#parts
    await within(clock, parseDuration(longest, 'within'), () => this.whenIdle()).catch(() => {})
    this.#epoch.close()
    await learner.close()
    await index.close()
  }

  #callOf(request: RequestShape, { policy = 'use', signal }: AskOptions): Call {
    signal?.throwIfAborted()
    const chat = request as ChatRequest
    const canonical = canonicalRequest(chat, this.#parts.rules)
    const tags = [...new Set([...canonical.tags, ...(this.#parts.tags?.(chat) ?? [])])]
    return { request: chat, canonical, tags, policy, signal }
  }

  #served(answer: unknown, decision: Decision, stream: boolean): void {
    if (typeof answer === 'object' && answer !== null) this.#decisions.set(answer, decision)
    this.#parts.telemetry.emit({ type: 'answer-served', stream, decision })
  }
}

function leavingBy(args: readonly unknown[]): AskOptions {
  const signal = signalIn(args)
  return signal === undefined ? {} : { signal }
}
