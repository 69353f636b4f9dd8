/** Subjects as keys. */
import { InvalidOption } from '@granary/core'
import { digestText } from '@granary/serialization'

/** Longer subjects are digested, so that keys stay short. */
const LONGEST = 200

/** Stands before a digest, and before no subject that stands in a key as it is. */
const DIGESTED = '#'

/** What does not survive UTF-8: Redis would take two of them for one. */
const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * Makes the keys of a limit set's subjects. No two subjects share a key, whatever they were made of to that end.
 *
 * @param digest - Digests secret subjects; undefined when they are none.
 */
export function subjectKeys(
  prefix: string,
  digest: ((subject: string) => string) | undefined,
): (subject: string) => string {
  return (subject) => {
    if (typeof subject !== 'string' || subject === '') {
      throw new InvalidOption('subject', subject, 'it is a text that is not empty')
    }
    if (digest !== undefined) return prefix + digest(subject)
    return prefix + (isPlain(subject) ? subject : DIGESTED + digestText(subject))
  }
}

function isPlain(subject: string): boolean {
  return subject.length <= LONGEST && !subject.startsWith(DIGESTED) && !LONE_SURROGATE.test(subject)
}
