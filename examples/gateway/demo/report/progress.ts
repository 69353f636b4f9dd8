import cliProgress from 'cli-progress'
import type { Tally } from '../driver/tally.ts'

/** Shows how far a phase is. */
export interface Progress {
  /** Call it after each answer. */
  update(tally: Tally): void
  /** Call it at the end. */
  stop(tally: Tally): void
}

/** A bar on a terminal; elsewhere one line when the phase ends. */
export function showProgress(label: string, seconds: number, output: NodeJS.WriteStream): Progress {
  const started = performance.now()
  const elapsed = () => Math.min(seconds, (performance.now() - started) / 1_000)
  if (!output.isTTY) return plainProgress(label, output, elapsed)
  const bar = new cliProgress.SingleBar({
    format: `  ${label} {bar} {percentage}% | {requests} requests, {stale} stale`,
    hideCursor: true,
    stream: output,
  })
  bar.start(seconds, 0, { requests: 0, stale: 0 })
  let shown = 0
  return {
    update: (tally) => {
      if (elapsed() - shown < 0.1) return
      shown = elapsed()
      bar.update(shown, { requests: tally.requests, stale: tally.stale })
    },
    stop: (tally) => {
      bar.update(seconds, { requests: tally.requests, stale: tally.stale })
      bar.stop()
    },
  }
}

function plainProgress(label: string, output: NodeJS.WriteStream, elapsed: () => number): Progress {
  return {
    update: () => {},
    stop: ({ requests, changes }) => {
      output.write(`  ${label}: ${requests} requests, ${changes} of them changes, in ${elapsed().toFixed(0)} s\n`)
    },
  }
}
