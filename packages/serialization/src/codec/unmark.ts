import { FrameError } from '../errors.ts'
import { BINARY_NAMES, type BinaryName, binaryFrom } from '../value/binary.ts'
import type { ClassRegistry } from '../value/class-registry.ts'
import { bareFault, FAULT_NAMES, setOwn } from '../value/fault.ts'
import { MARK } from './marks.ts'

/** Turns a freshly decoded marked tree back into the value, changing its objects in place. @throws FrameError when a mark makes no sense. */
export function fromMarked(tree: unknown, registry: ClassRegistry): unknown {
  return new Reviver(registry).any(tree)
}

function corrupt(what: string): FrameError {
  return new FrameError('FRAME_CORRUPT', `The payload holds ${what}.`)
}

class Reviver {
  readonly registry: ClassRegistry
  private readonly defined = new Map<number, unknown>()

  constructor(registry: ClassRegistry) {
    this.registry = registry
  }

  any(node: unknown): unknown {
    return typeof node === 'object' && node !== null ? this.object(node, undefined) : node
  }

  /** Revives a node; `id` is set when the node is the body of a definition, so that cycles find it while it is being filled. */
  private object(node: object, id: number | undefined): unknown {
    if (node instanceof Map) return this.mark(node, id)
    if (id !== undefined) this.defined.set(id, node)
    if (Array.isArray(node)) {
      for (let index = 0; index < node.length; index++) {
        const inner: unknown = node[index]
        if (typeof inner === 'object' && inner !== null) node[index] = this.object(inner, undefined)
      }
    } else if (Object.getPrototypeOf(node) === Object.prototype) {
      for (const key of Object.keys(node)) {
        const inner = (node as Record<string, unknown>)[key]
        if (typeof inner === 'object' && inner !== null)
          (node as Record<string, unknown>)[key] = this.object(inner, undefined)
      }
    }
    return node
  }

  private mark(node: Map<unknown, unknown>, id: number | undefined): unknown {
    if (node.size !== 1) throw corrupt('a mark with several codes')
    const [code, content] = node.entries().next().value as [unknown, unknown]
    switch (code) {
      case MARK.negativeZero:
        return -0
      case MARK.string:
        return utf16(content)
      case MARK.definition:
        return this.definition(content)
      case MARK.reference:
        if (!this.defined.has(content as number)) throw corrupt('a reference to nothing')
        return this.defined.get(content as number)
    }
    if (!Array.isArray(content)) throw corrupt('a mark without its list')
    return this.composite(code, content, id)
  }

  private definition(content: unknown): unknown {
    if (!Array.isArray(content) || content.length !== 2) throw corrupt('an incomplete definition')
    const [id, body] = content as [unknown, unknown]
    if (typeof id !== 'number' || this.defined.has(id)) throw corrupt('a definition with a bad number')
    if (typeof body !== 'object' || body === null) throw corrupt('a definition of a primitive')
    const value = this.object(body, id)
    this.defined.set(id, value)
    return value
  }

  private composite(code: unknown, content: unknown[], id: number | undefined): unknown {
    switch (code) {
      case MARK.object:
        return this.entries(this.begin(id, {}), content)
      case MARK.bareObject:
        return this.entries(this.begin(id, Object.create(null) as object), content)
      case MARK.map:
        return this.map(this.begin(id, new Map()), content)
      case MARK.set: {
        const set = this.begin(id, new Set())
        for (const inner of content) set.add(this.any(inner))
        return set
      }
      case MARK.regexp:
        return regexp(this.any(content[0]), content[1], content[2])
      case MARK.binary:
        return binary(BINARY_NAMES[content[0] as number], content[1])
      case MARK.error:
        return this.fault(content, id)
      case MARK.instance:
        return this.instance(content[0], this.any(content[1]))
    }
    throw corrupt('an unknown mark')
  }

  private begin<T extends object>(id: number | undefined, value: T): T {
    if (id !== undefined) this.defined.set(id, value)
    return value
  }

  private entries(object: object, content: readonly unknown[]): object {
    if (content.length % 2 !== 0) throw corrupt('a property without a value')
    for (let index = 0; index < content.length; index += 2) {
      setOwn(object, this.name(content[index]), this.any(content[index + 1]), true)
    }
    return object
  }

  private map(map: Map<unknown, unknown>, content: readonly unknown[]): Map<unknown, unknown> {
    if (content.length % 2 !== 0) throw corrupt('a map key without a value')
    for (let index = 0; index < content.length; index += 2)
      map.set(this.any(content[index]), this.any(content[index + 1]))
    return map
  }

  private fault(content: readonly unknown[], id: number | undefined): Error {
    const [code] = content
    // A string would name a property of every list, such as its length.
    const name = typeof code === 'number' ? FAULT_NAMES[code] : undefined
    if (name === undefined || content.length % 3 !== 1) throw corrupt('an incomplete error')
    const error = this.begin(id, bareFault(name))
    for (let index = 1; index < content.length; index += 3) {
      setOwn(error, this.name(content[index]), this.any(content[index + 2]), content[index + 1] === true)
    }
    return error
  }

  private instance(name: unknown, data: unknown): unknown {
    const registered = typeof name === 'string' ? this.registry.named(name) : undefined
    if (registered === undefined)
      throw new FrameError(
        'FRAME_CLASS',
        `The payload holds an instance of '${String(name)}', which is not registered with classes.`,
      )
    try {
      return registered.fromData(data)
    } catch (cause) {
      throw new FrameError('FRAME_CLASS', `fromData of '${String(name)}' failed.`, { cause })
    }
  }

  private name(node: unknown): string {
    const name = this.any(node)
    if (typeof name !== 'string') throw corrupt('a property name that is not a string')
    return name
  }
}

function utf16(content: unknown): string {
  if (!Buffer.isBuffer(content) || content.length % 2 !== 0) throw corrupt('a damaged string')
  return content.toString('utf16le')
}

function regexp(source: unknown, flags: unknown, lastIndex: unknown): RegExp {
  if (typeof source !== 'string' || typeof flags !== 'string' || typeof lastIndex !== 'number')
    throw corrupt('an incomplete regular expression')
  try {
    const value = new RegExp(source, flags)
    value.lastIndex = lastIndex
    return value
  } catch (cause) {
    throw new FrameError('FRAME_CORRUPT', 'The payload holds an invalid regular expression.', { cause })
  }
}

function binary(name: BinaryName | undefined, bytes: unknown): object {
  const value = name !== undefined && Buffer.isBuffer(bytes) ? binaryFrom(name, bytes) : undefined
  if (value === undefined) throw corrupt('bytes of an unknown kind')
  return value
}
