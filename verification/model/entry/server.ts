import { copy } from '../copy.ts'
import type { Move } from './process.ts'
import type { Answer, Command, Redis, State } from './state.ts'

/** Executes the oldest unexecuted command of a process. `steal`: the lease of the other has run out. */
export function execute(move: Move, at: number, command: Command, steal: boolean): void {
  const { state, bugs } = move
  const { redis } = state
  if (command.kind !== 'get' && command.kind !== 'beat' && command.kind !== 'records') state.replica = copy(redis)
  let verdict: Answer['verdict'] = ''
  switch (command.kind) {
    case 'acquire':
      verdict = acquire(redis, command, steal)
      break
    case 'force':
      redis.frame = { token: command.token, value: redis.frame?.value ?? null }
      verdict = 'granted'
      break
    case 'commit':
      verdict = commit(redis, command, bugs.has('commit without token'))
      break
    case 'put':
      verdict = commit(redis, command, bugs.has('put overwrites'))
      if (verdict === 'rejected') redis.frame = null
      break
    case 'bump':
    case 'replay':
    case 'told':
      bump(move, at, command)
      break
    case 'hello':
      open(state)
      break
    default:
  }
  command.answer = {
    frame: copy(redis.frame),
    clock: copy(redis.clock),
    life: redis.life,
    record: redis.record,
    verdict,
  }
}

/** ACQUIRE: a held lease is waited for; what was judged invalid is dropped. */
function acquire(redis: Redis, { token, value }: Command, steal: boolean): Answer['verdict'] {
  const { frame } = redis
  if (frame?.value && JSON.stringify(frame.value) !== JSON.stringify(value)) return 'wait'
  if (frame !== null && frame.token !== 0 && !steal) return 'wait'
  redis.frame = { token, value: null }
  return 'granted'
}

/** COMMIT and COMMIT_PUT. */
function commit(redis: Redis, { token, value }: Command, always: boolean): Answer['verdict'] {
  if (redis.frame?.token !== token && !always) return 'rejected'
  redis.frame = { token: 0, value }
  return 'stored'
}

/** OPEN: lost or foreign metadata is made anew. */
function open(state: State): NonNullable<Redis['clock']> {
  const { redis } = state
  if (redis.clock === null || redis.clock.life !== redis.life) {
    state.incs += 1
    redis.clock = { inc: state.incs, c: 0, n: 0, life: redis.life }
    redis.record = 0
    tell(state, { from: -1, tag: false, reset: true })
  }
  return redis.clock
}

/** BUMP. `told` is the message of a write-through, which deletes nothing. */
function bump({ state }: Move, at: number, { kind, tag, value, version }: Command): void {
  const clock = open(state)
  const both = kind === 'replay' && value !== null
  if (kind !== 'told' && (!tag || both)) state.redis.frame = null
  if (tag) {
    clock.c += 1
    state.redis.record = clock.c
  }
  clock.n += 1
  tell(state, { from: at, tag, reset: false })
  if (both || version < 0) tell(state, { from: at, tag: false, reset: false })
}

function tell(state: State, what: { from: number; tag: boolean; reset: boolean }): void {
  const { inc, c, n } = state.redis.clock as NonNullable<Redis['clock']>
  for (const process of state.processes) process.bus.push({ inc, c, n, ...what })
}

/** A replica that had not heard of the last command takes over: another life, all connections closed. */
export function failOver(move: Move): void {
  const { state } = move
  const life = state.redis.life + 1
  state.redis = { ...copy(state.replica), life }
  state.replica = copy(state.redis)
}
