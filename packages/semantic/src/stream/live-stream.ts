import type { Clock } from '@granary/core'
import { type ChatChunk, choicesOf, deltaOf } from './chat-chunk.ts'
import { LostThread, type LostThreadReason } from './lost-thread.ts'

/** Bounds of a recording. */
export interface RecordingLimits {
  /** Estimated bytes of the chunks kept; past it the stream is forwarded and no longer recorded. */
  readonly maxBytes: number
  /** Milliseconds without anybody taking a chunk that is there; past it others no longer wait for this stream. */
  readonly stallAfter: number
}

/** What a live stream needs to know of its surroundings. */
export interface LiveStreamParts {
  readonly limits: RecordingLimits
  readonly clock: Clock
  /** Called once when nobody wants the stream any more: the model may be told. */
  readonly abandon: () => void
}

/** What one chunk costs beside its text, in bytes: an estimate. */
const CHUNK_OVERHEAD = 256

/**
 * A model's stream while it runs: recorded, and read by everybody who asked the same. Chunks are asked of the model when the
 * foremost reader wants one, so a slow reader slows the model down and not the others, who read from the recording.
 *
 * The recording is bounded. Past the bound there is none: readers go on, one that is more than the bound behind the foremost
 * is let go with an error, and `recorded` rejects.
 */
export class LiveStream {
  /** All chunks after a clean end; rejects when the recording was given up, and with the model's own error. */
  readonly recorded: Promise<readonly ChatChunk[]>
  readonly #source: AsyncIterator<ChatChunk>
  readonly #parts: LiveStreamParts
  readonly #readers = new Set<Reader>()
  /** Chunks from number `#base` on. */
  #chunks: ChatChunk[] = []
  #base = 0
  #bytes = 0
  /** Callers who want the whole recording, and read no chunks. */
  #waiting = 0
  #pulling: Promise<void> | undefined
  #end: { readonly error?: unknown } | undefined
  #isRecording = true
  #isAbandoned = false
  #cancelStall: (() => void) | undefined
  #keep: (chunks: readonly ChatChunk[]) => void = () => {}
  #lose: (error: unknown) => void = () => {}

  constructor(source: AsyncIterable<ChatChunk>, parts: LiveStreamParts) {
    this.#source = source[Symbol.asyncIterator]()
    this.#parts = parts
    this.recorded = new Promise((keep, lose) => {
      this.#keep = keep
      this.#lose = lose
    })
    this.recorded.catch(() => {})
    this.#watchForStall()
  }

  /** Whether a new reader would get everything from the beginning. What was abandoned has no recording any more. */
  get isJoinable(): boolean {
    return this.#isRecording
  }

  /** A reader from the first chunk on. Leaving it early (`return()`) is leaving the stream. */
  read(): AsyncIterableIterator<ChatChunk> {
    const reader: Reader = { at: 0, isLost: false }
    this.#readers.add(reader)
    const iterator: AsyncIterableIterator<ChatChunk> = {
      next: () => this.#next(reader),
      return: async () => {
        this.#leave(reader)
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  /** Reads to the end for callers who wait for the whole answer, whatever readers do. Returns what takes the wish back. */
  wantWhole(): () => void {
    this.#waiting += 1
    void this.#drain()
    let wanted = true
    return () => {
      if (!wanted) return
      wanted = false
      this.#waiting -= 1
      this.#abandonIfAlone()
    }
  }

  async #next(reader: Reader): Promise<IteratorResult<ChatChunk, undefined>> {
    for (;;) {
      if (reader.isLost) throw new LostThread('lagged')
      if (!this.#readers.has(reader)) return { done: true, value: undefined }
      const chunk = this.#chunks[reader.at - this.#base]
      if (chunk !== undefined) {
        reader.at += 1
        this.#trim()
        return { done: false, value: chunk }
      }
      if (this.#end !== undefined) {
        this.#readers.delete(reader)
        if ('error' in this.#end) throw this.#end.error
        return { done: true, value: undefined }
      }
      await this.#pull()
    }
  }

  /** Asks the model for one chunk; readers who want it at the same time wait for the same one. */
  #pull(): Promise<void> {
    this.#cancelStall?.()
    this.#pulling ??= this.#take().finally(() => {
      this.#pulling = undefined
      this.#watchForStall()
    })
    return this.#pulling
  }

  async #take(): Promise<void> {
    try {
      const { done, value } = await this.#source.next()
      if (this.#isAbandoned) return
      if (done === true) this.#finish({})
      else this.#push(value)
    } catch (error) {
      this.#finish({ error })
    }
  }

  #push(chunk: ChatChunk): void {
    this.#chunks.push(chunk)
    this.#bytes += sizeOf(chunk)
    if (this.#isRecording && this.#bytes > this.#parts.limits.maxBytes) this.#giveUp('too-long')
    this.#trim()
  }

  #finish(end: { readonly error?: unknown }): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#cancelStall?.()
    if (!this.#isRecording) return
    if ('error' in end) this.#lose(end.error)
    else this.#keep(this.#chunks)
  }

  async #drain(): Promise<void> {
    while (this.#waiting > 0 && this.#isRecording && this.#end === undefined) await this.#pull()
  }

  #leave(reader: Reader): void {
    this.#readers.delete(reader)
    this.#trim()
    this.#abandonIfAlone()
  }

  #abandonIfAlone(): void {
    if (this.#readers.size > 0 || this.#end !== undefined || this.#isAbandoned) return
    if (this.#waiting > 0 && this.#isRecording) return
    this.#isAbandoned = true
    this.#giveUp('abandoned')
    this.#end = { error: new LostThread('abandoned') }
    this.#cancelStall?.()
    this.#chunks = []
    this.#parts.abandon()
    // A generator answers `return()` when its pending `next()` has: nobody waits for that.
    Promise.resolve(this.#source.return?.()).catch(() => {})
  }

  #giveUp(reason: LostThreadReason): void {
    if (!this.#isRecording) return
    this.#isRecording = false
    this.#lose(new LostThread(reason))
  }

  /** Without a recording, only what some reader has not read yet is kept, and of that no more than the bound. */
  #trim(): void {
    if (this.#isRecording) return
    const { maxBytes } = this.#parts.limits
    while (this.#chunks.length > 0) {
      const slowest = Math.min(...[...this.#readers].map(({ at }) => at))
      if (slowest <= this.#base) {
        if (this.#bytes <= maxBytes || this.#readers.size < 2) return
        this.#letGo(this.#base)
        continue
      }
      this.#bytes -= sizeOf(this.#chunks.shift() as ChatChunk)
      this.#base += 1
    }
  }

  /** Lets go of the readers who have come no farther than chunk `at`. */
  #letGo(at: number): void {
    for (const reader of this.#readers) {
      if (reader.at > at) continue
      reader.isLost = true
      this.#readers.delete(reader)
    }
  }

  /** While chunks could be had and nobody takes one, time runs: others must not wait for a reader who has gone to sleep. */
  #watchForStall(): void {
    this.#cancelStall?.()
    if (!this.#isRecording || this.#end !== undefined) return
    const { clock, limits } = this.#parts
    this.#cancelStall = clock.schedule(limits.stallAfter, () => this.#giveUp('stalled'))
  }
}

interface Reader {
  /** The number of the chunk it reads next. */
  at: number
  isLost: boolean
}

function sizeOf(chunk: ChatChunk): number {
  const { choices: _, ...rest } = chunk
  const choices = choicesOf(chunk)
  const [choice, second] = choices
  const isPlain = choice !== undefined && second === undefined && Object.keys(deltaOf(choice)).length <= 1
  const text = isPlain ? (deltaOf(choice).content?.length ?? 0) : JSON.stringify(choices).length
  return CHUNK_OVERHEAD + text + (rest['part'] === undefined ? 0 : JSON.stringify(rest).length)
}
