import { Cursor, compileExpression, compileList, compileSuffixed, one, Scope } from './expressions.ts'
import { type Globals, OPERATORS } from './runtime.ts'
import { tokenize } from './token.ts'

/** A compiled Lua chunk: run it with its globals, get what it returns. */
export type Chunk = (globals: Globals) => unknown

const chunks = new Map<string, Chunk>()

/**
 * Compiles the part of Lua that Redis scripts are written in to JavaScript: locals, functions, if, numeric and `ipairs`
 * loops, tables used as arrays, strings as bytes. Anything else is refused, so that no script is run wrongly in silence.
 *
 * Running the very sources that go to the server means that the model of Redis cannot drift away from them.
 */
export function compileLua(source: string): Chunk {
  const known = chunks.get(source)
  if (known !== undefined) return known
  const cursor = new Cursor(tokenize(source))
  const body = compileBlock(cursor, new Scope(), ['<end>'])
  const run = new Function('G', 'L', body) as (globals: Globals, operators: typeof OPERATORS) => unknown
  const chunk: Chunk = (globals) => run(globals, OPERATORS)
  chunks.set(source, chunk)
  return chunk
}

function compileBlock(cursor: Cursor, scope: Scope, ends: readonly string[]): string {
  const lines: string[] = []
  while (!ends.includes(cursor.token.text)) {
    if (cursor.token.kind === 'end') cursor.fail(`'${ends[0]}' expected`)
    if (cursor.accept(';')) continue
    lines.push(compileStatement(cursor, scope))
  }
  return lines.join('\n')
}

function compileStatement(cursor: Cursor, scope: Scope): string {
  if (cursor.accept('local'))
    return cursor.accept('function') ? namedFunction(cursor, scope) : compileLocals(cursor, scope)
  if (cursor.accept('if')) return compileIf(cursor, scope)
  if (cursor.accept('for')) return compileFor(cursor, scope)
  if (cursor.accept('while')) {
    const condition = expression(cursor, scope)
    cursor.expect('do')
    return `while(L.truthy(${condition})){${closed(cursor, scope, 'end')}}`
  }
  if (cursor.accept('do')) return `{${closed(cursor, scope, 'end')}}`
  if (cursor.accept('break')) return 'break'
  if (cursor.accept('return')) return compileReturn(cursor, scope)
  return compileAssignment(cursor, scope)
}

function compileReturn(cursor: Cursor, scope: Scope): string {
  if (['end', 'else', 'elseif', '<end>'].includes(cursor.token.text)) return 'return'
  const list = compileList(cursor, scope, compileFunction)
  if (list.length > 1) cursor.fail('one returned value at most')
  return `return ${list[0]?.code}`
}

function namedFunction(cursor: Cursor, scope: Scope): string {
  const name = scope.declare(cursor.name())
  return `const ${name}=${compileFunction(cursor, scope)};`
}

function compileFunction(cursor: Cursor, outer: Scope): string {
  const scope = new Scope(outer)
  const parameters: string[] = []
  cursor.expect('(')
  while (!cursor.is(')')) {
    parameters.push(scope.declare(cursor.name()))
    if (!cursor.accept(',')) break
  }
  cursor.expect(')')
  return `(${parameters.join(',')})=>{${closed(cursor, scope, 'end')}}`
}

function compileLocals(cursor: Cursor, scope: Scope): string {
  const names = [cursor.name()]
  while (cursor.accept(',')) names.push(cursor.name())
  const values = cursor.accept('=') ? compileList(cursor, scope, compileFunction) : []
  const given = names.map((name) => scope.declare(name))
  return `let ${target(given, values)};`
}

/** `a, b = f()` takes all values of the last expression; the JavaScript for both declarations and assignments. */
function target(
  targets: readonly string[],
  values: readonly { readonly code: string; readonly many: boolean }[],
): string {
  if (values.length === 0) return targets.join(',')
  if (targets.length === 1 && values.length === 1) return `${targets[0]}=${one(values[0] as never)}`
  const list = values.map((value, at) =>
    value.many && at === values.length - 1 ? `...L.all(${value.code})` : one(value),
  )
  return `[${targets.join(',')}]=[${list.join(',')}]`
}

function compileIf(cursor: Cursor, scope: Scope): string {
  const ends = ['elseif', 'else', 'end']
  let code = ''
  do {
    const condition = expression(cursor, scope)
    cursor.expect('then')
    code += `${code === '' ? '' : 'else '}if(L.truthy(${condition})){${compileBlock(cursor, new Scope(scope), ends)}}`
  } while (cursor.accept('elseif'))
  if (cursor.accept('else')) return `${code}else{${closed(cursor, scope, 'end')}}`
  cursor.expect('end')
  return code
}

function compileFor(cursor: Cursor, outer: Scope): string {
  const scope = new Scope(outer)
  const first = cursor.name()
  if (cursor.accept(',')) {
    const second = cursor.name()
    cursor.expect('in')
    if (cursor.name() !== 'ipairs') cursor.fail('only ipairs can be iterated')
    const list = one(compileSuffixed(cursor, outer, compileFunction))
    cursor.expect('do')
    const [index, value] = [scope.declare(first), scope.declare(second)]
    return `for(const [${index},${value}] of L.pairs(${list})){${closed(cursor, scope, 'end')}}`
  }
  cursor.expect('=')
  const bounds = compileList(cursor, outer, compileFunction).map(one)
  if (bounds.length !== 2) cursor.fail('a loop counts by one')
  cursor.expect('do')
  const index = scope.declare(first)
  return `for(let ${index}=L.number(${bounds[0]}),limit=L.number(${bounds[1]});${index}<=limit;${index}++){${closed(cursor, scope, 'end')}}`
}

function compileAssignment(cursor: Cursor, scope: Scope): string {
  const targets = [compileSuffixed(cursor, scope, compileFunction)]
  while (cursor.accept(',')) targets.push(compileSuffixed(cursor, scope, compileFunction))
  if (!cursor.accept('=')) {
    if (targets.length > 1 || !targets[0]?.many) cursor.fail('a statement expected')
    return `${targets[0].code};`
  }
  return `;${target(
    targets.map(({ code }) => code),
    compileList(cursor, scope, compileFunction),
  )};`
}

function expression(cursor: Cursor, scope: Scope): string {
  return one(compileExpression(cursor, scope, compileFunction))
}

/** A block in a scope of its own, up to and with its end. */
function closed(cursor: Cursor, outer: Scope, end: string): string {
  const body = compileBlock(cursor, new Scope(outer), [end])
  cursor.expect(end)
  return body
}
