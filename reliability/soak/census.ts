import { setTimeout as wait } from 'node:timers/promises'

/** What a process holds on to at one moment. */
export interface Census {
  /** Seconds since the soak began. */
  readonly at: number
  /** Bytes of heap after a full collection. */
  readonly heap: number
  readonly external: number
  readonly sockets: number
  /** Timers of the caches that wait. */
  readonly timers: number
  /** Whatever else keeps a process alive, sockets included. */
  readonly handles: number
  readonly listeners: number
}

/** Counts what is there, after collecting what is not needed any more. Needs `--expose-gc`. */
export async function takeCensus(at: number, clock: { readonly pending: number }): Promise<Census> {
  const { gc } = globalThis as { gc?: () => void }
  for (let pass = 0; pass < 3; pass++) {
    gc?.()
    await wait(20)
  }
  const { heapUsed, external } = process.memoryUsage()
  const resources = process.getActiveResourcesInfo()
  const count = (kind: RegExp) => resources.filter((each) => kind.test(each)).length
  return {
    at,
    heap: heapUsed,
    external,
    sockets: count(/TCP|TLS|Pipe/),
    timers: clock.pending,
    handles: resources.length - count(/Timeout|Immediate/),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  }
}
