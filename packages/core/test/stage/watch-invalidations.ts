import { setTimeout as wait } from 'node:timers/promises'
import type { Sighting } from '../programs/member.ts'
import type { Fleet, Member } from './member.ts'

/** Who invalidates, and who looks. */
export interface Watch {
  readonly writer: Member
  readonly readers: readonly Member[]
  /** Rows, written in turn; every reader watches all of them. */
  readonly ids: readonly number[]
  /** How long, in milliseconds. */
  readonly ms: number
  /** What is done to the world meanwhile. */
  readonly meanwhile?: () => Promise<unknown>
}

/** What was seen. */
export interface Watched {
  /** Invalidations that were delivered, and those that were queued. */
  readonly delivered: number
  readonly queued: number
  /** The longest of those that were delivered took so many milliseconds. */
  readonly longest: number
  /** Answers out of memory. */
  readonly fromMemory: number
  /** Answers to reads that began after a later version had been invalidated everywhere. */
  readonly tooOld: readonly unknown[]
}

interface Known {
  readonly id: number
  readonly version: number
  readonly at: number
}

/**
 * Writes rows and invalidates them one after the other while other processes read them without end, and holds every answer against
 * the invalidations that had resolved when it was asked for. All processes share one wall clock, of a millisecond's grain.
 */
export async function watchInvalidations(
  fleet: Fleet,
  { writer, readers, ids, ms, meanwhile = async () => {} }: Watch,
): Promise<Watched> {
  const versions = new Map(ids.map((id) => [id, 0]))
  fleet.load = async (id) => versions.get(id)
  // Rows of earlier tests are no rows of this one.
  for (const id of ids) await writer.delete(id)
  const watching = readers.flatMap((reader) =>
    ids.map(async (id) => (await reader.watch(id, ms)).map((sighting) => ({ ...sighting, id }))),
  )
  const known: Known[] = []
  const counts = { queued: 0, longest: 0 }
  const happening = meanwhile()
  const endAt = Date.now() + ms
  for (let turn = 0; Date.now() < endAt; turn++) {
    const id = ids[turn % ids.length] as number
    const version = (versions.get(id) as number) + 1
    versions.set(id, version)
    const startedAt = Date.now()
    const { delivered } = await writer.delete(id)
    const at = Date.now()
    if (delivered) known.push({ id, version, at })
    else counts.queued += 1
    if (delivered) counts.longest = Math.max(counts.longest, at - startedAt)
    await wait(40)
  }
  await happening
  const sightings = (await Promise.all(watching)).flat()
  return {
    ...counts,
    delivered: known.length,
    fromMemory: sightings.filter(({ tier }) => tier === 'l1').length,
    tooOld: sightings.filter((sighting) => known.some((invalidation) => contradicts(sighting, invalidation))),
  }
}

function contradicts(sighting: Sighting & { readonly id: number }, { id, version, at }: Known): boolean {
  return sighting.id === id && (sighting.value as number) < version && sighting.last > at + 1
}
