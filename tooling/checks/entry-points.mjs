import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { captured } from '../command.mjs'
import { layOutConsumer } from './consumer.mjs'

const { folder: consumer, packed } = await layOutConsumer()

/** The names of the client's modules among those Node holds; an ES module that loads a CommonJS one leaves it there. */
const clients = `Object.keys(require('node:module')._cache).filter((path) => /node_modules[\\\\/](ioredis|redis|@redis)[\\\\/]/.test(path))`

/**
 * Runs a CommonJS text in the consumer project, as its users' programs would run.
 * @param {string} text
 * @returns {Promise<{ code: number, output: string }>}
 */
function asUser(text) {
  return captured(process.execPath, ['--no-warnings', '--input-type=commonjs', '-e', text], { cwd: consumer })
}

/**
 * The entry points a package offers, as its users write them.
 * @param {string} name
 * @returns {string[]}
 */
function entryPoints(name) {
  const { exports } = JSON.parse(readFileSync(join(consumer, 'node_modules', name, 'package.json'), 'utf8'))
  return Object.entries(exports)
    .filter(([path, target]) => path !== './package.json' && !path.includes('*') && typeof target === 'object')
    .map(([path]) => `${name}${path.slice(1)}`)
}

/**
 * Whether `require` and `import` of an entry point answer the same names, and at least one.
 * @param {string} entry
 * @returns {Promise<string | undefined>} what is wrong
 */
async function wrongLoading(entry) {
  const { code, output } = await asUser(`
    const required = require('${entry}')
    import('${entry}').then((imported) => {
      const names = (module) => Object.keys(module).filter((name) => name !== 'module.exports').sort().join()
      if (names(required) === '') throw new Error('exports nothing')
      if (names(required) !== names(imported)) throw new Error('require and import disagree')
    })`)
  return code === 0 ? undefined : `${entry}: ${output}`
}

/**
 * Whether core leaves the Redis client alone until one is asked for. The second half proves that the probe can see it.
 * @returns {Promise<string | undefined>} what is wrong
 */
async function eagerClient() {
  const idle = await asUser(`
    const { createCache } = require('@granary/core')
    const cache = createCache({ namespace: 'probe' })
    cache.getOrSet('name', [1], async () => 1, { ttl: '1m' }).then(() => cache.close()).then(() => {
      const loaded = ${clients}
      if (loaded.length > 0) throw new Error('loads without Redis: ' + loaded[0])
    })`)
  if (idle.code !== 0) return `@granary/core: ${idle.output}`
  const asked = await asUser(`
    const { createCache } = require('@granary/core')
    const cache = createCache({ namespace: 'probe', redis: 'redis://127.0.0.1:1' })
    cache.getOrSet('name', [1], async () => 1, { ttl: '1m' }).then(() => {
      if (${clients}.length === 0) throw new Error('the probe does not see the client even when Redis is configured')
      process.exit(0)
    })`)
  return asked.code === 0 ? undefined : `@granary/core: ${asked.output}`
}

const entries = packed.flatMap(({ name }) => entryPoints(name))
/** @type {(string | undefined)[]} */
const wrong = []
for (const entry of entries) wrong.push(await wrongLoading(entry))
wrong.push(await eagerClient())
const said = wrong.filter((what) => what !== undefined)
for (const what of said) console.log(what)
console.log(
  `${entries.length} entry points by require and import, core without its client: ${said.length === 0 ? 'nothing to object to' : `${said.length} to mend`}`,
)
process.exitCode = said.length === 0 ? 0 : 1
