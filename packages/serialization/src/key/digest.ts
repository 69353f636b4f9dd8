import { hash } from 'node:crypto'
import { isWellFormed } from '../well-formed.ts'

/** The longest argument text that stays readable in a key, in characters, unless told otherwise. */
export const KEY_TEXT_LIMIT = 200

/** A 160-bit digest of a text: SHA-256 (FIPS 180-4) cut to 20 bytes, as 27 characters of base64url. */
export function digestText(text: string): string {
  return sha256(text).toString('base64url', 0, 20)
}

/**
 * What stands for an argument text in a key: the text itself up to `limit` characters, else `#` and its digest.
 *
 * No argument text begins with `#`, so a digest is never mistaken for a text.
 */
export function keyText(text: string, limit: number = KEY_TEXT_LIMIT): string {
  return text.length <= limit ? text : `#${digestText(text)}`
}

const TAG_MEMORY = 4096
let recentTags = new Map<string, string>()
let olderTags = new Map<string, string>()

/** A 64-bit digest of a tag, as 11 characters of base64url. Two tags sharing one cost misses, never stale data. */
export function tagDigest(tag: string): string {
  const known = recentTags.get(tag)
  if (known !== undefined) return known
  const digest = olderTags.get(tag) ?? sha256(tag).toString('base64url', 0, 8)
  // Two generations: when the younger is full the older is dropped, so at most 2 * TAG_MEMORY tags are remembered.
  if (recentTags.size >= TAG_MEMORY) {
    olderTags = recentTags
    recentTags = new Map()
  }
  recentTags.set(tag, digest)
  return digest
}

/** How many tag digests are remembered now; never more than 8,192. */
export function rememberedTags(): number {
  return recentTags.size + olderTags.size
}

function sha256(text: string): Buffer {
  // UTF-8 would turn every lone surrogate into the same replacement character.
  if (isWellFormed(text)) return hash('sha256', text, 'buffer')
  return hash('sha256', Buffer.concat([Buffer.from([0xff]), Buffer.from(text, 'utf16le')]), 'buffer')
}
