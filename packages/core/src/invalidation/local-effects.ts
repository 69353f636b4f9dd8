import type { Engine } from '../engine/engine.ts'
import type { Targets } from '../engine/remote.ts'
import { localKeyOf } from '../key/keying.ts'
import { EVERYTHING } from './outbound-queue.ts'

/** The prefix of a member that stands for a name. */
export const NAME_MEMBER = 'n:'

type Affected = Pick<Engine, 'fences' | 'flights' | 'memory' | 'segments' | 'puts' | 'asides'>

/** What an invalidation does in this process, whoever issued it: entries go, flights are detached, fences rise. */
export function applyLocally(
  { fences, flights, memory, segments, puts, asides }: Affected,
  { keys, members }: Targets,
): void {
  if (keys.length > 0) fences.advance()
  for (const { key, label, text } of keys) {
    const segment = segments.get(label)
    if (segment !== undefined) memory.remove(segment, localKeyOf(text), 'invalidated')
    flights.detach(key)
    puts.delete(key)
    asides.forget(key)
  }
  if (members.length === 0) return
  fences.advanceTags(members)
  for (const member of members) if (member === EVERYTHING || member.startsWith(NAME_MEMBER)) clear(member)

  function clear(member: string): void {
    for (const segment of segments.values()) {
      if (member !== EVERYTHING && member !== NAME_MEMBER + segment.name) continue
      segment.clearedAt = fences.events
      memory.clearSegment(segment, 'invalidated')
      flights.detachAll(segment)
    }
    if (member === EVERYTHING) puts.clear()
  }
}

/** Empties memory: what it holds is not proven any more, or what it missed is not known. */
export function emptyMemory({ fences, memory, segments }: Pick<Engine, 'fences' | 'memory' | 'segments'>): void {
  const event = fences.advance()
  for (const segment of segments.values()) {
    segment.clearedAt = event
    memory.clearSegment(segment, 'unproven')
  }
}
