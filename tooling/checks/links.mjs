import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { filesBelow, root, shown } from '../workspace.mjs'
import { runAsProgram } from './findings.mjs'

/**
 * A Markdown text without its code, line by line, so that nothing inside code counts as a heading or a link.
 * @param {string} text
 * @returns {string[]}
 */
function prose(text) {
  let fence = ''
  return text.split('\n').map((line) => {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1]?.slice(0, 3)
    if (mark && (fence === '' || mark === fence)) {
      fence = fence === '' ? mark : ''
      return ''
    }
    return fence === '' ? line.replace(/`[^`]*`/g, (code) => code.replace(/[[\]()]/g, ' ')) : ''
  })
}

/**
 * The anchors of a Markdown text, as the code hosts make them from headings, and those set by hand.
 * @param {string} text
 * @returns {Set<string>}
 */
export function anchorsOf(text) {
  /** @type {Set<string>} */
  const found = new Set()
  /** @type {Map<string, number>} */
  const used = new Map()
  for (const line of prose(text)) {
    for (const [, id] of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) if (id) found.add(id)
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1]
    if (heading === undefined) continue
    const slug = slugOf(heading)
    const times = used.get(slug) ?? 0
    used.set(slug, times + 1)
    found.add(times === 0 ? slug : `${slug}-${times}`)
  }
  return found
}

/**
 * @param {string} heading
 * @returns {string}
 */
function slugOf(heading) {
  const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
  return words
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
}

/**
 * The targets a Markdown text links to, with their lines.
 * @param {string} text
 * @returns {{ target: string, line: number }[]}
 */
export function linksOf(text) {
  return prose(text).flatMap((line, index) =>
    [...line.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\s*\[[^\]]+\]:\s+(\S+)/g)].map((match) => ({
      target: match[1] ?? match[2] ?? '',
      line: index + 1,
    })),
  )
}

/**
 * Why a link leads nowhere, or undefined when it leads somewhere or outside the repository.
 * @param {string} page absolute path of the page it stands on
 * @param {string} target
 * @param {string} base
 * @returns {string | undefined}
 */
function brokenBecause(page, target, base) {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined
  const [path = '', anchor] = decodeURIComponent(target).split('#')
  const file = path === '' ? page : resolve(path.startsWith('/') ? base : dirname(page), path.replace(/^\/+/, ''))
  if (!existsSync(file)) return `leads nowhere: ${target}`
  if (!`${file}/`.startsWith(`${base}/`)) return `leaves the repository: ${target}`
  if (!anchor || !file.endsWith('.md') || statSync(file).isDirectory()) return undefined
  return anchorsOf(readFileSync(file, 'utf8')).has(anchor) ? undefined : `no such heading: ${target}`
}

/**
 * Links between the repository's pages, and from them to its files.
 * @param {string} [base]
 * @returns {{ findings: import('./findings.mjs').Finding[], looked: string }}
 */
export function checkLinks(base = root) {
  const isPage = (/** @type {string} */ path) => path.endsWith('.md')
  const pages = filesBelow(base, isPage)
  let count = 0
  const findings = pages.flatMap((page) =>
    linksOf(readFileSync(page, 'utf8')).flatMap(({ target, line }) => {
      count += 1
      const what = brokenBecause(page, target, base)
      return what === undefined ? [] : [{ where: `${shown(page, base)}:${line}`, what }]
    }),
  )
  return { findings, looked: `${pages.length} pages, ${count} links` }
}

runAsProgram(import.meta.url, () => checkLinks())
