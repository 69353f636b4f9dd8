import { setTimeout as wait } from 'node:timers/promises'
import { getHeapCodeStatistics } from 'node:v8'

/** What a process holds on to at one moment. */
export interface Census {
  /** Seconds since the soak began. */
  readonly at: number
  /** Bytes of heap after a full collection, without code. */
  readonly heap: number
  /** Bytes of machine code, bytecode and what belongs to them: V8 goes on compiling for a quarter of an hour. */
  readonly code: number
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
  const code = codeSize()
  const resources = process.getActiveResourcesInfo()
  const count = (kind: RegExp) => resources.filter((each) => kind.test(each)).length
  return {
    at,
    heap: heapUsed - code,
    code,
    external,
    sockets: count(/TCP|TLS|Pipe/),
    timers: clock.pending,
    handles: resources.length - count(/Timeout|Immediate/),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  }
}

function codeSize(): number {
  const { code_and_metadata_size, bytecode_and_metadata_size } = getHeapCodeStatistics()
  return code_and_metadata_size + bytecode_and_metadata_size
}
