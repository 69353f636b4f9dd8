import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A command that an installed package brings. */
export interface FoundCommand {
  readonly name: string
  /** The package that brings it. */
  readonly from: string
  /** The folder of that package. */
  readonly directory: string
  /** The module, as an export of it. */
  readonly module: string
}

interface Manifest {
  readonly name?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly granary?: { readonly commands?: Readonly<Record<string, string>> }
}

/**
 * The commands that can be run in a folder: those of its own dependencies, and of whatever is installed in the `@granary` scope there
 * or in a folder above. The nearest package wins when two bring one name.
 */
export function findCommands(folder: string): readonly FoundCommand[] {
  const found = new Map<string, FoundCommand>()
  for (const directory of upwards(folder)) {
    for (const installed of installedIn(directory)) {
      for (const command of commandsOf(installed)) if (!found.has(command.name)) found.set(command.name, command)
    }
  }
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
}

function upwards(folder: string): readonly string[] {
  const parent = dirname(folder)
  return parent === folder ? [folder] : [folder, ...upwards(parent)]
}

/** Folders of packages that may bring commands. */
function installedIn(directory: string): readonly string[] {
  const modules = join(directory, 'node_modules')
  if (!existsSync(modules)) return []
  const { dependencies, devDependencies, optionalDependencies } = readManifest(directory)
  const named = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
  const scope = join(modules, '@granary')
  const ours = existsSync(scope) ? readdirSync(scope).map((name) => `@granary/${name}`) : []
  return [...new Set([...named, ...ours])].map((name) => join(modules, name)).filter((path) => existsSync(path))
}

function commandsOf(directory: string): readonly FoundCommand[] {
  const { name: from, granary } = readManifest(directory)
  if (from === undefined) return []
  return Object.entries(granary?.commands ?? {}).map(([name, subpath]) => ({
    name,
    from,
    directory: realpathSync(directory),
    module: from + subpath.slice(1),
  }))
}

function readManifest(directory: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest
  } catch {
    return {}
  }
}
