/** What part of a limit is this process's while nobody counts for all of them. */
import type { Rule } from '../rule/rule.ts'
import type { RuleSet } from '../rule/subject.ts'
import type { Place } from './peers.ts'

/**
 * This process's part of `units`. Parts are whole and add up to `units` exactly; who gets the odd ones depends on the
 * subject, so that a limit smaller than the number of processes is not always with the same ones.
 */
export function partOf(units: number, { peers, rank }: Place, subject: number): number {
  const part = Math.floor(units / peers)
  return (rank + subject) % peers < units % peers ? part + 1 : part
}

/** The rules with this process's part of each limit. */
export function scaleRules(set: RuleSet, place: Place, subject: number): RuleSet {
  return place.peers === 1 ? set : { ...set, rules: set.rules.map((rule) => scaleRule(rule, place, subject)) }
}

function scaleRule(rule: Rule, place: Place, subject: number): Rule {
  if (rule.kind === 'bucket') {
    return { ...rule, interval: rule.interval * place.peers, burst: partOf(rule.burst, place, subject) }
  }
  return { ...rule, limit: partOf(rule.limit, place, subject) }
}

/** A number that spreads subjects over the processes: FNV-1a of the key (Fowler, Noll, Vo), 31 bits. */
export function spreadOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  }
  return hash >>> 1
}
