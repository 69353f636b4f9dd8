import {
  argumentsText,
  type ClassRegistry,
  type createSecretDigester,
  keyText,
  parsePrimitive,
  primitiveText,
} from '@granary/serialization'
import { InvalidOption, MissingPepper } from '../errors.ts'
import type { PartialPolicy } from '../options/policy.ts'

/** What finds an entry in process memory: a lone primitive argument as it is, anything else as marked key text. */
export type LocalKey = string | number

/** Digests secret arguments; made from the pepper. */
export type SecretDigester = ReturnType<typeof createSecretDigester>

/** How the calls of one name become keys. Injective: two calls share a key only if their arguments are canonically equal. */
export interface Keying {
  /** Whether the arguments alone make the key, as they are: then an entry may be found by comparing them. */
  readonly plain: boolean
  /** The key in process memory. */
  local(args: readonly unknown[], self: unknown): LocalKey
  /** The key text: canonical arguments, or their digest when long. */
  text(args: readonly unknown[], self: unknown): string
  /** Every text the call may be stored under: one, or one per pepper when secrets rotate. */
  texts(args: readonly unknown[], self: unknown): readonly string[]
}

/** What keying needs of its cache. */
export interface KeyingContext {
  readonly registry: ClassRegistry
  /** Undefined when a shared store is configured without a pepper. */
  readonly secrets: SecretDigester | undefined
}

/** Longer key texts are stored as their digest. */
const LONGEST_TEXT = 400

/** Lone strings up to this length are memory keys as they are: even fully escaped, their text stays below a digest's limit. */
const LONGEST_RAW = 64

/** Marks text keys in memory, so that no lone string argument can equal one. */
const MARK = '\u0000'

/** The memory key that a key text stands for: whoever knows only the text, as the bus does, finds the entry by it. */
export function localKeyOf(text: string): LocalKey {
  const primitive = parsePrimitive(text)
  return primitive !== undefined && isRaw(primitive) ? primitive : MARK + text
}

/** The key text that a memory key stands for. */
export function textOfLocal(local: LocalKey): string {
  return typeof local === 'string' && local.startsWith(MARK) ? local.slice(MARK.length) : primitiveText(local)
}

/** Plans the keys of one name once, so that a call only applies the plan. */
export function planKeying(name: string, policy: PartialPolicy, context: KeyingContext): Keying {
  checkKeyOptions(name, policy)
  const text = planText(name, policy, context)
  const texts = (args: readonly unknown[], self: unknown) => {
    const rotated = context.secrets?.alternatives('').length ?? 0
    return policy.secret && rotated > 0 ? rotatedTexts(text, args, self, rotated) : [text(args, self, 0)]
  }
  const plain = !policy.key && !policy.ignore?.length && !policy.secret && !policy.partition
  return {
    plain,
    text: (args, self) => text(args, self, 0),
    texts,
    local: plain
      ? (args, self) => {
          const first = args[0]
          return args.length === 1 && isRaw(first) ? first : MARK + text(args, self, 0)
        }
      : (args, self) => localKeyOf(text(args, self, 0)),
  }
}

type TextOf = (args: readonly unknown[], self: unknown, pepper: number) => string

function planText(name: string, policy: PartialPolicy, { registry, secrets }: KeyingContext): TextOf {
  const { key, partition, secret } = policy
  const ignored = new Set(policy.ignore)
  const canonical = (values: readonly unknown[]) => argumentsText(values, { classes: registry })
  const digest = (value: readonly unknown[], pepper: number) => {
    if (secrets === undefined) throw new MissingPepper(name)
    const plain = canonical(value)
    return pepper === 0 ? secrets.digest(plain) : (secrets.alternatives(plain)[pepper - 1] as string)
  }
  const positions = Array.isArray(secret) ? new Set<number>(secret) : undefined
  const partsOf = (args: readonly unknown[], self: unknown, pepper: number): readonly unknown[] => {
    const named = key === undefined ? withoutIgnored(args, ignored) : [key.apply(self, args as never)]
    if (secret === true) return [digest(named, pepper)]
    return positions === undefined ? named : named.map((arg, at) => (positions.has(at) ? digest([arg], pepper) : arg))
  }
  return (args, self, pepper) => {
    const parts = partsOf(args, self, pepper)
    const text = parts.length === 1 ? loneText(parts[0], parts, canonical) : canonical(parts)
    return keyText(
      partition === undefined ? text : `${canonical([partition.apply(self, args as never)])}|${text}`,
      LONGEST_TEXT,
    )
  }
}

function loneText(part: unknown, parts: readonly unknown[], canonical: (values: readonly unknown[]) => string): string {
  return typeof part === 'string' || typeof part === 'number' ? primitiveText(part) : canonical(parts)
}

function rotatedTexts(text: TextOf, args: readonly unknown[], self: unknown, rotated: number): string[] {
  return Array.from({ length: rotated + 1 }, (_, pepper) => text(args, self, pepper))
}

/** Ignored arguments become undefined when something follows them, so that the others keep their positions. */
function withoutIgnored(args: readonly unknown[], ignored: ReadonlySet<number>): readonly unknown[] {
  if (ignored.size === 0) return args
  const kept = args.map((arg, at) => (ignored.has(at) ? undefined : arg))
  while (kept.length > 0 && ignored.has(kept.length - 1)) kept.pop()
  return kept
}

/** Whether a lone argument is its own memory key. */
export function isRaw(value: unknown): value is LocalKey {
  if (typeof value === 'string') return value.length <= LONGEST_RAW && value.charCodeAt(0) !== 0
  return typeof value === 'number' && Number.isFinite(value) && (value !== 0 || 1 / value > 0)
}

const NAME_FORM = /^[A-Za-z][\w.-]*(:(?!\d+(:|$))[\w.-]+)*$/

/**
 * Checks that a name can be part of a key.
 *
 * @param option - What to call it in the error.
 * @throws InvalidOption when it cannot.
 */
export function checkName(name: unknown, option: string): asserts name is string {
  if (typeof name !== 'string' || name.length > 200 || !NAME_FORM.test(name)) {
    throw new InvalidOption(
      option,
      name,
      "it is letters, digits, '_', '-', '.' in parts joined by ':', no part a bare number",
    )
  }
}

/**
 * Checks the options that make keys, alone and together.
 *
 * @param where - What they belong to, for the error: a name, or a method and its name.
 * @throws InvalidOption naming the option, its value and what is allowed.
 */
export function checkKeyOptions(where: string, { key, partition, ignore, secret }: PartialPolicy): void {
  for (const [option, given] of Object.entries({ key, partition })) {
    if (given !== undefined && typeof given !== 'function')
      throw new InvalidOption(`${where}: ${option}`, given, 'it is a function')
  }
  for (const [option, given] of Object.entries({ ignore, secret: typeof secret === 'boolean' ? undefined : secret })) {
    if (given !== undefined && !(Array.isArray(given) && given.every((at) => Number.isInteger(at) && at >= 0))) {
      throw new InvalidOption(`${where}: ${option}`, given, 'it lists positions of arguments, counted from 0')
    }
  }
  if (key !== undefined && ignore?.length) {
    throw new InvalidOption(`${where}: ignore`, ignore, 'with a key function, leave the argument out of the key there')
  }
  if (key !== undefined && Array.isArray(secret)) {
    throw new InvalidOption(
      `${where}: secret`,
      secret,
      'with a key function, use secret: true, which digests what it returns',
    )
  }
}
