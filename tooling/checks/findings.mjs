import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** @typedef {{ where: string, what: string }} Finding one thing a check objects to; `where` is path or path:line */

/**
 * Runs a check when its file was started as a program: prints its findings, then what it looked at, and sets the exit code.
 * @param {string} url the check's own `import.meta.url`
 * @param {() => { findings: readonly Finding[], looked: string }} check
 */
export function runAsProgram(url, check) {
  const started = process.argv[1]
  if (started === undefined || pathToFileURL(resolve(started)).href !== url) return
  const { findings, looked } = check()
  for (const { where, what } of findings) console.log(`${where}  ${what}`)
  console.log(`${looked}: ${findings.length === 0 ? 'nothing to object to' : `${findings.length} to mend`}`)
  process.exitCode = findings.length === 0 ? 0 : 1
}
