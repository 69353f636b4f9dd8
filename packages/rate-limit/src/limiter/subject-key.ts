/** Subjects as keys. */
import { createHash } from 'node:crypto'
import { InvalidOption } from '@granary/core'

/** Longer subjects are digested, so that keys stay short. */
const LONGEST = 200

/**
 * Makes the keys of a limit set's subjects.
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
    return prefix + (subject.length <= LONGEST ? subject : createHash('sha256').update(subject).digest('base64url'))
  }
}
