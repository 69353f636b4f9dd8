import { InvalidOption } from '../../errors.ts'

/**
 * Checks a URL before a client gets it.
 *
 * @throws InvalidOption unless `url` is a redis:// or rediss:// URL.
 */
export function checkUrl(url: string, option: string): void {
  const allowed = 'it is a URL such as redis://localhost:6379/0 or rediss://host:6380'
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw new InvalidOption(option, withoutPassword(url), allowed)
  }
  if (!['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '') {
    throw new InvalidOption(option, withoutPassword(url), allowed)
  }
  if (!/^\/?\d*$/.test(parsed.pathname))
    throw new InvalidOption(option, withoutPassword(url), 'its path is a database number')
}

/** A password that was not escaped may hold any of `/`, `@`, `?` and `#`, and a query may hold one: neither is shown. */
function withoutPassword(url: string): string {
  return url.replace(/\/\/.*@/s, '//…@').replace(/\?.*$/s, '?…')
}
