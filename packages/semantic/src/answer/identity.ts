/** How decisions name answers: stored ones by tenant and key, semantic hits by a number under which the hit was written down. */
export type AnswerName =
  | { readonly kind: 'entry'; readonly tenant: string; readonly key: string }
  | { readonly kind: 'hit'; readonly id: string }

/** The id of an entry's answer. */
export function entryId(tenant: string, key: string): string {
  return `e.${key}.${Buffer.from(tenant).toString('base64url')}`
}

/** The id of one semantic hit. */
export function hitId(bytes: Uint8Array): string {
  return `h.${Buffer.from(bytes).toString('base64url')}`
}

/** What an id names; undefined when it is none. */
export function readId(id: string): AnswerName | undefined {
  if (/^h\.[\w-]{22}$/u.test(id)) return { kind: 'hit', id }
  const [, key, tenant] = /^e\.([\w-]{27})\.([\w-]+)$/u.exec(id) ?? []
  if (key === undefined || tenant === undefined) return undefined
  return { kind: 'entry', key, tenant: Buffer.from(tenant, 'base64url').toString() }
}
