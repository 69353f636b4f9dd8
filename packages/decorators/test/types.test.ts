import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const folder = join(import.meta.dirname, 'types')
const mistakes = join(folder, 'mistakes.ts')

/** What `tsc -p` reads, with one file replaced. */
function compile(mode: string, replaced: Readonly<Record<string, string>> = {}, before?: ts.Program): ts.Program {
  const config = join(folder, `tsconfig.${mode}.json`)
  const { options, fileNames } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config,
    ts.sys,
    folder,
  )
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile.bind(host)
  host.getSourceFile = (name, ...rest) => {
    const text = replaced[name]
    return text === undefined
      ? (before?.getSourceFile(name) ?? read(name, ...rest))
      : ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true)
  }
  return ts.createProgram(fileNames, options, host)
}

interface Complaint {
  readonly line: number
  readonly text: string
}

/** What the compiler says about the files of the folder. */
function complaints(program: ts.Program): Complaint[] {
  const files = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(folder))
  return files
    .flatMap((file) => ts.getPreEmitDiagnostics(program, file))
    .map(({ file, start, messageText }) => ({
      line: file === undefined ? -1 : ts.getLineAndCharacterOfPosition(file, start ?? 0).line,
      text: `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    }))
}

describe.each(['legacy', 'standard'])('in the %s mode', (mode) => {
  let accepted: ts.Program

  test('every right use compiles, and every listed mistake is an error', () => {
    accepted = compile(mode)
    expect(complaints(accepted).map(({ text }) => text)).toEqual([])
  })

  test('checking some sixty decorated methods stays within 60,000 instantiations', () => {
    const { getInstantiationCount } = accepted as unknown as { getInstantiationCount: () => number }
    expect(getInstantiationCount()).toBeLessThan(60_000)
  })

  test('the errors say which option is wrong and what it is called with', () => {
    const text = ts.sys.readFile(mistakes) ?? ''
    const found = complaints(compile(mode, { [mistakes]: text.replaceAll('@ts-expect-error', 'mistake') }, accepted))
    const lines = text.split('\n')
    const said = (number: number) => {
      const from = lines.findIndex((line) => line.includes(`@ts-expect-error ${number}`))
      return found
        .filter(({ line }) => line > from && line <= from + 2)
        .map(({ text: each }) => each)
        .join('\n')
    }
    const numbers = lines.flatMap((line) => /@ts-expect-error (\d+)/.exec(line)?.[1] ?? []).map(Number)
    expect(numbers.length).toBeGreaterThanOrEqual(15)
    for (const number of numbers) expect(said(number), `mistake ${number}`).not.toBe('')
    expect(said(2)).toContain('Mismatch<"key", [id: number]>')
    expect(said(4)).toContain('Mismatch<"tags", [value: User, id: number]>')
    expect(said(8)).toContain("Property 'ttl' is missing")
    expect(said(9)).toContain("Property 'name' is missing")
    expect(said(10)).toContain('there is no option of this name')
    expect(said(12)).toContain('Mismatch<"tags", [id: number]>')
    expect(said(16)).toContain('Mismatch<"entries", [result: User, id: number]>')
    expect(said(21)).toContain('before the method runs there is no result')
    expect(said(23)).toContain('Mismatch<"entry", [holds: User | null, butTheMethodResolvesTo: string]>')
    expect(said(25)).toContain('Unannotated<"key">')
    expect(said(32)).toContain('Mismatch<"tags", [value: User, id: number]>')
  })
})
