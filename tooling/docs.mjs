// Makes the documentation site in site/: the reference from the packages' doc comments, the guides from docs/.
import { join } from 'node:path'
import { attached } from './command.mjs'
import { root } from './workspace.mjs'

const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const typedoc = join(root, 'node_modules', 'typedoc', 'bin', 'typedoc')

// TypeDoc reads the sources; what one package says of another it takes from the built declarations.
const built = await attached(process.execPath, [compiler, '-b'])
process.exitCode = built === 0 ? await attached(process.execPath, [typedoc, ...process.argv.slice(2)]) : built
