import { learnedJudge } from '@granary/semantic'
import { atLeast, type Goal, type Row, round } from '../report.ts'
import { replay, seeded } from './replay.ts'
import { simulated, TROUBLES, type Trouble } from './simulated.ts'

const STREAMS = 200
const REQUESTS = 4_000
const LIMITS = [0.1, 0.05, 0.02]

interface Trial {
  readonly trouble: Trouble
  readonly limit: number
  readonly hits: number
  readonly wrong: number
  readonly worst: number
}

/** 200 made-up streams, each with one of the troubles and one of three bounds. */
export function boundRows(): { readonly rows: Row[]; readonly goals: Goal[] } {
  const trials = Array.from({ length: STREAMS }, (_, number): Trial => {
    const trouble = TROUBLES[number % TROUBLES.length] as Trouble
    const limit = LIMITS[Math.floor(number / TROUBLES.length) % LIMITS.length] as number
    const outcome = replay(
      simulated(number, trouble, REQUESTS),
      learnedJudge({ maxWrongPerHit: limit }),
      seeded(number + 1_000_000),
    )
    if (number % 20 === 19) process.stderr.write(`${number + 1} of ${STREAMS} streams\n`)
    return { trouble, limit, hits: outcome.hits, wrong: outcome.wrong, worst: outcome.worst }
  })
  const rows = TROUBLES.flatMap((trouble) =>
    LIMITS.map((limit) => rowOf(trials.filter((trial) => trial.trouble === trouble && trial.limit === limit))),
  )
  const share = (kept: (trial: Trial) => boolean) => trials.filter(kept).length / trials.length
  return {
    rows,
    goals: [
      atLeast(
        'share of streams whose wrong answers per hit stayed within the bound',
        share(({ hits, wrong, limit }) => wrong <= limit * hits),
        0.95,
      ),
      atLeast(
        'share of streams that were within it at every moment after 100 hits',
        share(({ worst, limit }) => worst <= limit),
        0.95,
      ),
    ],
  }
}

function rowOf(trials: readonly Trial[]): Row {
  const [first] = trials
  const hits = trials.reduce((sum, trial) => sum + trial.hits, 0)
  const wrong = trials.reduce((sum, trial) => sum + trial.wrong, 0)
  return {
    name: `${first?.trouble}, bound ${100 * (first?.limit ?? 0)} %`,
    streams: trials.length,
    'hits, %': round((100 * hits) / (trials.length * REQUESTS)),
    'wrong per hit, %': hits === 0 ? 0 : round((100 * wrong) / hits),
    'beyond the bound': trials.filter((trial) => trial.wrong > trial.limit * trial.hits).length,
  }
}
