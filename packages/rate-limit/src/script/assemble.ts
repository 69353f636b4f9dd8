/**
 * The one script of a limit set: all limits of a subject live in one packed string and are decided in one execution.
 *
 * It is assembled from the parts of the set's rules, with their numbers written in as constants and their fields as local
 * variables: a script that took the rules as arguments spent more time on reading them than on deciding. The number of
 * scripts is that of the limit sets an application defines, and their text depends on nothing else.
 *
 * The packed subject: a front region with the header and the numbers of every rule, which an admission rewrites in place
 * (SETRANGE); then the closed entries of windows, as far as they were ever used; then the leases, 20 bytes each.
 */
import { createHash } from 'node:crypto'
import type { RuleSet } from '../rule/subject.ts'
import { block, renew, reset, settle } from './amending.ts'
import { charge } from './charging.ts'
import { type AssemblyOptions, layOut } from './layout.ts'
import { LEASES_ROLL } from './lease-part.ts'
import { readSubject, writeSubject } from './packed-subject.ts'

/** A script, ready for EVALSHA and EVAL. */
export interface Script {
  readonly text: string
  /** SHA-1 of the text, as Redis names scripts. */
  readonly sha: string
  /** Bytes of a subject that has used every closed entry, without leases. */
  readonly bytes: number
}

/** Assembles the script of a limit set. */
export function assembleScript(set: RuleSet, options: AssemblyOptions): Script {
  const layout = layOut(set, options)
  const text = [
    readSubject(layout, options),
    ...layout.parts.map(({ part }) => part.arguments.read),
    LEASES_ROLL(layout.front),
    ...layout.parts.map(({ part }) => part.roll),
    'local body, tail, result',
    "if op == 'settle' then",
    settle(layout),
    "elseif op == 'renew' then",
    renew(set, layout),
    "elseif op == 'block' then",
    block(layout),
    "elseif op == 'reset' then",
    reset(layout),
    'else',
    charge(set, layout),
    'end',
    writeSubject(set, layout, options),
    'return result',
  ].join('\n')
  const script = tidy(text)
  const bytes = layout.parts.reduce((sum, { part }) => sum + part.bytes, layout.front)
  return { text: script, sha: createHash('sha1').update(script).digest('hex'), bytes }
}

function tidy(text: string): string {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '').join('\n')
}
