import {
  auditCacheGraph,
  Cached,
  CachePut,
  cached,
  cacheGraph,
  defineTags,
  entryOf,
  Invalidates,
  nameOf,
} from '@granary/decorators'
import { describe, expect, test } from 'vitest'
import { configuredCache, thrownBy } from './fresh-cache.ts'

interface User {
  readonly id: number
  readonly team: number
}

const tags = defineTags({
  user: (id: number) => `user:${id}`,
  team: (id: number) => `team:${id}`,
  audit: (id: number) => `audit:${id}`,
  ghost: (id: number) => `ghost:${id}`,
  catalog: () => 'catalog',
})
const { team } = tags

class Users {
  @Cached({ name: 'graph:by_id', ttl: '5m', tags: (user: User) => [tags.user(user.id), team(user.team)] })
  async byId(id: number): Promise<User> {
    return { id, team: 1 }
  }

  @Cached({ name: 'graph:log', ttl: '5m', tags: (_log: string, id: number) => [tags.audit(id)] })
  async log(id: number): Promise<string> {
    return String(id)
  }

  @Cached({
    name: 'graph:models',
    ttl: (models: string[]) => (models.length > 0 ? '5m' : '10s'),
    tags: ['catalog', 'by-hand'],
  })
  async models(): Promise<string[]> {
    return []
  }

  @Invalidates({
    tags: (id: number) => [tags.user(id), tags.ghost(id)],
    resultTags: (user: User) => [team(user.team)],
    entries: [entryOf(() => Users, 'byId')((id: number) => [id])],
    names: ['graph:models', 'graph:misspelt'],
  })
  async rename(id: number): Promise<User> {
    return { id, team: 2 }
  }

  @Invalidates({ tags: () => [tags.catalog()], entries: [nameOf('graph:nowhere')(() => [])] })
  async sync(): Promise<void> {}

  @CachePut({ entry: entryOf(() => Users, 'byId')((id: number) => [id]) })
  async update(id: number): Promise<User> {
    return { id, team: 1 }
  }
}
new Users()

describe('the cache graph', () => {
  test('shows methods and what connects them, as plain data', () => {
    const graph = cacheGraph()
    expect(JSON.parse(JSON.stringify(graph.edges))).toEqual(graph.edges)
    expect(graph.methods).toContainEqual({
      id: 'graph:by_id',
      kind: 'cached',
      name: 'graph:by_id',
      method: 'Users.byId',
      ttl: '5m',
    })
    expect(graph.methods).toContainEqual(expect.objectContaining({ id: 'graph:models', ttl: 'by value' }))
    expect(graph.methods).toContainEqual(
      expect.objectContaining({ id: 'invalidates:Users.rename', kind: 'invalidates', name: 'Users.rename' }),
    )
    const lines = graph.edges.map(({ from, kind, to }) => `${from} ${kind} ${to}`)
    expect(lines).toEqual([
      'graph:by_id stores-tag user',
      'graph:by_id stores-tag team',
      'graph:log stores-tag audit',
      'graph:models stores-tag catalog',
      'graph:models stores-tag by-hand',
      'invalidates:Users.rename invalidates-tag user',
      'invalidates:Users.rename invalidates-tag ghost',
      'invalidates:Users.rename invalidates-tag team',
      'invalidates:Users.rename invalidates-entry graph:by_id',
      'invalidates:Users.rename invalidates-name graph:models',
      'invalidates:Users.rename invalidates-name graph:misspelt',
      'invalidates:Users.sync invalidates-tag catalog',
      "invalidates:Users.sync invalidates-entry nameOf('graph:nowhere')",
      'cache-put:Users.update writes-entry graph:by_id',
    ])
  })

  test('its audit names what leads nowhere, and only that', () => {
    const findings = auditCacheGraph().map(({ kind, subject, methods }) => [kind, subject, methods])
    expect(findings).toEqual([
      ['not-cached', 'graph:misspelt', ['Users.rename']],
      ['not-cached', "nameOf('graph:nowhere')", ['Users.sync']],
      ['never-invalidated', 'audit', ['Users.log']],
      ['never-invalidated', 'by-hand', ['Users.models']],
      ['never-cached', 'ghost', ['Users.rename']],
    ])
    const [first] = auditCacheGraph().filter(({ kind }) => kind === 'never-invalidated')
    expect(first?.message).toContain("'audit' (Users.log) is stored and never invalidated: only the ttl ends it")
  })

  test('a tag function that hides its families is not known until it has run', async () => {
    configuredCache()
    const hidden = { of: (id: number) => [Reflect.apply(tags.audit, undefined, [id]), `made:${id}`] }
    const read = cached(async (id: number) => id, {
      name: 'graph:hidden',
      ttl: '1m',
      tags: (_value, id) => hidden.of(id),
    })
    const subject = (kind: string) =>
      auditCacheGraph()
        .filter((each) => each.kind === kind)
        .flatMap(({ methods }) => methods)
    expect(subject('not-known')).toEqual(['an anonymous function'])
    await read(1)
    expect(subject('not-known')).toEqual([])
    const edges = cacheGraph().edges.filter(({ from }) => from === 'graph:hidden')
    expect(edges.map(({ to }) => to)).toEqual(['audit', 'made:1'])
  })

  test('made-up tags are noted up to a bound, however many there are', async () => {
    configuredCache()
    const read = cached(async (id: number) => id, {
      name: 'graph:many',
      ttl: '1m',
      tags: (_value, id) => [`row:${id}`],
    })
    for (let id = 0; id < 200; id++) await read(id)
    expect(cacheGraph().edges.filter(({ from }) => from === 'graph:many')).toHaveLength(64)
  })
})

describe('defineTags', () => {
  test('keeps the functions, named after their families', () => {
    expect([tags.user(7), tags.catalog(), tags.user.name]).toEqual(['user:7', 'catalog', 'user'])
    expect(Object.isFrozen(tags)).toBe(true)
  })

  test('refuses a tag that is none, where it is made', () => {
    const odd = defineTags({ empty: (id: number) => (id > 0 ? 'some' : ''), nothing: () => undefined as never })
    expect(odd.empty(1)).toBe('some')
    expect(thrownBy(() => odd.empty(0)).message).toContain("tag empty: '' is not allowed")
    expect(thrownBy(() => odd.nothing()).message).toContain('tag nothing: undefined is not allowed')
  })
})
