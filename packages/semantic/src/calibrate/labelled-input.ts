import { InvalidOption } from '@granary/core'

/** Two texts, and whether one answer will do for both. */
export interface LabelledPair {
  readonly text: string
  readonly other: string
  readonly same: boolean
}

/** A request of a log, and what the model answered. */
export interface LoggedRequest {
  readonly text: string
  readonly answer: string
}

const SAME = new Set(['1', 'true', 'same', 'yes'])
const DIFFERENT = new Set(['0', 'false', 'different', 'no'])

/**
 * Reads labelled pairs: lines of two texts and a label, separated by tabs or commas (RFC 4180), or JSON lines of
 * `{ "text", "other", "same" }`. The label is 1, true, same or yes for pairs that one answer will do for, else 0, false, different or no.
 *
 * @throws InvalidOption naming the line that cannot be read.
 */
export function readPairs(content: string): readonly LabelledPair[] {
  return rows(content, ['text', 'other', 'same']).map(({ line, fields: [text = '', other = '', label = ''] }) => {
    const word = label.trim().toLowerCase()
    if (!SAME.has(word) && !DIFFERENT.has(word))
      throw new InvalidOption(
        `line ${line}: label`,
        label,
        'it is 1, true, same or yes, or else 0, false, different or no',
      )
    return { text, other, same: SAME.has(word) }
  })
}

/**
 * Reads a log in the order of time: lines of a text and its answer (or the name of its answer), separated as in {@link readPairs}, or
 * JSON lines of `{ "text", "answer" }`.
 *
 * @throws InvalidOption naming the line that cannot be read.
 */
export function readLog(content: string): readonly LoggedRequest[] {
  return rows(content, ['text', 'answer']).map(({ fields: [text = '', answer = ''] }) => ({ text, answer }))
}

interface Row {
  /** Where it begins, from 1. */
  readonly line: number
  readonly fields: readonly string[]
}

function rows(content: string, names: readonly string[]): readonly Row[] {
  const isJson = content.trimStart().startsWith('{')
  const found = isJson ? jsonRows(content, names) : separatedRows(content, content.includes('\t') ? '\t' : ',')
  const [head] = found
  const rest = head !== undefined && !isJson && isHead(head.fields, names) ? found.slice(1) : found
  for (const { line, fields } of rest) {
    if (fields.length >= names.length) continue
    throw new InvalidOption(`line ${line}`, fields.join(' | '), `it has ${names.length} fields: ${names.join(', ')}`)
  }
  return rest
}

const FIRST_COLUMN = /^(text|question|sentence|query|prompt|request|s|q)(_?[1a])?$/i
const LAST_COLUMN = /^(same|label|is_?duplicate|answer|intent|category|class)$/i

/** A head line names its columns. */
function isHead(fields: readonly string[], names: readonly string[]): boolean {
  return FIRST_COLUMN.test(fields[0]?.trim() ?? '') && LAST_COLUMN.test(fields[names.length - 1]?.trim() ?? '')
}

function jsonRows(content: string, names: readonly string[]): Row[] {
  return content.split('\n').flatMap((text, at) => {
    if (text.trim() === '') return []
    try {
      const value = JSON.parse(text) as Record<string, unknown>
      return [
        { line: at + 1, fields: names.flatMap((name) => (value[name] === undefined ? [] : [String(value[name])])) },
      ]
    } catch {
      throw new InvalidOption(`line ${at + 1}`, text, 'it is a JSON object')
    }
  })
}

function separatedRows(content: string, separator: ',' | '\t'): Row[] {
  const found: Row[] = []
  let [fields, line, begun]: [string[], number, number] = [[], 1, 1]
  const field = separator === ',' ? /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/gy : /()([^\t\r\n]*)(\t|\r?\n|$)/gy
  while (field.lastIndex < content.length) {
    const match = field.exec(content)
    if (match === null)
      throw new InvalidOption(
        `line ${line}`,
        content.slice(0, 0),
        'a quote that is opened is closed, and ends its field',
      )
    const [whole, quoted, plain = '', end] = match
    fields.push(quoted === undefined || quoted === '' ? plain : quoted.replaceAll('""', '"'))
    line += whole.split('\n').length - 1
    if (end === separator) continue
    if (fields.length > 1 || fields[0]?.trim() !== '') found.push({ line: begun, fields })
    fields = []
    begun = line
  }
  return found
}
