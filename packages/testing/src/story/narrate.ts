import { inspect } from 'node:util'

/** Something that happened: its type, noun first and in the past tense, and whatever belongs to it. */
export interface StoryEvent {
  readonly type: string
}

/** What a narration leaves out. */
export interface NarrateOptions {
  /** Only events of these types; default all. */
  readonly only?: readonly string[]
  /** No event of these types; default none left out. */
  readonly except?: readonly string[]
  /** Fields that are not told, as those that differ between runs: `['duration', 'bytes']`; default none. */
  readonly without?: readonly string[]
}

const PLAIN = /^[\w:./@#$%+-]+$/

/**
 * Tells events as a numbered story for an inline snapshot, one line for each, with its fields in alphabetical order.
 * Undefined fields are not told; errors are told by class and message.
 *
 * ```ts
 * const { events } = recordEvents({ namespace: 'shop' })
 * await service.userById(7)
 * expect(narrate(events, { without: ['key', 'duration'] })).toMatchInlineSnapshot(`
 *   "1. load-started name=user reason=miss
 *   2. load-finished name=user
 *   3. entry-missed name=user"
 * `)
 * ```
 */
export function narrate(events: Iterable<StoryEvent>, options: NarrateOptions = {}): string {
  const { only, except = [], without = [] } = options
  const told = [...events].filter(({ type }) => (only === undefined || only.includes(type)) && !except.includes(type))
  const width = String(told.length).length
  return told.map((event, index) => `${String(index + 1).padStart(width)}. ${sentence(event, without)}`).join('\n')
}

function sentence(event: StoryEvent, without: readonly string[]): string {
  const fields = Object.entries(event)
    .filter(([field, value]) => field !== 'type' && value !== undefined && !without.includes(field))
    .sort(([one], [other]) => (one < other ? -1 : 1))
  return [event.type, ...fields.map(([field, value]) => `${field}=${told(value)}`)].join(' ')
}

function told(value: unknown): string {
  if (typeof value === 'string') return PLAIN.test(value) ? value : JSON.stringify(value)
  if (value instanceof Error) return `${value.name}(${JSON.stringify(value.message)})`
  return inspect(value, { depth: 4, compact: true, breakLength: Number.POSITIVE_INFINITY, sorted: true })
}
