/** A text with the values of its variables taken out. */
export interface Template {
  /** The text around the values: what must be equal. */
  readonly frame: string
  /** The values, in the order of their names: what is compared. */
  readonly filling: string
}

/**
 * Takes the named values out of a text, so that an instruction around them is matched exactly and only they are compared: behind
 * the same 144 words of instruction, unrelated texts have cosine 1.
 *
 * @returns undefined when a value does not stand in the text.
 */
export function templateOf(text: string, variables: Readonly<Record<string, string>>): Template | undefined {
  const names = Object.keys(variables).sort()
  const places: { readonly at: number; readonly name: string; readonly value: string }[] = []
  for (const name of names) {
    const value = variables[name] as string
    const at = value === '' ? -1 : text.indexOf(value)
    if (at === -1) return undefined
    places.push({ at, name, value })
  }
  places.sort((one, other) => one.at - other.at)
  let frame = ''
  let end = 0
  for (const { at, name, value } of places) {
    if (at < end) return undefined
    // The length in front keeps a text that spells a marker apart from a marker.
    frame += `${at - end}:${text.slice(end, at)}{${name}}`
    end = at + value.length
  }
  return { frame: frame + text.slice(end), filling: names.map((name) => variables[name]).join('\n') }
}
