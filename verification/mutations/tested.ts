import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mutation, NamedTest } from './mutation.ts'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')

/** Whether a test passes with the engine as a mutation makes it; without one, as it is. */
export async function passes(test: NamedTest, mutation?: Mutation): Promise<boolean> {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const config = join(here, 'under-test.config.ts')
  const child = spawn(
    process.execPath,
    [vitest, 'run', '--config', config, '--root', root, test.file, '-t', test.name],
    {
      env: { ...process.env, GRANARY_MUTATION: mutation?.name },
      stdio: 'ignore',
    },
  )
  const [code] = await once(child, 'exit')
  return code === 0
}
