import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A labelled query: two with the same intent can be answered alike. */
export interface Query {
  readonly text: string
  readonly intent: string
}

/** Where the data sets lie, or why they cannot be read. They are not part of the repository: see benchmarks/README.md. */
export function dataFolder(): { readonly folder: string } | { readonly missing: string } {
  const folder = process.env['GRANARY_DATA']
  if (folder === undefined || folder === '')
    return { missing: 'GRANARY_DATA is not set: name the folder that holds banking77/ and clinc150/' }
  if (!existsSync(folder)) return { missing: `GRANARY_DATA names ${folder}, which is not there` }
  return { folder }
}

/** A set of queries: what it is called and how it is read. */
export interface Dataset {
  readonly name: string
  readonly read: (folder: string) => readonly Query[]
}

/** banking77 (PolyAI, CC BY 4.0): 13,083 questions to a bank, 77 intents. */
const banking77: Dataset = {
  name: 'banking77',
  read: (folder) =>
    ['train.csv', 'test.csv'].flatMap((file) =>
      csv(readFileSync(join(folder, 'banking77', file), 'utf8'))
        .slice(1)
        .map(([text = '', intent = '']) => ({ text, intent })),
    ),
}

/** CLINC150 (Larson et al., EMNLP 2019, CC BY 3.0): 150 intents, and 1,200 queries out of scope, each of which has no equal. */
const clinc150: Dataset = {
  name: 'clinc150',
  read: (folder) => {
    const parts = JSON.parse(readFileSync(join(folder, 'clinc150', 'data_full.json'), 'utf8')) as Record<
      string,
      [string, string][]
    >
    return Object.values(parts)
      .flat()
      .map(([text, intent], at) => ({ text, intent: intent === 'oos' ? `oos ${at}` : intent }))
  },
}

/** The sets that are there. Others in the same form, `NAME/queries.csv` with a head line `text,intent`, are read too. */
export function datasets(folder: string): readonly Dataset[] {
  return [banking77, clinc150].filter(({ name }) => existsSync(join(folder, name)))
}

/** Rows of a CSV file (RFC 4180). */
function csv(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end === ',') continue
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  return rows
}
