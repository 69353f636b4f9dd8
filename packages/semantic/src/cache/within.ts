import type { Clock } from '@granary/core'

/** Work that was not done in its time. */
export class DeadlineMissed extends Error {
  override readonly name = 'DeadlineMissed'

  constructor(milliseconds: number) {
    super(`not done within ${milliseconds} ms`)
  }
}

/** Runs `work` for at most so many milliseconds: then its signal fires and the promise rejects, whatever the work does. */
export function within<T>(clock: Clock, milliseconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController()
    const cancel = clock.schedule(milliseconds, () => {
      const missed = new DeadlineMissed(milliseconds)
      controller.abort(missed)
      reject(missed)
    })
    const settle = <V>(then: (value: V) => void) => {
      return (value: V) => {
        cancel()
        then(value)
      }
    }
    try {
      work(controller.signal).then(settle(resolve), settle(reject))
    } catch (error) {
      settle(reject)(error)
    }
  })
}

/** The promise, unless the signal fires first: then its reason. What the promise stands for goes on. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
