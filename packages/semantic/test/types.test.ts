import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'

const folder = join(import.meta.dirname, 'types')

/** The files of the folder, one of them replaced; what an earlier program has read is not read again. */
function compile(replaced: Readonly<Record<string, string>> = {}, before?: ts.Program): ts.Program {
  const base = join(import.meta.dirname, '../../../tsconfig.base.json')
  const { compilerOptions } = ts.readConfigFile(base, ts.sys.readFile).config
  const { options } = ts.convertCompilerOptionsFromJson(
    { ...compilerOptions, composite: false, noEmit: true, allowImportingTsExtensions: true },
    import.meta.dirname,
  )
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile.bind(host)
  host.getSourceFile = (name, ...rest) => {
    const text = replaced[name]
    return text === undefined
      ? (before?.getSourceFile(name) ?? read(name, ...rest))
      : ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true)
  }
  const files = ['accepted.ts', 'mistakes.ts'].map((name) => join(folder, name))
  return ts.createProgram(files, options, host, before)
}

/** What the compiler says about the files of the folder. */
function complaints(program: ts.Program): { line: number; text: string }[] {
  return program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(folder))
    .flatMap((file) => ts.getPreEmitDiagnostics(program, file))
    .map(({ file, start, messageText }) => ({
      line: file === undefined ? -1 : ts.getLineAndCharacterOfPosition(file, start ?? 0).line,
      text: ts.flattenDiagnosticMessageText(messageText, '\n'),
    }))
}

test('every right use compiles, every listed mistake does not, and without a partition the error names it', () => {
  const accepted = compile()
  expect(complaints(accepted)).toEqual([])
  const mistakes = join(folder, 'mistakes.ts')
  const text = ts.sys.readFile(mistakes) ?? ''
  const found = complaints(compile({ [mistakes]: text.replaceAll('@ts-expect-error', 'mistake') }, accepted))
  const line = text.split('\n').findIndex((each) => each.includes('@ts-expect-error 1:'))
  expect(found.find((each) => each.line === line + 1)?.text).toContain("Property 'partition' is missing")
}, 60_000)
