// Runs the gateway's demo from the sources. Arguments go to it; so does what it answers.
import { join } from 'node:path'
import { captured } from './command.mjs'
import { runSource } from './run-source.mjs'
import { root } from './workspace.mjs'

// The demo runs with memory alone as well, so a machine without a Redis server is no reason to stop.
const ensure = join(root, 'packages', 'testing', 'bin', 'ensure-redis.mjs')
const { code } = await captured(process.execPath, [ensure])
if (code !== 0) console.error('No redis-server on this machine, and none could be installed.')
process.exitCode = await runSource(join('examples', 'gateway', 'demo', 'main.ts'), process.argv.slice(2))
