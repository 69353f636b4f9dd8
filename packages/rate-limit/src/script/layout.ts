/** Where everything stands: the fields of a packed subject, and the arguments of a call. */
import type { Rule } from '../rule/rule.ts'
import type { RuleSet } from '../rule/subject.ts'
import { bucketPart } from './bucket-part.ts'
import { counterPart } from './counter-part.ts'
import { leasePart } from './lease-part.ts'
import type { Field, Part, Place } from './part.ts'
import { PENALTY_FIELDS } from './penalty-piece.ts'
import { windowPart } from './window-part.ts'

/** How to assemble. */
export interface AssemblyOptions {
  /** Whether limits come with every call, because they depend on the subject. */
  readonly planned: boolean
  /** Where the time comes from: the server, or, in tests that replay a history, the last argument; keys then never expire. */
  readonly time: 'server' | 'argument'
}

/** In the first byte of every packed subject. Another version's subject counts as never seen. */
export const VERSION = 1
/** In its place for a subject that was reset: who has used it before is not to tell of that. */
export const VERSION_RESET = 2

const HEADER: readonly Field[] = [
  { name: 'birth', format: 'I4' },
  { name: 'last', format: 'd' },
  { name: 'ahead', format: 'd' },
  { name: 'expires', format: 'd' },
  { name: 'blocked', format: 'd' },
  { name: 'open', format: 'I2' },
]

const SIZES: Readonly<Record<Field['format'], number>> = { d: 8, I2: 2, I4: 4, I6: 6 }

/** The parts of a set's rules, placed. */
export interface Layout {
  readonly parts: readonly { readonly prefix: string; readonly part: Part }[]
  readonly fields: readonly Field[]
  /** Length of the front region. */
  readonly front: number
  /** The first argument that belongs to the operation. */
  readonly first: number
}

/** Operation and birth come first in ARGV, then the parts' arguments, then the operation's own. */
export function layOut(set: RuleSet, { planned }: AssemblyOptions): Layout {
  const place = (front: number) => {
    let argument = 3
    let offset = 0
    const parts = set.rules.map((rule, index) => {
      const prefix = `${String.fromCharCode(97 + index)}_`
      const part = partOf(rule, { prefix, argument, offset, front, planned })
      argument += part.arguments.count
      offset += part.bytes
      return { prefix, part }
    })
    const own = parts.flatMap(({ part }) => part.fields)
    return {
      parts,
      fields: [...HEADER, ...(set.penalty === undefined ? [] : PENALTY_FIELDS), ...own],
      front,
      first: argument,
    }
  }
  const { fields } = place(0)
  return place(fields.reduce((sum, { format }) => sum + SIZES[format], 1))
}

function partOf(rule: Rule, place: Place): Part {
  if (rule.kind === 'window') return windowPart(rule, place)
  if (rule.kind === 'bucket') return bucketPart(rule, place)
  return rule.kind === 'counter' ? counterPart(rule, place) : leasePart(rule, place)
}

/** The `struct` format of the front region: the version, then the fields. */
export function packFormat(fields: readonly Field[]): string {
  return `<B${fields.map(({ format }) => format).join('')}`
}
