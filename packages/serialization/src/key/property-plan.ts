/** How the properties of objects with the same names become text: sorted, each name written once. */
export interface PropertyPlan {
  /** The names in the order the object has them, which the plan is recognised by. */
  readonly keys: readonly string[]
  /** The names in canonical order: by UTF-16 code units. */
  readonly sorted: readonly string[]
  /** The text before each value: comma, name, equals sign. */
  readonly before: readonly string[]
}

const SLOTS = 256
const plans: (PropertyPlan | undefined)[] = new Array(SLOTS).fill(undefined)

/** The plan for objects with these names; the one that was made last for names like them is kept, at most 256 in all. */
export function propertyPlan(keys: readonly string[], nameText: (key: string) => string): PropertyPlan {
  const slot = slotOf(keys)
  const known = plans[slot]
  if (known !== undefined && same(known.keys, keys)) return known
  const sorted = [...keys].sort()
  const plan = { keys, sorted, before: sorted.map((key, index) => `${index === 0 ? '' : ','}${nameText(key)}=`) }
  if (keys.length <= LARGEST_KEPT) plans[slot] = plan
  return plan
}

/** Names above which a plan is not kept: such objects are dictionaries, each with names of its own. */
const LARGEST_KEPT = 64

function slotOf(keys: readonly string[]): number {
  const { length } = keys
  if (length === 0) return 0
  const first = keys[0] as string
  const last = keys[length - 1] as string
  const mixed =
    length * 31 + first.length * 17 + last.length * 5 + (first.charCodeAt(0) | 0) + (last.charCodeAt(0) | 0) * 3
  return mixed & (SLOTS - 1)
}

function same(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) {
    if (left[index] !== right[index]) return false
  }
  return true
}
