import { AsyncLocalStorage } from 'node:async_hooks'
import type { Transaction } from '../invalidation/transaction.ts'
import { enclosingLoad } from './current-load.ts'

/** How one call was answered, as `cache.observe` reports it. */
export interface CallReport {
  readonly outcome: 'hit' | 'stale' | 'miss' | 'bypass'
  /** Which tier answered; undefined for a bypass. */
  readonly tier: 'l1' | 'l2' | 'loader' | undefined
  /** Milliseconds since the value's load ended; undefined for a bypass. */
  readonly age: number | undefined
}

/** A policy for everything called inside a function: read past the cache, load anew, report, or wait for a commit. */
export interface CallScope {
  readonly owner: object
  readonly mode: 'bypass' | 'refresh' | 'observe' | 'transaction'
  readonly outer: CallScope | undefined
  /** Told of each call that is answered inside, when observing. */
  readonly report: ((report: CallReport) => void) | undefined
  /** What collects the invalidations made inside. */
  readonly transaction: Transaction | undefined
  /** The load around it: calls that a loader makes are not the observed ones. */
  readonly load: object | undefined
}

const scopes = new AsyncLocalStorage<CallScope>()
let running = 0

/** Whether a scope may apply here: hits ask this, and pay for the async context only while any scope runs in this process. */
export function scopesRun(): boolean {
  return running > 0 && scopes.getStore() !== undefined
}

/** What a scope carries for the calls inside it. */
export interface ScopeDetails {
  readonly report?: CallScope['report']
  readonly transaction?: Transaction
}

/** Runs `work` with a policy for the calls of one cache inside it. */
export function runInScope<T>(
  owner: object,
  mode: CallScope['mode'],
  work: () => T,
  { report, transaction }: ScopeDetails = {},
): T {
  running += 1
  const leave = () => {
    running -= 1
  }
  try {
    const result = scopes.run(
      { owner, mode, outer: scopes.getStore(), report, transaction, load: report && enclosingLoad() },
      work,
    )
    if (result instanceof Promise) result.then(leave, leave)
    else leave()
    return result
  } catch (error) {
    leave()
    throw error
  }
}

/** The innermost read policy that applies to a cache's calls here. */
export function readPolicyOf(owner: object): 'bypass' | 'refresh' | undefined {
  if (running === 0) return undefined
  for (let scope = scopes.getStore(); scope !== undefined; scope = scope.outer) {
    if (scope.owner === owner && (scope.mode === 'bypass' || scope.mode === 'refresh')) return scope.mode
  }
  return undefined
}

/** The innermost transaction of a cache that is open here. */
export function transactionOf(owner: object): Transaction | undefined {
  if (running === 0) return undefined
  for (let scope = scopes.getStore(); scope !== undefined; scope = scope.outer) {
    if (scope.owner === owner && scope.transaction?.ended === false) return scope.transaction
  }
  return undefined
}

/** Reports a call to the innermost observer of a cache, unless a loader made it that runs for the observed call. */
export function reportCall(owner: object, report: CallReport): void {
  if (running === 0) return
  for (let scope = scopes.getStore(); scope !== undefined; scope = scope.outer) {
    if (scope.owner === owner && scope.report !== undefined) {
      if (scope.load === enclosingLoad()) scope.report(report)
      return
    }
  }
}
