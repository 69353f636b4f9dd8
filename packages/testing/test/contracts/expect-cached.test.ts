import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ContractViolated, calling, expectCached, InvalidTestOption } from '../../src/index.ts'
import { decorate, entries, type HandMade, nodes } from './decorated.ts'

interface User {
  readonly id: number
  readonly name: string
}

/** A fresh class for each test, decorated as the test says. */
function newService(made?: HandMade) {
  class AuthService {
    bodies = 0
    async userById(id: number): Promise<User | null> {
      this.bodies++
      return id < 0 ? null : { id, name: `user ${id}` }
    }
    async login(name: string): Promise<string> {
      this.bodies++
      throw new Error(`no such user: ${name}`)
    }
    static async version(): Promise<string> {
      return '1'
    }
  }
  if (made !== undefined) {
    decorate(AuthService.prototype, 'userById', made)
    decorate(AuthService.prototype, 'login', { ...made, name: 'login' })
    decorate(AuthService, 'version', { ...made, name: 'version' })
  }
  return { AuthService, auth: new AuthService() }
}

const messageOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'it passed',
    (error: unknown) => {
      expect(error).toBeInstanceOf(ContractViolated)
      return (error as Error).message
    },
  )

beforeEach(() => {
  entries.clear()
  nodes.clear()
})

describe('a cached method', () => {
  test('proves itself: the first call runs the body, the others do not', async () => {
    const { auth } = newService({})
    const proof = await expectCached(auth, 'userById', { args: [1], calls: 4, apart: [[2], [3]] })
    expect(proof).toEqual({ value: { id: 1, name: 'user 1' }, key: 'userById:[1]' })
    expect(auth.bodies).toBe(3)
  })

  test('may be given as a planned call, static and free functions included', async () => {
    const { auth, AuthService } = newService({})
    await expectCached(calling(auth).userById(1), { apart: [calling(auth).userById(2)] })
    await expectCached(calling(AuthService).version())
    const box = { prices: async (currency: string) => ({ currency }) }
    decorate(box, 'prices')
    await expectCached(calling(box.prices)('eur'))
  })

  test('null is a value', async () => {
    const { auth } = newService({})
    expect(await expectCached(auth, 'userById', { args: [-1] })).toMatchObject({ value: null })
  })
})

describe('a method that is not cached', () => {
  test('because it was never decorated', async () => {
    const { auth } = newService()
    expect(await messageOf(expectCached(auth, 'userById', { args: [1] }))).toMatchInlineSnapshot(
      `"AuthService.userById is not decorated with @Cached: was the decorator lost in a merge?"`,
    )
  })

  test('because it is decorated with something else', async () => {
    const { auth } = newService({ kind: 'rate-limited' })
    expect(await messageOf(expectCached(auth, 'userById', { args: [1] }))).toMatchInlineSnapshot(
      `"AuthService.userById is decorated with @RateLimited, but not with @Cached: was that decorator lost in a merge?"`,
    )
  })

  test('because a subclass overrides it', async () => {
    const { AuthService } = newService({})
    class Overriding extends AuthService {
      override async userById(id: number) {
        return super.userById(id)
      }
    }
    expect(await messageOf(expectCached(new Overriding(), 'userById', { args: [1] }))).toMatchInlineSnapshot(
      `"Overriding.userById is not decorated with @Cached: what is called hides the decorated method of AuthService. Was it overridden, bound or spied on?"`,
    )
  })

  test('because something replaced it after it was decorated', async () => {
    const { AuthService } = newService({})
    const decorated = AuthService.prototype.userById
    AuthService.prototype.userById = function (id) {
      return decorated.call(this, id)
    }
    expect(await messageOf(expectCached(new AuthService(), 'userById', { args: [1] }))).toMatchInlineSnapshot(
      `"AuthService.userById is not decorated with @Cached: a decorator named 'userById' was put on it, so something replaced the method afterwards. Was it wrapped, bound or spied on?"`,
    )
  })

  test('because its keys differ from call to call', async () => {
    let call = 0
    const { auth } = newService({ key: () => call++ })
    expect(await messageOf(expectCached(auth, 'userById', { args: [1] }))).toMatchInlineSnapshot(
      `"AuthService.userById(1) is decorated with @Cached, yet its body ran again at call 2. The calls had different keys: userById:0, then userById:1. Does an argument differ each time (a date, a random id), or its \`key\` function?"`,
    )
  })

  test('because the value is not kept', async () => {
    const { auth } = newService({ keeps: () => false })
    expect(await messageOf(expectCached(auth, 'userById', { args: [1] }))).toMatchInlineSnapshot(
      `"AuthService.userById(1) is decorated with @Cached, yet its body ran again at call 2. Is its cache enabled, is the \`ttl\` longer than this test, and can the value be stored (see the \`value-refused\` events)?"`,
    )
  })

  test('because options refuse the call or the value', async () => {
    const { auth } = newService({ keeps: () => false, options: { shouldCache: () => false, condition: () => true } })
    expect(await messageOf(expectCached(auth, 'userById', { args: [-1] }))).toMatchInlineSnapshot(
      `"AuthService.userById(-1) is decorated with @Cached, yet its body ran again at call 2. It resolved to null and has no \`negativeTtl\`. Did its \`condition\` refuse these arguments? Did its \`shouldCache\` refuse this value?"`,
    )
  })

  test('because it rejects: the reason is passed on as the cause', async () => {
    const { auth } = newService({})
    const failure = expectCached(auth, 'login', { args: ['mia'] })
    expect(await messageOf(failure)).toMatchInlineSnapshot(
      `"AuthService.login('mia') rejected, and a rejected load is never cached: Error: no such user: mia"`,
    )
    await expect(failure).rejects.toMatchObject({ cause: new Error('no such user: mia') })
  })

  describe('with GRANARY_DISABLED', () => {
    beforeEach(() => {
      process.env['GRANARY_DISABLED'] = '1'
    })
    afterEach(() => {
      delete process.env['GRANARY_DISABLED']
    })
    test('the message says so', async () => {
      const { auth } = newService({ keeps: () => false })
      expect(await messageOf(expectCached(auth, 'userById', { args: [1] }))).toContain(
        "GRANARY_DISABLED is set to '1'.",
      )
    })
  })
})

describe('a method that is cached wrongly', () => {
  test('other arguments share its entry', async () => {
    const { auth } = newService({ key: () => 'all' })
    expect(await messageOf(expectCached(auth, 'userById', { args: [1], apart: [[2]] }))).toMatchInlineSnapshot(
      `"AuthService.userById(2) was answered with the entry of AuthService.userById(1) (userById:"all"). Do \`key\` and \`ignore\` leave out an argument that changes the answer? (Or was it called before in this test?)"`,
    )
  })

  test('a hit differs from the miss that made it', async () => {
    const { auth } = newService({ copies: (value) => ({ ...(value as User), name: undefined }) })
    expect(await messageOf(expectCached(auth, 'userById', { args: [1] }))).toMatchInlineSnapshot(
      `"AuthService.userById(1) resolved to another value at call 2, from the cache, than at call 1, from its body. Did something change the cached object, or does it hold what does not survive storing?"`,
    )
  })
})

describe('a proof that would prove nothing', () => {
  test('the entry is there before the first call', async () => {
    const { auth } = newService({})
    await auth.userById(1)
    expect(await messageOf(expectCached(auth, 'userById', { args: [1] }))).toMatchInlineSnapshot(
      `"AuthService.userById(1) was answered without running its body at the first call, so nothing can be proven: it is in the cache already. Use arguments that no earlier test used, or clear the cache before."`,
    )
  })

  test('a single call', async () => {
    const { auth } = newService({})
    await expect(expectCached(auth, 'userById', { args: [1], calls: 1 })).rejects.toBeInstanceOf(InvalidTestOption)
  })

  test('a method that does not exist, with the name that was probably meant', async () => {
    const { auth } = newService({})
    const loose = auth as unknown as Record<string, (...args: unknown[]) => unknown>
    expect(await messageOf(expectCached(loose, 'userByld', { args: [1] }))).toMatchInlineSnapshot(
      `"AuthService.userByld is not a method; did you mean 'userById'?"`,
    )
    expect(await messageOf(expectCached(loose, 'password', { args: [1] }))).toMatchInlineSnapshot(
      `"AuthService.password is not a method."`,
    )
  })
})

describe('a planned call', () => {
  test('can be made again and again, and each result holds the runs of its own call', async () => {
    const { auth } = newService({})
    const call = calling(auth).userById(1)
    const first = await call.make()
    const second = await call.make()
    await auth.userById(2)
    expect([first.runs, second.runs]).toEqual([[{ name: 'userById', key: 'userById:[1]' }], []])
    expect(second.value).toEqual({ id: 1, name: 'user 1' })
  })
})

describe('messages', () => {
  test('do not show secret arguments', async () => {
    const { auth } = newService({ keeps: () => false, options: { secret: [0] } })
    const message = await messageOf(expectCached(auth, 'userById', { args: [4711] }))
    expect(message).toContain('AuthService.userById((secret))')
    expect(message).not.toContain('4711')
  })

  test('show long arguments briefly', () => {
    const { auth } = newService({})
    const plan = calling(auth) as unknown as { userById(...args: unknown[]): unknown }
    const text = String(plan.userById('x'.repeat(500), { a: { b: { c: [1, 2, 3, 4, 5] } } }))
    expect(text.length).toBeLessThan(200)
    expect(text.startsWith("AuthService.userById('xxx")).toBe(true)
  })
})
