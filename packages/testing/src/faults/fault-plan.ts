import { InvalidTestOption } from '../errors.ts'

/** Which way bytes travel: `up` from the client to Redis, `down` from Redis to the client. */
export type Direction = 'up' | 'down'

/** One client connection as a fault chooses among them. */
export interface ProxiedConnection {
  /** 0 for the first connection that the proxy accepted, 1 for the second, … */
  readonly index: number
  /** Whether the client has ended it: Redis, when it is frozen, may not have noticed. */
  readonly abandoned: boolean
  /** Whether the client has sent this command on it, the one that is passing just now included. */
  sent(command: string): boolean
}

/** Connections by their index, or by a question about each; asked again whenever bytes pass. */
export type ConnectionChoice = readonly number[] | ((connection: ProxiedConnection) => boolean)

/** A point in a fault's life: exactly one of these, counted over the connections and from the moment that the fault waits. */
export type Moment =
  /** So many milliseconds have passed. */
  | { readonly ms: number }
  /** So many commands have passed on to Redis. */
  | { readonly commands: number }
  /** So many replies have passed on to the client. */
  | { readonly replies: number }

/** When a fault begins and ends; without `after` at once, without `until` when it is lifted. */
export interface FaultTiming {
  /** When it begins, counted from its injection. */
  readonly after?: Moment
  /** When it ends by itself, counted from its beginning. */
  readonly until?: Moment
}

/** Which bytes a fault concerns. */
export interface FaultScope {
  /** Which connections; default all, those to come included. */
  readonly connections?: ConnectionChoice
  /** Which way; default both. A `cut` concerns `down` by default. */
  readonly direction?: Direction
}

/** What a fault does to the connections and bytes in its scope. */
export type Disturbance =
  /** Connections are accepted and nothing passes; when it ends, everything does, in order. */
  | { readonly kind: 'hang' }
  /** Bytes are swallowed; when it ends, connections that lost some are reset. */
  | { readonly kind: 'black-hole' }
  /** Connections are reset (TCP RST): those open when it begins, and later ones as soon as they are accepted. */
  | { readonly kind: 'reset' }
  /** Every message is delayed by `ms`, give or take up to `jitter` milliseconds; order is kept. */
  | { readonly kind: 'delay'; readonly ms: number; readonly jitter?: number }
  /** No more than so many bytes a second pass. */
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number }
  /** Of each connection so many more bytes pass, then it is closed: with a reset, or in good order under `how: 'end'`. */
  | { readonly kind: 'cut'; readonly afterBytes: number; readonly how?: 'reset' | 'end' }
  /** Of each connection so many messages of pub/sub are swallowed; it stays open, and replies pass. */
  | { readonly kind: 'lose'; readonly messages: number }
  /** One random bit of each hit byte is flipped; `share` in (0, 1] is the chance of a byte to be hit. */
  | { readonly kind: 'corrupt'; readonly share: number }

/**
 * The proxy does not listen: new connections get ECONNREFUSED. Open ones are reset when it begins, unless `existing` is
 * `keep`.
 */
export interface Refusal extends FaultTiming {
  readonly kind: 'refuse'
  readonly existing?: 'reset' | 'keep'
}

/** One fault for a proxy to play: what it does, to which bytes, and when. */
export type FaultPlan = (Disturbance & FaultScope & FaultTiming) | Refusal

/** Throws {@link InvalidTestOption} for a plan that cannot be played. */
export function checkFaultPlan(plan: FaultPlan): void {
  checkMoment('after', plan.after)
  checkMoment('until', plan.until)
  oneOf('direction', (plan as FaultScope).direction, ['up', 'down'])
  switch (plan.kind) {
    case 'delay':
      atLeast('ms', plan.ms, 0)
      if (plan.jitter !== undefined) atLeast('jitter', plan.jitter, 0)
      return
    case 'throttle':
      atLeast('bytesPerSecond', plan.bytesPerSecond, 1)
      return
    case 'cut':
      atLeast('afterBytes', plan.afterBytes, 0)
      oneOf('how', plan.how, ['reset', 'end'])
      return
    case 'lose':
      atLeast('messages', plan.messages, 1)
      return
    case 'corrupt':
      if (plan.share > 0 && plan.share <= 1) return
      throw new InvalidTestOption('share', plan.share, 'give a number above 0 and up to 1')
    case 'hang':
      if (plan.until === undefined || 'ms' in plan.until) return
      throw new InvalidTestOption(
        'until',
        JSON.stringify(plan.until),
        'nothing passes a hang that could be counted: give ms',
      )
    case 'refuse':
    case 'reset':
    case 'black-hole':
      return
    default:
      throw new InvalidTestOption('kind', (plan as { kind: unknown }).kind, 'see the kinds of FaultPlan')
  }
}

function checkMoment(option: string, moment: Moment | undefined): void {
  if (moment === undefined) return
  const entries = Object.entries(moment)
  const [unit, amount] = entries[0] ?? []
  if (entries.length === 1 && (unit === 'ms' || unit === 'commands' || unit === 'replies')) {
    atLeast(`${option}.${unit}`, amount as number, 0)
    return
  }
  throw new InvalidTestOption(option, JSON.stringify(moment), 'give exactly one of ms, commands and replies')
}

function atLeast(option: string, value: number, least: number): void {
  if (Number.isFinite(value) && value >= least) return
  throw new InvalidTestOption(option, value, `give a finite number from ${least}`)
}

function oneOf(option: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return
  throw new InvalidTestOption(option, value, `give ${known.map((word) => `'${word}'`).join(' or ')}`)
}
