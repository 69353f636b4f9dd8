import { IndexUnavailable } from './redis-line.ts'
import { CODE_BYTES } from './sign-code.ts'

/** A place whose code has changed, and its code of now. */
interface Change {
  readonly slot: number
  readonly code: Uint8Array
}

/** What Redis says of a scope. Times are the server's, in Unix milliseconds. */
export type SyncReply =
  | { readonly kind: 'nothing'; readonly now: number }
  | {
      readonly kind: 'anew'
      readonly now: number
      readonly generation: string
      readonly position: number
      readonly places: number
      readonly hasMean: boolean
    }
  | {
      readonly kind: 'changes'
      readonly now: number
      readonly generation: string
      readonly position: number
      readonly changes: readonly Change[]
    }

/** Reads the answer of the script SYNC. */
export function readSync(reply: unknown): SyncReply {
  if (!Array.isArray(reply) || reply.length === 0)
    throw new IndexUnavailable('Redis answered something that is no scope.')
  const [time, name, at, places, mean, slots, codes] = reply as unknown[]
  const now = Number(time)
  if (name === undefined) return { kind: 'nothing', now }
  const [generation, position] = [String(name), Number(at)]
  if (!(slots instanceof Uint8Array) || !(codes instanceof Uint8Array))
    return { kind: 'anew', now, generation, position, places: Number(places), hasMean: String(mean) === '1' }
  return { kind: 'changes', now, generation, position, changes: changesOf(slots, codes) }
}

function changesOf(slots: Uint8Array, codes: Uint8Array): Change[] {
  const view = new DataView(slots.buffer, slots.byteOffset, slots.length)
  return Array.from({ length: slots.length / 4 }, (_, at) => ({
    slot: view.getUint32(at * 4, true),
    code: codes.subarray(at * CODE_BYTES, (at + 1) * CODE_BYTES),
  }))
}
