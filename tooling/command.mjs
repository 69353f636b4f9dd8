import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { root } from './workspace.mjs'

/**
 * Runs a program with this terminal's streams and answers its exit code; a program killed by a signal counts as 1.
 * Ctrl-C reaches the program by itself, so this process only waits; a termination is passed on.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env] variables added to this process's own
 * @returns {Promise<number>}
 */
export async function attached(program, args, env = {}) {
  const child = spawn(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
  const wait = () => {}
  const passOn = () => child.kill('SIGTERM')
  process.on('SIGINT', wait).on('SIGTERM', passOn)
  try {
    return await exitCode(child)
  } finally {
    process.off('SIGINT', wait).off('SIGTERM', passOn)
  }
}

/**
 * Runs a program silently and answers its exit code with everything it printed, both streams in order of arrival.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export async function captured(program, args, options = {}) {
  const child = spawn(program, args, {
    cwd: options.cwd ?? root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  })
  /** @type {Buffer[]} */
  const chunks = []
  child.stdout.on('data', (chunk) => chunks.push(chunk))
  child.stderr.on('data', (chunk) => chunks.push(chunk))
  const code = await exitCode(child)
  return { code, output: Buffer.concat(chunks).toString('utf8') }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>}
 */
async function exitCode(child) {
  try {
    const [code, signal] = await once(child, 'close')
    if (signal !== null) process.stderr.write(`${child.spawnargs.join(' ')}: ended by ${signal}\n`)
    return typeof code === 'number' ? code : 1
  } catch (error) {
    process.stderr.write(`${child.spawnfile}: ${error instanceof Error ? error.message : error}\n`)
    return 127
  }
}
