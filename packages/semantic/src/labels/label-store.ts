import type { Label } from '../judge/verdict.ts'

/**
 * Where labels are kept, so that a judge's experience survives a restart and a fleet learns from all of its processes. A log:
 * everybody who reads it in order becomes the same judge. A port: bring your own.
 *
 * It is bounded: the oldest labels of a judge are dropped. Methods reject when the store cannot answer; the cache goes on with
 * what this process knows, and hands its labels in later.
 */
export interface LabelStore {
  /** Appends labels to the log of a judge (see `Judge.id`). */
  append(judge: string, labels: readonly Label[], signal?: AbortSignal): Promise<void>
  /** At most `limit` labels of the judge's log after `cursor`, the oldest first; without a cursor, from the oldest one kept. */
  read(judge: string, cursor: string | undefined, limit: number, signal?: AbortSignal): Promise<LabelPage>
  /** Ends connections of its own. */
  close(): Promise<void>
}

/** A piece of the log. */
export interface LabelPage {
  readonly labels: readonly Label[]
  /** Where to read on; equal to the one given when there was nothing new. */
  readonly cursor: string | undefined
}
