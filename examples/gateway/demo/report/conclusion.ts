import { CHAT_BOUND, type ChatCounts } from '../oracle/chat-ledger.ts'
import type { OutageReport } from '../outage.ts'
import type { PhaseReport } from './phase.ts'
import { comparison, percent, time } from './tables.ts'

const OBJECTIONS = 10

/** So many answers by meaning say something of a share. */
const TELLING = 100

/** What the demo found. */
export interface DemoResult {
  readonly processes: number
  /** On the database as it is. */
  readonly near: { readonly before: PhaseReport; readonly after: PhaseReport }
  /** With emulated latency. */
  readonly far: { readonly before: PhaseReport; readonly after: PhaseReport }
  /** What the driver believed and the database does not hold. */
  readonly differences: readonly string[]
  /** Where chat answers came from while there was a cache, and what that saved. */
  readonly chat: ChatCounts & { readonly cost: number; readonly tokens: number }
  /** What the rate limits decided, and where they were wrong. */
  readonly limits: { readonly admissions: number; readonly refusals: number; readonly findings: readonly string[] }
  /** Processes that ended by themselves. */
  readonly lost: number
  /** The phase in which Redis was killed and came back; undefined when the demo has no Redis to kill. */
  readonly outage: OutageReport | undefined
}

/** Whether every answer was right. */
export function isRight(result: DemoResult): boolean {
  return staleReads(result) === 0 && errors(result) === 0
}

/** The last line: everything a script wants to know. */
export function concludingLine(result: DemoResult): string {
  const { before, after } = result.near
  const requests = sum(phases(result).map((phase) => phase.sent))
  const saved = before.queriesPerRequest === 0 ? 0 : 1 - after.queriesPerRequest / before.queriesPerRequest
  const figures = `requests=${requests} hit_rate=${percent(after.hitRate)} db_queries_saved=${percent(saved)}`
  const verdict = isRight(result) ? 'ok' : 'failed'
  return `demo: ${verdict} ${figures} stale_reads=${staleReads(result)} errors=${errors(result)}`
}

/** The first things that were not right. */
export function objections(result: DemoResult): string[] {
  return [
    ...phases(result).flatMap(({ examples }) => examples),
    ...result.limits.findings,
    ...result.differences,
  ].slice(0, OBJECTIONS)
}

/** The tables, and what stands below them. */
export function tables(result: DemoResult): string {
  const { near, far, differences } = result
  const checked = `300 users and the whole catalog compared with the database: ${differences.length} differences`
  return [
    '',
    comparison('On the database as it is, on this machine:', near.before, near.after),
    '',
    comparison('With emulated latency, 50 to 150 ms per statement (a database far away):', far.before, far.after),
    '',
    ...[...outageLines(result), ...chatLines(result), limitsLine(result), ...stalenessLines(result), checked].map(
      (line) => `  ${line}`,
    ),
  ].join('\n')
}

function stalenessLines(result: DemoResult): string[] {
  const cached = phases(result).filter((phase) => phase.cached)
  const judged = sum(cached.map((phase) => phase.judged))
  const noticeable = sum(cached.map((phase) => phase.noticeablyStale))
  const largest = Math.max(...cached.map((phase) => phase.largestStaleness))
  const queued = sum(cached.map((phase) => phase.queued))
  const largestQueued = Math.max(...cached.map((phase) => phase.largestQueuedStaleness))
  const share = judged === 0 ? 0 : noticeable / judged
  return [
    `Judged one by one: ${judged} answers with the cache, ${sum(phases(result).map((phase) => phase.judged)) - judged} without`,
    `Largest staleness seen: ${time(largest)} (the bound is maxStaleness, 1 s); above 50 ms: ${(share * 100).toFixed(3)}% of the answers with the cache`,
    ...(queued === 0
      ? []
      : [
          `Of ${queued} changes that Redis could not be told of at once: ${time(largestQueued)} (the bound is their replay and 1 s)`,
        ]),
  ]
}

function outageLines({ outage, processes }: DemoResult): string[] {
  if (outage === undefined) return ['Redis was not killed: the demo had none of its own']
  const { downFor, noticed, recoveredWithin, phase } = outage
  const back =
    recoveredWithin === undefined
      ? 'not all used it again'
      : `all used it again ${time(recoveredWithin)} after its return`
  const { requests, overall, queued } = phase
  return [
    `Redis was killed and away for ${time(downFor)}: ${noticed} of ${processes} processes noticed, ${back}`,
    `Around it ${requests} requests, p50 ${time(overall.p50)}, p99 ${time(overall.p99)}; ${queued} changes reached the other processes on its return`,
  ]
}

function limitsLine({ limits: { admissions, refusals, findings } }: DemoResult): string {
  return `Rate limits: ${admissions} requests let in and ${refusals} refused, each held against all others; ${findings.length} wrongly`
}

function chatLines({ chat }: DemoResult): string[] {
  const { exact, semantic, model, mistaken, strangers, cost, tokens } = chat
  const all = exact + semantic + model
  const share = all === 0 ? 0 : (exact + semantic) / all
  return [
    `Chat answers: ${all}, of them ${exact} exact and ${semantic} by meaning: ${percent(share)} of the model's calls, ${tokens} tokens and $${cost.toFixed(4)} saved`,
    `Of those by meaning ${mistaken} were another question's (the bound is ${percent(CHAT_BOUND)}); of all, ${strangers} were another user's`,
  ]
}

/** Whether more answers by meaning were wrong than the bound allows. */
function isOverBound({ chat: { semantic, mistaken } }: DemoResult): boolean {
  return semantic >= TELLING && mistaken > CHAT_BOUND * semantic
}

function phases({ near, far, outage }: DemoResult): PhaseReport[] {
  const all = [near.before, near.after, far.before, far.after]
  return outage === undefined ? all : [...all, outage.phase]
}

function staleReads(result: DemoResult): number {
  return sum(phases(result).map((phase) => phase.stale))
}

function errors(result: DemoResult): number {
  return (
    sum(phases(result).map((phase) => phase.errors)) +
    result.limits.findings.length +
    result.differences.length +
    result.lost +
    (isOverBound(result) ? 1 : 0)
  )
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0)
}
