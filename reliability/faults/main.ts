import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { FAULTS } from './catalogue.ts'
import { compare, type PeerRow } from './comparison.ts'
import type { Row } from './row.ts'
import { aligned, faultTable, markdown, peerTable } from './table.ts'
import { FAST, FULL, runTrial } from './trial.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    fast: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    only: { type: 'string' },
    'without-peers': { type: 'boolean', default: false },
  },
})

const isAsked = ({ name }: { name: string }) => values.only === undefined || name.includes(values.only)
const scale = values.fast ? FAST : FULL

const rows: Row[] = []
for (const fault of FAULTS.filter(isAsked)) {
  const row = await runTrial(fault, scale)
  process.stderr.write(
    `${row.ok ? 'ok      ' : 'VIOLATED'} ${row.fault}${row.firstError === undefined ? '' : `: ${row.firstError}`}\n`,
  )
  rows.push(row)
}

const compared: PeerRow[] =
  values['without-peers'] || values.only !== undefined
    ? []
    : await compare(scale.fault, ({ fault, library }) => process.stderr.write(`compared ${library}, ${fault}\n`))

const violated = rows.filter(({ ok }) => !ok)
if (values.json) {
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length }
  process.stdout.write(
    `${JSON.stringify({ ok: violated.length === 0, machine, faults: rows, comparison: compared })}\n`,
  )
} else {
  const layout = values.markdown ? markdown : aligned
  process.stdout.write(`${faultTable(rows, layout)}\n`)
  if (compared.length > 0) process.stdout.write(`\n${peerTable(compared, layout)}\n`)
  process.stdout.write(`\nfaults: rows=${rows.length} violated=${violated.length}\n`)
}
// A peer's client may still be trying to reconnect: it would keep the process alive.
process.exit(violated.length === 0 ? 0 : 1)
