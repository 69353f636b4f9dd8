/** A token of a Lua source. */
export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'mark' | 'end'
  /** The text; of a string, its bytes as latin-1 characters. */
  readonly text: string
  readonly line: number
}

const PIECES =
  /(?<space>[ \t\r\n]+|--[^\n]*)|(?<name>[A-Za-z_]\w*)|(?<number>0[xX][\da-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<string>'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*")|(?<mark>\.\.\.|\.\.|==|~=|<=|>=|[-+*/%^#<>=(){}[\];:,.])/y

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '\n',
}

/** Splits a Lua source into tokens. Long brackets are not known: no script of ours uses them. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  PIECES.lastIndex = 0
  while (PIECES.lastIndex < source.length) {
    const at = PIECES.lastIndex
    const groups = PIECES.exec(source)?.groups
    if (groups === undefined) throw new SyntaxError(`Lua line ${line}: cannot read '${source.slice(at, at + 20)}'`)
    const { name, number, string, mark, space } = groups
    if (name !== undefined) tokens.push({ kind: 'name', text: name, line })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, line })
    else if (string !== undefined) tokens.push({ kind: 'string', text: unescaped(string.slice(1, -1)), line })
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: mark, line })
    line += (space ?? string ?? '').split('\n').length - 1
  }
  tokens.push({ kind: 'end', text: '<end>', line })
  return tokens
}

function unescaped(body: string): string {
  return body.replace(/\\(\d{1,3}|[\s\S])/g, (_, code: string) =>
    /^\d/.test(code) ? String.fromCharCode(Number(code)) : (ESCAPES[code] ?? refuse(code)),
  )
}

function refuse(code: string): never {
  throw new SyntaxError(`Lua: unknown escape \\${code}`)
}
