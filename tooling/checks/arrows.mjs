/**
 * Which package may import which, directly; what can be reached over several arrows is allowed too.
 * A package that is not in the table may import nothing: the table is where a new one starts.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const direct = {
  serialization: [],
  testing: [],
  core: ['serialization'],
  'rate-limit': ['core'],
  semantic: ['core'],
  metrics: ['core'],
  devtools: ['core'],
  decorators: ['core', 'rate-limit'],
  nestjs: ['decorators'],
}

/** Subpaths that may import an optional peer, by `folder/src/file` prefix: the way in does not know about them. */
const doors = [
  { from: 'semantic/src/decorators', to: 'decorators' },
  { from: 'semantic/test/decorators', to: 'decorators' },
]

/** Where the Redis client's library is known: loaded there when a server is configured, and not before. */
const clientDoors = ['core/src/redis/', 'rate-limit/src/store/client.ts']

/** Folders of core that decide and never speak to a server. */
const engine = ['engine', 'entry', 'flight', 'invalidation']

/** Files of core that may import redis/: the composition root, and the list of public names. */
const knowsBoth = ['create-cache.ts', 'index.ts']

/**
 * The packages a package may import.
 * @param {string} folder
 * @returns {Set<string>}
 */
export function reachable(folder) {
  /** @type {Set<string>} */
  const found = new Set()
  const waiting = [...(direct[folder] ?? [])]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue
    found.add(next)
    waiting.push(...(direct[next] ?? []))
  }
  return found
}

/**
 * Why a package's file may not import another package, or undefined when it may.
 * @param {{ from: string, part: string, path: string, to: string }} arrow package folder, its top folder (`src`, `test`, …), the path
 *   from `packages/` and the imported package's folder
 * @returns {string | undefined}
 */
export function wrongArrow({ from, part, path, to }) {
  if (direct[from] === undefined) return `package ${from} has no arrows yet: add it to tooling/checks/arrows.mjs`
  if (part !== 'src' && (to === from || to === 'testing')) return undefined
  if (to === from) return 'a source file imports its own package by name: use a relative path'
  if (reachable(from).has(to)) return undefined
  if (doors.some((door) => path.startsWith(door.from) && door.to === to)) return undefined
  return `${from} must not import ${to}`
}

/**
 * Whether a source file, by its path from `packages/`, may import the Redis client's library.
 * @param {string} path
 * @returns {boolean}
 */
export function mayKnowClient(path) {
  return clientDoors.some((door) => path.startsWith(door))
}

/**
 * Why a file of core's src/ may not import another, or undefined when it may.
 * @param {string} from path below src/
 * @param {string} to path below src/
 * @returns {string | undefined}
 */
export function wrongLayer(from, to) {
  if (!to.startsWith('redis/') || from.startsWith('redis/') || knowsBoth.includes(from)) return undefined
  const folder = from.split('/')[0] ?? ''
  if (engine.includes(folder)) return `${folder}/ never imports redis/`
  return 'only create-cache.ts knows both the engine and redis/'
}
