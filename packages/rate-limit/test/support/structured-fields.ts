/** A parser of the Lists of RFC 9651, section 4.2.1, as far as the RateLimit fields use them: strict, so that it finds faults. */
export interface Item {
  readonly value: string
  readonly parameters: ReadonlyMap<string, number | string | Uint8Array>
}

/** Parses a List of Strings with parameters; throws where the text is not one. */
export function parseList(text: string): Item[] {
  const reader = new Reader(text)
  const items: Item[] = []
  for (;;) {
    items.push(reader.item())
    if (reader.done) return items
    reader.separator()
  }
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get done(): boolean {
    return this.#at === this.#text.length
  }

  item(): Item {
    const value = this.#string()
    const parameters = new Map<string, number | string | Uint8Array>()
    while (this.#text[this.#at] === ';') {
      this.#at += 1
      const key = this.#match(/[a-z*][a-z0-9_\-.*]*/y)
      if (this.#text[this.#at] !== '=') throw new Error(`A parameter without a value at ${this.#at} of ${this.#text}`)
      this.#at += 1
      parameters.set(key, this.#bare())
    }
    return { value, parameters }
  }

  separator(): void {
    this.#match(/[ \t]*,[ \t]*/y)
    if (this.done) throw new Error(`A trailing comma in ${this.#text}`)
  }

  #bare(): number | string | Uint8Array {
    if (this.#text[this.#at] === '"') return this.#string()
    if (this.#text[this.#at] === ':') return Buffer.from(this.#match(/:[A-Za-z0-9+/=]*:/y).slice(1, -1), 'base64')
    return Number(this.#match(/-?[0-9]{1,15}(?![0-9.])/y))
  }

  #string(): string {
    const quoted = this.#match(/"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/y)
    return quoted.slice(1, -1).replace(/\\(.)/g, '$1')
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match === null) throw new Error(`Not ${pattern} at ${this.#at} of ${this.#text}`)
    this.#at += match[0].length
    return match[0]
  }
}
