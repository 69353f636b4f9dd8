import type { Clock } from '../../clock.ts'
import { listIn, refuseAnswer, wholeIn } from '../connection/answers.ts'
import type { ServerTime } from '../connection/server-time.ts'
import type { LeaseAnswer, LeaseRequest } from '../frames.ts'
import { ACQUIRE } from './frame-scripts.ts'
import { type Commander, runScript } from './script.ts'

const MODES = { keep: 'k', drop: 'd', broken: 'b', force: 'f' } as const

/** What leases are asked for with. */
export interface LeaseTerms {
  readonly clock: Clock
  /** The clock of the server that is asked; it is learned from the answer. */
  readonly time: ServerTime
  readonly leaseTime: number
  /** Monotonic milliseconds. */
  readonly deadline: number
}

/** Asks one server for leases, all in one script; answers in their order. In a cluster their keys share a slot. */
export async function askForLeases(
  connection: Commander,
  requests: readonly LeaseRequest[],
  { clock, time, leaseTime, deadline }: LeaseTerms,
): Promise<LeaseAnswer[]> {
  const sentAt = clock.now()
  const args = [
    leaseTime,
    time.toServer(deadline),
    ...requests.flatMap(({ token, seen, mode }) => [token, seen, MODES[mode]]),
  ]
  const keys = requests.map(({ key }) => key)
  return runScript(connection, ACQUIRE, { keys, args, deadline }, (reply) => {
    const [now, ...answers] = listIn(reply)
    time.learn(wholeIn(now), sentAt, clock.now())
    if (String(answers[0]) === 'late') return requests.map(() => LATE)
    return listIn(answers, requests.length).map(answerOf)
  })
}

const LATE: LeaseAnswer = { status: 'late' }

function answerOf(answer: unknown): LeaseAnswer {
  const [kind, detail] = Array.isArray(answer) ? answer : [answer]
  switch (String(kind)) {
    case 'g':
      return { status: 'granted' }
    case 'w':
      return { status: 'wait', until: Number(String(detail)) }
    case 'c':
      return { status: 'changed' }
    case 'x':
      return { status: 'foreign' }
    default:
      return refuseAnswer('what became of a lease')
  }
}
