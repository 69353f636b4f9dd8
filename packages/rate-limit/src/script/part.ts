/** A stored number of a rule: its Lua variable, its `struct` format, and what it is for a subject that was never seen. */
export interface Field {
  readonly name: string
  readonly format: 'd' | 'I2' | 'I4' | 'I6'
}

/**
 * A rule's share of the script, as pieces of Lua for the same verbs as its pure twin in `rule/`. Every variable of a part
 * begins with its prefix. All see `s` (the packed subject), `now`, `op`, and write the closed entries into `body`.
 */
export interface Part {
  /** Numbers that stand at the front of the packed subject, in the region that every admission rewrites. */
  readonly fields: readonly Field[]
  /** Bytes for closed entries, behind the front region. */
  readonly bytes: number
  /** How many arguments this part reads from `args[first]` on, with the code that reads them. */
  readonly arguments: { readonly count: number; readonly read: string }
  /** Sets `<p>left`, and drops what has left the window. */
  readonly roll: string
  /** An expression: whether `<p>cost` fits. */
  readonly fits: string
  /** An expression: the microseconds until it fits; may need `retrySetup` first. */
  readonly retrySetup: string
  readonly retry: string
  /** Expressions, valid after `roll` and again after `charge`. `remaining` is negative in debt. */
  readonly remaining: string
  readonly reset: string
  /** An expression: units that count now. */
  readonly units: string
  /** Adds `<p>cost`. */
  readonly charge: string
  /** An expression: where the charge went. */
  readonly ref: string
  /** Adds `<p>delta` to the charge at `<p>ref`. */
  readonly amend: string
  /** An expression: from when on the state is as good as none. */
  readonly spent: string
}

/** Where a part stands. */
export interface Place {
  /** What its variables begin with. */
  readonly prefix: string
  /** The first of its arguments in ARGV, from 1. */
  readonly argument: number
  /** Where its closed entries begin, counted from the end of the front region. */
  readonly offset: number
  /** Length of the front region. */
  readonly front: number
  /** Whether limits come as arguments, because a plan may change them from subject to subject. */
  readonly planned: boolean
}

/** Lua that writes the closed entry `bytes` at `position` of `body`, which grows as entries are needed. */
export function putEntry(front: number, position: string, bytes: string): string {
  return `
do
  local position, bytes = ${position}, ${bytes}
  body = body or (s and string.sub(s, ${front + 1}, records) or '')
  if #body < position then body = body .. string.rep('\\0', position - #body) end
  body = string.sub(body, 1, position) .. bytes .. string.sub(body, position + #bytes + 1)
end`
}
