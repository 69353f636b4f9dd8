import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
let folder = ''

beforeAll(async () => {
  const ignored = join(import.meta.dirname, '../node_modules')
  await mkdir(ignored, { recursive: true })
  folder = await mkdtemp(join(ignored, '.emitted-'))
})

afterAll(() => rm(folder, { recursive: true }))

/** A program as a user would write it. */
const PROGRAM = `
import { createCache } from '@granary/core'
import { Cached, CacheScope, cacheGraph, configureGranary, entryOf, Invalidates } from '@granary/decorators'

@CacheScope({ prefix: 'emitted' })
class Users {
  static built = 0
  reads = 0

  @Invalidates({ entries: [entryOf(() => Users, 'byId')((id: number) => [id])] })
  async rename(id: number, name: string): Promise<string> {
    return name
  }

  @Cached({ name: 'by_id', ttl: '5m' })
  async byId(id: number): Promise<Date> {
    this.reads += 1
    return new Date(id)
  }

  @Cached({ name: 'count', ttl: '5m' })
  static async count(): Promise<number> {
    Users.built += 1
    return Users.built
  }
}

configureGranary({ cache: createCache() })
const users = new Users()
await users.byId(1)
const hit = await users.byId(1)
await users.rename(1, 'Ada')
await users.byId(1)
await Users.count()
console.log(JSON.stringify({
  reads: users.reads,
  hit: hit instanceof Date && hit.getTime(),
  count: await Users.count(),
  names: [users.byId.name, users.byId.length, Users.count.name],
  methods: cacheGraph().methods.map(({ id, method }) => id + ' ' + method).sort(),
}))
`

/** Compiles with the TypeScript compiler itself, bundles what it imports, and runs it in a process of its own. */
async function runEmitted(mode: string, options: ts.CompilerOptions): Promise<unknown> {
  const { outputText } = ts.transpileModule(PROGRAM, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, ...options },
  })
  const outfile = join(folder, `${mode}.mjs`)
  await build({
    stdin: { contents: outputText, resolveDir: import.meta.dirname, sourcefile: `${mode}.js` },
    outfile,
    bundle: true,
    keepNames: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@granary/source'],
    external: ['ioredis', 'msgpackr', 'lz4-napi'],
  })
  const { stdout } = await run(process.execPath, [outfile])
  return JSON.parse(stdout)
}

describe('what the TypeScript compiler itself emits', () => {
  test.each([
    ['legacy', { experimentalDecorators: true, emitDecoratorMetadata: true }],
    ['standard', {}],
    ['standard-static', { target: ts.ScriptTarget.ES2021 }],
  ])('runs in the %s mode', async (mode, options) => {
    expect(await runEmitted(mode, options)).toEqual({
      reads: 2,
      hit: 1,
      count: 1,
      names: ['byId', 1, 'count'],
      methods: ['emitted:by_id Users.byId', 'emitted:count Users.count', 'invalidates:Users.rename Users.rename'],
    })
  })
})

test('the package can be required: it has no top-level await', async () => {
  const outfile = join(folder, 'decorators.mjs')
  await build({
    entryPoints: [join(import.meta.dirname, '../src/index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@granary/source'],
    external: ['ioredis', 'msgpackr', 'lz4-napi'],
  })
  const script = join(folder, 'require.cjs')
  await writeFile(
    script,
    `const { Cached, TTL, cached } = require('./decorators.mjs'); console.log(typeof Cached, typeof cached, TTL.USER)`,
  )
  const { stdout } = await run(process.execPath, ['--no-warnings', script])
  expect(stdout.trim()).toBe('function function 5m')
})
