import type { SemanticCacheParts } from '../cache/parts.ts'
import { within } from '../cache/within.ts'
import type { VectorIndex } from '../nearest/vector-index.ts'

/**
 * Changes the index, within the deadline of writes. What fails costs hits and is an event.
 *
 * @returns whether the index took it.
 */
export async function changeIndex(
  { index, clock, deadlines, telemetry }: Pick<SemanticCacheParts, 'index' | 'clock' | 'deadlines' | 'telemetry'>,
  change: (index: VectorIndex, signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  try {
    await within(clock, deadlines.write, (signal) => change(index, signal))
    return true
  } catch (cause) {
    telemetry.emit({ type: 'part-failed', part: 'index', cause })
    return false
  }
}
