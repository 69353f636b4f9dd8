import { Enrolment } from './enrolment.ts'
import type { AsyncMethod } from './fit.ts'
import type { EntrySource, MethodKind, MethodNode } from './method-node.ts'
import { attachRecord, OwnRecord, recordOf } from './method-record.ts'
import type { MethodSite } from './method-site.ts'
import { preserve } from './preserve.ts'

/** The method to wrap, and where it stands. */
export interface DecoratedMethod {
  /** What the wrapper calls: the method itself, or the wrapper of the decorator below. */
  readonly method: AsyncMethod
  /** Whether it is an `async *` method, below all decorators. */
  readonly isStream: boolean
  readonly site: MethodSite
  /** The nodes of the decorators below, the innermost first. */
  readonly below: readonly MethodNode[]
  /** The node of this decorator; it exists once the plan is made. */
  readonly node: () => MethodNode
  /**
   * Named decorators call it before their first call goes through. True when an earlier registration of this very method
   * exists, which this one supersedes.
   *
   * @throws MethodNameTaken when the name belongs to another method.
   */
  readonly claim: () => boolean
}

/** What a decorator does with one method. */
export interface MethodPlan {
  /** Takes the method's place. Called with the instance as `this`; write it in method form, so that it is no constructor. */
  readonly wrapper: AsyncMethod
  /** What the registry keeps of the options, frozen. */
  readonly options: Readonly<Record<string, unknown>>
  /** For kinds that keep entries. */
  readonly entries?: EntrySource
}

/** Makes the plan of one decorator on one method. */
export type PlanMaker = (decorated: DecoratedMethod) => MethodPlan

/** Wraps a method: makes the plan, keeps what the method looked like, and enters a node into the registry. */
export function wrapMethod(
  method: AsyncMethod,
  site: MethodSite,
  { kind, plan }: { kind: MethodKind; plan: PlanMaker },
) {
  const below = recordOf(method)
  const record = below ?? new OwnRecord(method)
  const original = record.nodes[0]?.original ?? method
  const inner = record instanceof OwnRecord && below === undefined ? record.body : method
  let enrolment: Enrolment | undefined
  const enrolled = () => enrolment as Enrolment
  const { wrapper, options, entries } = plan({
    method: inner,
    isStream: (original as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'AsyncGeneratorFunction',
    site,
    below: record.nodes,
    node: () => enrolled().node,
    claim: () => enrolled().claim(),
  })
  const position = record.nodes.filter((node) => node.kind === kind).length
  enrolment = new Enrolment({ kind, site, original, options, entries, position })
  preserve(wrapper, method)
  record.nodes.push(enrolment.node)
  attachRecord(wrapper, record)
  return { wrapper, node: enrolment.node }
}
