/** What a limit set says about a call, in the terms of its users. */

/** How one limit stands. */
export interface LimitStanding {
  /** Units that the limit allows: in its window or period, in a full bucket, or held at once. Infinity for no limit. */
  readonly limit: number
  /** Units that are left, after this call if it was admitted. */
  readonly remaining: number
  /** Milliseconds until this call fits into this limit: 0 when it does, Infinity when it never will. */
  readonly retryAfterMs: number
  /** Milliseconds until more units come back; 0 when all are there. */
  readonly resetMs: number
  /** Milliseconds of the window or period; of the time a bucket takes to fill; undefined for concurrency. */
  readonly windowMs: number | undefined
  /** What is counted: `'requests'` unless the limit says otherwise. */
  readonly unit: string
}

interface Decided<Name extends string> {
  /** The limit set. */
  readonly name: string
  /** Whose call it was; a digest, in sets of secret subjects. */
  readonly subject: string
  /** How each limit stands; empty for decisions by list. */
  readonly limits: Readonly<Partial<Record<Name, LimitStanding>>>
  /**
   * Where it was decided: `redis`; `memory`, without Redis; `local`, this process's share while Redis is away; `remembered`,
   * a refusal of a moment ago; `list`, an allow or deny list.
   */
  readonly source: 'redis' | 'memory' | 'local' | 'remembered' | 'list'
  /** Whether Redis should have decided and could not. */
  readonly degraded: boolean
  /** When it was decided, in Unix milliseconds of the clock that decided: Redis's wherever Redis did. */
  readonly at: number
}

/** The call may go ahead, and was counted. */
export interface Admitted<Name extends string = string> extends Decided<Name> {
  readonly ok: true
  readonly violated: readonly []
  readonly retryAfterMs: 0
  readonly reason: 'admitted' | 'allowed'
}

/** The call must not go ahead, and was not counted. */
export interface Refused<Name extends string = string> extends Decided<Name> {
  readonly ok: false
  /** The limits that refused, in the order of their declaration. */
  readonly violated: readonly Name[]
  /** Milliseconds until the call can succeed if nobody else is admitted before; Infinity when it never can. */
  readonly retryAfterMs: number
  /** Whether a limit refused, a block (`block()` or a penalty), or the deny list. */
  readonly reason: 'limit' | 'blocked' | 'denied'
}

/** An answer. Test `ok`. */
export type Decision<Name extends string = string> = Admitted<Name> | Refused<Name>
