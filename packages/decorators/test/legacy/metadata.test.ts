import 'reflect-metadata'
import { Cached, Invalidates } from '@granary/decorators'
import { expect, test } from 'vitest'
import { configuredCache } from '../fresh-cache.ts'

/** Stores on the function itself, as NestJS does with roles, guards and interceptors. */
function Roles(...roles: string[]): MethodDecorator {
  return (_target, _name, descriptor) => Reflect.defineMetadata('roles', roles, descriptor.value as object)
}

/** Stores on the class under the method's name, as routers do. */
function Route(path: string): MethodDecorator {
  return (target, name) => Reflect.defineMetadata('route', path, target, name)
}

class Users {
  @Roles('guest')
  @Route('/outer')
  @Invalidates({ names: ['metadata:by_id'] })
  @Cached({ name: 'metadata:by_id', ttl: '1m' })
  @Route('/inner')
  @Roles('admin')
  async byId(id: number, _locale: string): Promise<number> {
    return id
  }

  @Cached({ name: 'metadata:below', ttl: '1m' })
  @Roles('admin')
  async below(id: number): Promise<number> {
    return id
  }
}

test('what other decorators stored with reflect-metadata, above or below, is still there', async () => {
  configuredCache()
  expect(Reflect.getMetadata('roles', Users.prototype.below)).toEqual(['admin'])
  expect(Reflect.getMetadata('roles', Users.prototype.byId)).toEqual(['guest'])
  expect(Reflect.getMetadata('route', Users.prototype, 'byId')).toBe('/outer')
  expect(await new Users().byId(1, 'en')).toBe(1)
})

test('the types that the compiler emits for the method are its own', () => {
  expect(Reflect.getMetadata('design:paramtypes', Users.prototype, 'byId')).toEqual([Number, String])
  expect(Reflect.getMetadata('design:returntype', Users.prototype, 'byId')).toBe(Promise)
})

test('the class is known from decoration on', () => {
  const { nodes } = Reflect.get(Users.prototype.below, Symbol.for('granary.method')) as {
    nodes: { className: string }[]
  }
  expect(nodes.map(({ className }) => className)).toEqual(['Users'])
})
