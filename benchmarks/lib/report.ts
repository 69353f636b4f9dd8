import { cpus, release } from 'node:os'

/** One measured thing: what, and its figures. */
export type Row = Readonly<Record<string, string | number>>

/** A figure that a question wants to reach, and whether this run did. */
export interface Goal {
  readonly name: string
  readonly value: number
  readonly goal: number
  readonly met: boolean
}

/** `value` must not be above `goal`. */
export function atMost(name: string, value: number, goal: number): Goal {
  return { name, value: round(value), goal, met: value <= goal }
}

/** `value` must not be below `goal`. */
export function atLeast(name: string, value: number, goal: number): Goal {
  return { name, value: round(value), goal, met: value >= goal }
}

/** Three significant digits. */
export function round(value: number): number {
  return Number(value.toPrecision(3))
}

/** Prints the answer to a question: one JSON object with `--json`, a table otherwise. */
export function report(question: string, rows: readonly Row[], goals: readonly Goal[]): void {
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ question, machine: machine(), rows, goals }))
    return
  }
  console.log(`${question}\n${machine()}\n`)
  console.table(rows)
  for (const { name, value, goal, met } of goals)
    console.log(`${met ? 'met    ' : 'not met'}  ${name}: ${value} (goal ${goal})`)
}

function machine(): string {
  const [first] = cpus()
  return `${cpus().length} x ${first?.model.trim() ?? 'unknown'}, Linux ${release()}, Node ${process.version}`
}
