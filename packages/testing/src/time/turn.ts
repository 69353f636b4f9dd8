/** Taken when this module loads, so that a test which fakes timers later does not fake ours. */
const immediate = setImmediate
const timeout = setTimeout

/**
 * Resolves after one turn of the event loop: every microtask, `process.nextTick` and already due I/O callback has run by then.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    immediate(resolve)
  })
}

/** Resolves after a millisecond of real time, in which sockets and worker threads get on. */
export function breath(): Promise<void> {
  return new Promise((resolve) => {
    timeout(resolve, 1)
  })
}
