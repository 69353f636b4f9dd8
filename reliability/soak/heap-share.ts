import { getHeapSnapshot } from 'node:v8'

/** Bytes of heap that can be reached, by who made them. */
export interface HeapShare {
  /** Objects, arrays, strings, numbers, functions: what a program holds. */
  readonly program: number
  /**
   * Machine code and bytecode, the shapes of objects, feedback, what optimised code depends on and is undone with: V8's own. It goes
   * on compiling for half an hour, with every path that a fault makes warm.
   */
  readonly engine: number
}

/** Kinds of nodes whose bytes are V8's own. */
const OF_ENGINE = new Set(['code', 'hidden', 'object shape'])
/** Kinds that are not on the heap: buffers and what the runtime keeps beside it. */
const OUTSIDE = new Set(['native', 'synthetic'])

const DIGITS = { from: 48, to: 57 }
const COMMA = 44
const END = 93

/** Collects what is not needed any more and counts the rest, in a heap snapshot that is read as it comes. */
export async function countHeap(): Promise<HeapShare> {
  const pieces: Buffer[] = []
  for await (const piece of getHeapSnapshot()) pieces.push(piece as Buffer)
  return sharesOf(Buffer.concat(pieces))
}

/** What the nodes of a snapshot come to. Only its list of nodes is read: their strings and edges are most of it. */
export function sharesOf(snapshot: Buffer): HeapShare {
  const start = snapshot.indexOf('"nodes":[')
  const { node_fields: fields, node_types: types } = metaOf(snapshot.toString('utf8', 0, start))
  const [kindAt, sizeAt] = [fields.indexOf('type'), fields.indexOf('self_size')]
  const sizes = new Array<number>(types[kindAt]?.length ?? 0).fill(0)
  let field = 0
  let kind = 0
  let number = 0
  for (let at = start + '"nodes":['.length; ; at++) {
    const byte = snapshot[at]
    if (byte === undefined) throw new RangeError('the snapshot ends within its nodes')
    if (byte >= DIGITS.from && byte <= DIGITS.to) {
      number = number * 10 + byte - DIGITS.from
    } else if (byte === COMMA || byte === END) {
      if (field === kindAt) kind = number
      if (field === sizeAt) sizes[kind] = (sizes[kind] ?? 0) + number
      field = (field + 1) % fields.length
      number = 0
      if (byte === END) break
    }
  }
  return addUp(types[kindAt] ?? [], sizes)
}

interface Meta {
  readonly node_fields: readonly string[]
  readonly node_types: readonly (readonly string[])[]
}

/** The head of a snapshot says what its numbers mean. */
function metaOf(head: string): Meta {
  const { snapshot } = JSON.parse(`${head.trimEnd().replace(/,$/, '')}}`) as { snapshot: { meta: Meta } }
  return snapshot.meta
}

function addUp(kinds: readonly string[], sizes: readonly number[]): HeapShare {
  const sum = (isMeant: (kind: string) => boolean) =>
    kinds.reduce((bytes, kind, at) => bytes + (isMeant(kind) ? (sizes[at] ?? 0) : 0), 0)
  return {
    program: sum((kind) => !OF_ENGINE.has(kind) && !OUTSIDE.has(kind)),
    engine: sum((kind) => OF_ENGINE.has(kind)),
  }
}
