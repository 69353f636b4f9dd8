import type { Token } from './token.ts'

/** The tokens of a source and a place among them. */
export class Cursor {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get token(): Token {
    return this.#tokens[this.#at] as Token
  }

  /** Whether the current token is this keyword or mark. */
  is(text: string): boolean {
    return this.token.text === text && (this.token.kind === 'mark' || this.token.kind === 'name')
  }

  next(): Token {
    const { token } = this
    this.#at += 1
    return token
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false
    this.#at += 1
    return true
  }

  expect(text: string): void {
    if (!this.accept(text)) this.fail(`'${text}' expected`)
  }

  name(): string {
    if (this.token.kind !== 'name') this.fail('a name expected')
    return this.next().text
  }

  fail(what: string): never {
    throw new SyntaxError(`Lua line ${this.token.line}: ${what} near '${this.token.text}'`)
  }
}

/** Local names and the JavaScript names they became. */
export class Scope {
  readonly #names = new Map<string, string>()
  readonly #outer: Scope | undefined
  readonly #count: { value: number }

  constructor(outer?: Scope) {
    this.#outer = outer
    this.#count = outer === undefined ? { value: 0 } : outer.#count
  }

  declare(name: string): string {
    this.#count.value += 1
    const given = `${name}$${this.#count.value}`
    this.#names.set(name, given)
    return given
  }

  find(name: string): string {
    return this.#names.get(name) ?? this.#outer?.find(name) ?? `G.${name}`
  }
}

/** An expression as JavaScript; `many` says that it may stand for several values. */
export interface Expression {
  readonly code: string
  readonly many: boolean
}

/** Compiles a function body; handed in, because expressions and statements contain each other. */
export type CompileFunction = (cursor: Cursor, scope: Scope) => string

const BINARY: Readonly<Record<string, readonly [left: number, right: number, emit: (a: string, b: string) => string]>> =
  {
    or: [1, 2, (a, b) => `L.or(${a},()=>${b})`],
    and: [3, 4, (a, b) => `L.and(${a},()=>${b})`],
    '<': [5, 6, (a, b) => `L.less(${a},${b})`],
    '>': [5, 6, (a, b) => `L.less(${b},${a})`],
    '<=': [5, 6, (a, b) => `!L.less(${b},${a})`],
    '>=': [5, 6, (a, b) => `!L.less(${a},${b})`],
    '~=': [5, 6, (a, b) => `(${a}!==${b})`],
    '==': [5, 6, (a, b) => `(${a}===${b})`],
    '..': [8, 7, (a, b) => `(L.text(${a})+L.text(${b}))`],
    '+': [9, 10, (a, b) => `(L.number(${a})+L.number(${b}))`],
    '-': [9, 10, (a, b) => `(L.number(${a})-L.number(${b}))`],
    '*': [11, 12, (a, b) => `(L.number(${a})*L.number(${b}))`],
    '/': [11, 12, (a, b) => `(L.number(${a})/L.number(${b}))`],
    '%': [11, 12, (a, b) => `L.modulo(${a},${b})`],
  }
const UNARY_POWER = 13

const CONSTANTS: Readonly<Record<string, string>> = { nil: 'undefined', true: 'true', false: 'false' }

/** Compiles one expression down to operators of at least `power` (precedence climbing). */
export function compileExpression(
  cursor: Cursor,
  scope: Scope,
  compileFunction: CompileFunction,
  power = 0,
): Expression {
  const again = (least = 0) => one(compileExpression(cursor, scope, compileFunction, least))
  let left: Expression
  if (cursor.accept('not')) left = single(`!L.truthy(${again(UNARY_POWER)})`)
  else if (cursor.accept('-')) left = single(`(-L.number(${again(UNARY_POWER)}))`)
  else if (cursor.accept('#')) left = single(`L.length(${again(UNARY_POWER)})`)
  else left = compileSuffixed(cursor, scope, compileFunction)
  for (;;) {
    const operator = cursor.token.kind === 'string' ? undefined : BINARY[cursor.token.text]
    if (operator === undefined || operator[0] < power) return left
    cursor.next()
    left = single(operator[2](one(left), again(operator[1])))
  }
}

/** A comma-separated list of expressions. */
export function compileList(cursor: Cursor, scope: Scope, compileFunction: CompileFunction): Expression[] {
  const list = [compileExpression(cursor, scope, compileFunction)]
  while (cursor.accept(',')) list.push(compileExpression(cursor, scope, compileFunction))
  return list
}

/** The first value of an expression. */
export function one({ code, many }: Expression): string {
  return many ? `L.first(${code})` : code
}

/** A primary expression with its indexes and calls; also what an assignment begins with. */
export function compileSuffixed(cursor: Cursor, scope: Scope, compileFunction: CompileFunction): Expression {
  let left = compilePrimary(cursor, scope, compileFunction)
  for (;;) {
    if (cursor.accept('.')) left = single(`${one(left)}[${JSON.stringify(cursor.name())}]`)
    else if (cursor.accept('[')) {
      const index = one(compileExpression(cursor, scope, compileFunction))
      cursor.expect(']')
      left = single(`${one(left)}[${index}]`)
    } else if (cursor.accept('(')) {
      const args = cursor.is(')') ? [] : compileList(cursor, scope, compileFunction)
      cursor.expect(')')
      left = { code: `${one(left)}(${args.map(spread).join(',')})`, many: true }
    } else return left
  }
}

function compilePrimary(cursor: Cursor, scope: Scope, compileFunction: CompileFunction): Expression {
  const { kind, text } = cursor.token
  if (kind === 'number') return single(String(Number(cursor.next().text)))
  if (kind === 'string') return single(JSON.stringify(cursor.next().text))
  if (cursor.accept('(')) {
    const inner = compileExpression(cursor, scope, compileFunction)
    cursor.expect(')')
    return single(`(${one(inner)})`)
  }
  if (cursor.accept('{')) {
    const items = cursor.is('}') ? [] : compileList(cursor, scope, compileFunction)
    cursor.expect('}')
    return single(`[undefined,${items.map(spread).join(',')}]`)
  }
  if (cursor.accept('function')) return single(compileFunction(cursor, scope))
  if (kind !== 'name') cursor.fail('an expression expected')
  cursor.next()
  return single(CONSTANTS[text] ?? scope.find(text))
}

/** The last of a list gives all its values, any other its first. */
function spread(item: Expression, at: number, list: readonly Expression[]): string {
  return item.many && at === list.length - 1 ? `...L.all(${item.code})` : one(item)
}

function single(code: string): Expression {
  return { code, many: false }
}
