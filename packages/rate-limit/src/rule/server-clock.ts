/**
 * A subject's own clock: the server's, except that it never steps back. After a failover to a server whose clock is behind,
 * time goes on from where it was, at half speed until the difference is made up: windows may then last longer, never
 * shorter, and no subject is stuck until the clock has caught up.
 */
import type { Micros } from './verdict.ts'

/** What a subject remembers about time. */
export interface ClockState {
  /** The subject's time when it was last written. */
  readonly last: Micros
  /** How far the subject's time was ahead of the server's then. */
  readonly ahead: Micros
}

/** A subject's time. */
export interface Reading {
  readonly now: Micros
  readonly ahead: Micros
}

/** The subject's time when the server's is `at`. */
export function readClock({ last, ahead }: ClockState, at: Micros): Reading {
  const elapsed = at - (last - ahead)
  const lead = elapsed < 0 ? ahead - elapsed : Math.max(0, ahead - Math.floor(elapsed / 2))
  return { now: at + lead, ahead: lead }
}

/** 2020-01-01T00:00:00Z in Unix seconds: the zero of every stored time, so that doubles keep 1/8 µs until 2055. */
export const EPOCH_SECONDS = 1_577_836_800

/** The stored form of a Unix time in milliseconds. */
export function fromUnixMs(milliseconds: number): Micros {
  return Math.floor(milliseconds * 1000) - EPOCH_SECONDS * 1_000_000
}

/** The Unix time in milliseconds of a stored time. */
export function toUnixMs(micros: Micros): number {
  return EPOCH_SECONDS * 1000 + micros / 1000
}
