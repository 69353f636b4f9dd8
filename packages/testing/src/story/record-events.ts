import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { StoryEvent } from './narrate.ts'

/** The diagnostics channel on which every cache of a process tells its events. */
const CHANNEL = 'granary:event'

/** Whose events to record. */
export interface RecordEventsOptions {
  /** Only those of the caches with this namespace, which the events then do not repeat; default: all caches of this process. */
  readonly namespace?: string
}

/** Events that caches of this process told, oldest first. */
export interface EventRecording {
  readonly events: readonly StoryEvent[]
  /** Forgets what was recorded so far. */
  clear(): void
  /** Ends the recording; what was recorded stays. */
  stop(): void
}

/**
 * Records what caches tell on the diagnostics channel `granary:event`, for {@link narrate}.
 *
 * ```ts
 * const recording = recordEvents({ namespace: 'shop' })
 * await service.userById(7)
 * recording.stop()
 * expect(narrate(recording.events)).toMatchInlineSnapshot()
 * ```
 */
export function recordEvents(options: RecordEventsOptions = {}): EventRecording {
  const events: StoryEvent[] = []
  const listen = (message: unknown) => {
    if (!isEvent(message)) return
    if (options.namespace === undefined) events.push(message)
    else if (message.namespace === options.namespace) events.push(withoutNamespace(message))
  }
  subscribe(CHANNEL, listen)
  return {
    events,
    clear: () => {
      events.length = 0
    },
    stop: () => {
      unsubscribe(CHANNEL, listen)
    },
  }
}

type ToldEvent = StoryEvent & { readonly namespace?: unknown }

function isEvent(message: unknown): message is ToldEvent {
  return typeof message === 'object' && message !== null && 'type' in message && typeof message.type === 'string'
}

function withoutNamespace({ namespace: _, ...event }: ToldEvent): StoryEvent {
  return event
}
