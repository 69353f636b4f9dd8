import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findCommands, runCommandLine } from '../src/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'granary-commands-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Installs a package with one command. */
function install(name: string, module: string, command = 'greet', at = folder): void {
  const directory = join(at, 'node_modules', name)
  mkdirSync(directory, { recursive: true })
  const manifest = {
    name,
    type: 'module',
    exports: { './it': './it.js' },
    granary: { commands: { [command]: './it' } },
  }
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(directory, 'it.js'), module)
}

const GREETING = `export const summary = 'says hello'
export async function run(args, { out, progress }) { progress('thinking\\n'); out('hello ' + args.join(' ')); return 7 }`

async function granary(...args: string[]) {
  const [out, progress]: [string[], string[]] = [[], []]
  const code = await runCommandLine(args, {
    folder,
    out: (text) => void out.push(text),
    progress: (text) => void progress.push(text),
  })
  return { code, out: out.join(''), progress: progress.join('') }
}

test('a command of an installed package gets the arguments behind its name, and its exit code is the answer', async () => {
  install('@granary/greeter', GREETING)
  expect(await granary('greet', 'old', 'friend')).toEqual({ code: 7, out: 'hello old friend', progress: 'thinking\n' })
})

test('without a name the commands are listed, with where they come from', async () => {
  install('@granary/greeter', GREETING)
  const { code, out } = await granary()
  expect(code).toBe(0)
  expect(out).toContain('says hello (@granary/greeter)')
})

test('packages of others count when the folder depends on them, and not otherwise', () => {
  install('stranger', GREETING)
  expect(findCommands(folder)).toEqual([])
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ devDependencies: { stranger: '1', absent: '1' } }))
  expect(findCommands(folder).map(({ name, from }) => [name, from])).toEqual([['greet', 'stranger']])
})

test('the nearest package wins, and folders above count too', () => {
  install('@granary/greeter', GREETING)
  const inner = join(folder, 'inner')
  install('@granary/other', GREETING, 'greet', inner)
  install('@granary/farewell', GREETING, 'leave', folder)
  expect(findCommands(inner).map(({ name, from }) => [name, from])).toEqual([
    ['greet', '@granary/other'],
    ['leave', '@granary/farewell'],
  ])
})

test('a name that nobody brings says which there are', async () => {
  install('@granary/greeter', GREETING)
  expect(await granary('grete')).toMatchObject({ code: 2, progress: expect.stringContaining('greet') })
})

test('a module that is no command is named', async () => {
  install('@granary/broken', 'export const summary = 1')
  await expect(granary('greet')).rejects.toThrow('@granary/broken')
})

test("semantic's calibrate is found in this repository", () => {
  expect(findCommands(import.meta.dirname)).toContainEqual(
    expect.objectContaining({ name: 'calibrate', from: '@granary/semantic' }),
  )
})
