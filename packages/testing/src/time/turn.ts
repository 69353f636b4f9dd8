/** Taken when this module loads, so that a test which fakes timers later does not fake ours. */
const immediate = setImmediate

/**
 * Resolves after one turn of the event loop: every microtask, `process.nextTick` and already due I/O callback has run by then.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    immediate(resolve)
  })
}
