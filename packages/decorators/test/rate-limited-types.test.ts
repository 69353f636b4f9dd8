import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { MODE } from './fresh-cache.ts'

const folder = join(import.meta.dirname, 'types')
const virtual = join(folder, 'rate-limited.ts')

/** Right uses, then mistakes: each line with `mistake` is followed by what must not compile. */
const SOURCE = `
import { RateLimited } from '@granary/decorators'
import { concurrency, LIMITS, type Refused, window } from '@granary/rate-limit'

interface Completion { readonly usage: number }
interface Credentials { readonly user: string }

const tokens = { minute: window(10, '1m'), tokens: window(1_000, '1m', { unit: 'tokens' }) }

export class Accepted {
  readonly realm = 'shop'

  @RateLimited({ name: 'a', limits: LIMITS.LOGIN, key: (ip: string) => ip })
  async login(ip: string, credentials: Credentials): Promise<string> { return ip + credentials.user }

  @RateLimited({ name: 'b', limits: tokens, key: (id: number) => id, cost: { tokens: (_: number, text: string) => text.length }, settle: { tokens: (result: Completion) => result.usage } })
  async complete(id: number, text: string): Promise<Completion> { return { usage: id + text.length } }

  @RateLimited({ name: 'c', limits: { live: concurrency(2, { lease: '10s' }) }, key: () => 'all', onLimit: 'wait', maxWait: '2s', onStoreFailure: 'closed', deadline: '20ms', plan: async () => ({ live: 5 }) })
  async every<T>(item: T): Promise<T> { return item }

  @RateLimited({ name: 'd', limits: tokens, key(this: Accepted, id: bigint) { return this.realm + id }, onLimit: (refusal: Refused, id: bigint) => id + BigInt(Math.ceil(refusal.retryAfterMs)) })
  async answer(id: bigint): Promise<bigint> { return id }

  @RateLimited({ name: 'e', limits: tokens, key: (...ids: number[]) => ids.join() })
  static async many(...ids: number[]): Promise<number> { return ids.length }

  @RateLimited({ name: 'f', limits: tokens, key: (id: number) => id, settle: { tokens: (end: Completion, _: number) => end.usage }, onLimit: async function* () { yield 'later' } })
  async *stream(id: number): AsyncGenerator<string, Completion> { yield String(id); return { usage: id } }
}

export class Mistakes {
  // mistake 1: no promise
  @RateLimited({ name: 'a', limits: tokens, key: () => 'all' })
  now(): number { return 1 }

  // mistake 2: no key
  @RateLimited({ name: 'a', limits: tokens })
  async keyless(): Promise<void> {}

  // mistake 3: a key of other arguments
  @RateLimited({ name: 'a', limits: tokens, key: (id: number) => id })
  async wrongKey(id: string): Promise<string> { return id }

  // mistake 4: a key that is no subject
  @RateLimited({ name: 'a', limits: tokens, key: (id: string) => [id] })
  async noSubject(id: string): Promise<string> { return id }

  // mistake 5: a cost of a limit that is not there
  @RateLimited({ name: 'a', limits: tokens, key: () => 'all', cost: { token: () => 1 } })
  async noLimit(): Promise<void> {}

  // mistake 6: a cost of other arguments
  @RateLimited({ name: 'a', limits: tokens, key: () => 'all', cost: { tokens: (text: number) => text } })
  async wrongCost(text: string): Promise<string> { return text }

  // mistake 7: a settlement of another result
  @RateLimited({ name: 'a', limits: tokens, key: () => 'all', settle: { tokens: (result: Completion) => result.usage } })
  async wrongResult(): Promise<string> { return '' }

  // mistake 8: an answer that is none
  @RateLimited({ name: 'a', limits: tokens, key: () => 'all', onLimit: () => 7 })
  async wrongAnswer(): Promise<string> { return '' }

  // mistake 9: a number for a duration
  @RateLimited({ name: 'a', limits: { minute: window(5, 60) }, key: () => 'all' })
  async wrongLength(): Promise<void> {}

  // mistake 10: no such option
  @RateLimited({ name: 'a', limits: tokens, key: () => 'all', onLimits: 'wait' })
  async noOption(): Promise<void> {}

  // mistake 11: a parameter without a type
  @RateLimited({ name: 'a', limits: tokens, key: (id) => id })
  async untyped(id: string): Promise<string> { return id }

  // mistake 12: a settlement of what a stream does not return
  @RateLimited({ name: 'a', limits: tokens, key: () => 'all', settle: { tokens: (end: Completion) => end.usage } })
  async *wrongEnd(): AsyncGenerator<string, number> { yield ''; return 7 }

  // mistake 13: an answer that is no stream
  @RateLimited({ name: 'a', limits: tokens, key: () => 'all', onLimit: () => 'later' })
  async *noStream(): AsyncGenerator<string> { yield '' }
}
`
const LINES = SOURCE.split('\n')
const FIRST_MISTAKE = LINES.findIndex((line) => line.includes('class Mistakes'))

/** What the compiler says about the source, by line. */
function complaints(mode: string): { line: number; text: string }[] {
  const read = ts.readConfigFile(join(folder, `tsconfig.${mode}.json`), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(read.config, ts.sys, folder)
  const host = ts.createCompilerHost(options)
  const source = host.getSourceFile.bind(host)
  host.getSourceFile = (name, ...rest) =>
    name === virtual ? ts.createSourceFile(name, SOURCE, ts.ScriptTarget.ES2023, true) : source(name, ...rest)
  const exists = host.fileExists.bind(host)
  host.fileExists = (name) => name === virtual || exists(name)
  const program = ts.createProgram([virtual], options, host)
  return ts.getPreEmitDiagnostics(program, program.getSourceFile(virtual)).map(({ file, start = 0, messageText }) => ({
    line: file === undefined ? 0 : ts.getLineAndCharacterOfPosition(file, start).line,
    text: ts.flattenDiagnosticMessageText(messageText, '\n'),
  }))
}

describe(`in the ${MODE} mode`, () => {
  const found = complaints(MODE)

  test('right uses of @RateLimited compile', () => {
    expect(found.filter(({ line }) => line < FIRST_MISTAKE)).toEqual([])
  })

  test('every mistake is an error where it stands, which says what does not fit', () => {
    const said = (number: number) => {
      const from = LINES.findIndex((line) => line.includes(`// mistake ${number}:`))
      return found
        .filter(({ line }) => line > from && line <= from + 2)
        .map(({ text }) => text)
        .join('\n')
    }
    const numbers = LINES.flatMap((line) => /mistake (\d+):/.exec(line)?.[1] ?? []).map(Number)
    expect(numbers.filter((number) => said(number) === '')).toEqual([])
    expect(said(3)).toContain('Mismatch<"key", [id: string]>')
    expect(said(5)).toContain('there is no limit of this name')
    expect(said(7)).toContain('Mismatch<"tokens", [result: string]>')
    expect(said(8)).toContain('Mismatch<"onLimit"')
    expect(said(12)).toContain('Mismatch<"tokens", [result: number]>')
    expect(said(13)).toContain('Mismatch<"onLimit"')
  })
})
