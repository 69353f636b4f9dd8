import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** What every planted package says it depends on. */
const dependencies = Object.fromEntries(
  ['@granary/core', '@granary/serialization', '@granary/testing', 'ioredis'].map((name) => [name, '*']),
)

/** A small repository with these files, gone when the test is over; every package mentioned gets a manifest. */
export function plant(files: Readonly<Record<string, string>>): string {
  const base = mkdtempSync(join(tmpdir(), 'granary-planted-'))
  onTestFinished(() => rmSync(base, { recursive: true, force: true }))
  mkdirSync(join(base, 'packages'))
  write(
    join(base, 'package.json'),
    JSON.stringify({ workspaces: ['packages/*', 'examples/*', 'benchmarks', 'verification'] }),
  )
  for (const folder of ['benchmarks', 'verification']) write(join(base, folder, 'package.json'), '{}')
  const folders = new Set(Object.keys(files).flatMap((path) => /^packages\/([^/]+)\//.exec(path)?.[1] ?? []))
  for (const folder of folders) {
    const manifest = {
      name: `@granary/${folder}`,
      dependencies,
      exports: { '.': { '@granary/source': './src/index.ts' } },
    }
    write(join(base, 'packages', folder, 'package.json'), JSON.stringify(manifest))
  }
  for (const [path, text] of Object.entries(files)) write(join(base, path), text)
  return base
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
