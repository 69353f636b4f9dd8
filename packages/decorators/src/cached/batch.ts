import { BatchMismatch, InvalidOption } from '@granary/core'
import { NotAPromise } from '../errors.ts'
import type { AsyncMethod } from '../method/fit.ts'
import type { MethodSite } from '../method/method-site.ts'
import type { CachedPlan } from './cached-plan.ts'

type Answer = ReadonlyMap<unknown, unknown> | readonly unknown[]
type Form = 'map' | 'array'

const FORMS: Readonly<Record<Form, string>> = { map: 'a Map', array: 'an array' }

/** The wrapper of a batch method: entries by id, one call for those that are missing, the answer in the method's own form. */
export function batchWrapper(method: AsyncMethod, plan: CachedPlan, site: MethodSite): AsyncMethod {
  const { batch } = plan.facts
  let form: Form | undefined = batch === true ? undefined : batch
  /** Calls the method for some ids, and learns the form of its answers. */
  const ask = async (self: unknown, ids: readonly unknown[], rest: readonly unknown[]): Promise<Answer> => {
    const answering: unknown = method.call(self, ids, ...rest)
    if (typeof (answering as PromiseLike<unknown> | null)?.then !== 'function')
      throw new NotAPromise(site.where, answering)
    const answer: unknown = await answering
    const found = formOf(answer, form)
    if (found === undefined)
      throw new BatchMismatch(
        plan.facts.name,
        ids.length,
        `${describe(answer)}${form === undefined ? '' : ` instead of ${FORMS[form]}`}`,
      )
    form = found
    return answer as Answer
  }
  return {
    async wrapper(this: unknown, ...args: unknown[]): Promise<unknown> {
      const [ids, ...rest] = args
      if (!Array.isArray(ids))
        throw new InvalidOption(`${site.where}: its first argument`, ids, 'a batch takes an array of ids')
      if (ids.length === 0) return ask(this, ids, rest)
      const load = async (missing: readonly (readonly unknown[])[]) => {
        const wanted = missing.map(([id]) => id)
        const answer = await ask(this, wanted, rest)
        return answer instanceof Map ? wanted.map((id) => answer.get(id)) : (answer as readonly unknown[])
      }
      const values = await plan.at(this).getOrSetMany(plan.split(args), load, this)
      // Nothing was missing in a process that has loaded nothing yet: one id tells the form.
      if (form === undefined) await ask(this, ids.slice(0, 1), rest)
      return form === 'map' ? mapOf(ids, values) : values
    },
  }.wrapper
}

function formOf(answer: unknown, declared: Form | undefined): Form | undefined {
  const found = answer instanceof Map ? 'map' : Array.isArray(answer) ? 'array' : undefined
  return declared === undefined || declared === found ? found : undefined
}

/** Ids without a value are left out, as the method leaves them out. */
function mapOf(ids: readonly unknown[], values: readonly unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>()
  ids.forEach((id, at) => {
    if (values[at] !== undefined) map.set(id, values[at])
  })
  return map
}

function describe(answer: unknown): string {
  const form = formOf(answer, undefined)
  return form === undefined ? String(answer) : FORMS[form]
}
