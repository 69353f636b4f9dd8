import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Tally, type TallyRecord } from './tally.ts'

const verification = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const packages = join(verification, '..', 'packages')

/** What was run before is worth something only for the engine and the instrument that it was run with. */
const SOURCES = [
  join(packages, 'core', 'src'),
  join(packages, 'serialization', 'src'),
  join(verification, 'torture'),
  join(verification, 'simulation'),
]

/** What earlier runs have added up to, kept in a file between runs. */
export class Progress {
  readonly #path: string
  readonly #digest: string
  /** What was found in the file; undefined when there is nothing that this run could go on with. */
  readonly earlier: Tally | undefined

  /** `name` tells campaigns apart: world, library, seed. */
  constructor(name: string, digest = digestOf(SOURCES)) {
    this.#path = join(verification, '.cache', `progress-${name}.json`)
    this.#digest = digest
    this.earlier = this.#read()
  }

  save(tally: Tally): void {
    mkdirSync(dirname(this.#path), { recursive: true })
    writeFileSync(this.#path, JSON.stringify({ digest: this.#digest, ...tally.toRecord() }))
  }

  #read(): Tally | undefined {
    try {
      const found: TallyRecord & { digest: string } = JSON.parse(readFileSync(this.#path, 'utf8'))
      const { digest, ...record } = found
      return digest === this.#digest ? Tally.from(record) : undefined
    } catch {
      return undefined
    }
  }
}

function digestOf(folders: readonly string[]): string {
  const hash = createHash('sha256')
  for (const folder of folders) {
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted())
      if (file.endsWith('.ts')) hash.update(file).update(readFileSync(join(folder, file)))
  }
  return hash.digest('hex').slice(0, 16)
}
