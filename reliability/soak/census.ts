import { countHeap } from './heap-share.ts'

/** What a process holds on to at one moment. */
export interface Census {
  /** Seconds since the soak began. */
  readonly at: number
  /** Bytes of heap that the program holds after a full collection. */
  readonly heap: number
  /** Bytes of heap that are V8's own: code and what belongs to it. */
  readonly engine: number
  readonly external: number
  readonly sockets: number
  /** Timers of the caches that wait. */
  readonly timers: number
  /** Whatever else keeps a process alive, sockets included. */
  readonly handles: number
  readonly listeners: number
}

/** Counts what is there, after collecting what is not needed any more. */
export async function takeCensus(at: number, clock: { readonly pending: number }): Promise<Census> {
  const { program, engine } = await countHeap()
  const resources = process.getActiveResourcesInfo()
  const count = (kind: RegExp) => resources.filter((each) => kind.test(each)).length
  return {
    at,
    heap: program,
    engine,
    external: process.memoryUsage().external,
    sockets: count(/TCP|TLS|Pipe/),
    timers: clock.pending,
    handles: resources.length - count(/Timeout|Immediate/),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  }
}
