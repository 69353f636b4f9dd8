import { describe, expect, test } from 'vitest'
import { wrongNote } from '../checks/changesets.mjs'
import { checkLinks } from '../checks/links.mjs'
import { missingOptionals, wrongLocks } from '../checks/lockfile.mjs'
import { plant } from './planted.ts'

describe('links', () => {
  const objections = (text: string) =>
    checkLinks(
      plant({ 'README.md': text, 'docs/guide.md': '# Guide\n\n## The *second* part, again\n\n## Same\n\n## Same\n' }),
    ).findings

  test('links to files, folders, headings and other sites are fine', () => {
    const text =
      '[a](docs/guide.md) [b](docs) [c](docs/guide.md#the-second-part-again) [d](https://example.org/x) [e](docs/guide.md#same-1)\n'
    expect(objections(text)).toEqual([])
  })

  test.each([
    ['a missing file', '[a](docs/gide.md)', 'leads nowhere'],
    ['a missing heading', '[a](docs/guide.md#third)', 'no such heading'],
    ['a missing heading of the page itself', '[a](#third)', 'no such heading'],
    ['a missing picture', '![a](docs/a.png)', 'leads nowhere'],
    ['a missing reference', '[a]: docs/gide.md', 'leads nowhere'],
  ])('%s is found', (_, text, what) => {
    expect(objections(`# Title\n\n${text}\n`)).toEqual([{ where: 'README.md:3', what: expect.stringContaining(what) }])
  })

  test('what stands in code is not a link', () => {
    expect(objections('`[a](nowhere.md)`\n\n```md\n[a](nowhere.md)\n```\n')).toEqual([])
  })
})

describe('the lock file', () => {
  const integrity = 'sha512-x'

  test('an address, a missing checksum and an undecided install script are found', () => {
    const locked = {
      'node_modules/a': { version: '1.0.0', integrity, resolved: 'https://registry.example/a.tgz' },
      'node_modules/b': { version: '1.0.0' },
      'node_modules/a/node_modules/c': { version: '1.0.0', integrity, hasInstallScript: true },
    }
    expect(wrongLocks(locked, {}).map(({ where, what }) => `${where} ${what}`)).toEqual([
      'package-lock.json a names its registry: https://registry.example/a.tgz',
      'package-lock.json b has no checksum',
      'package-lock.json c has an install script: decide in allowScripts',
    ])
  })

  test('a decision counts for the name or for the version it names', () => {
    const locked = { 'node_modules/@s/c': { version: '2.0.0', integrity, hasInstallScript: true } }
    expect(wrongLocks(locked, { '@s/c': false })).toEqual([])
    expect(wrongLocks(locked, { '@s/c@2.0.0': true })).toEqual([])
    expect(wrongLocks(locked, { '@s/c@1.0.0': true })).toHaveLength(1)
  })

  test('a build for another system that is not locked is found, wherever it would stand', () => {
    const optionalDependencies = { 'a-linux': '1.0.0', 'a-mac': '1.0.0' }
    const locked = {
      'node_modules/a': { version: '1.0.0', integrity, optionalDependencies },
      'node_modules/a-linux': { version: '1.0.0', integrity },
      'node_modules/b/node_modules/a': { version: '2.0.0', integrity, optionalDependencies },
      'node_modules/b/node_modules/a-mac': { version: '2.0.0', integrity },
    }
    expect(missingOptionals(locked).map(({ where }) => where)).toEqual(['package-lock.json node_modules/a'])
  })

  test('workspaces and links need no checksum', () => {
    expect(
      wrongLocks({ 'packages/core': {}, 'node_modules/@granary/core': { link: true, resolved: 'packages/core' } }, {}),
    ).toEqual([])
  })
})

describe('pending release notes', () => {
  const names = ['@granary/core']

  test('a note for a public package that says something is fine', () => {
    expect(wrongNote("---\n'@granary/core': minor\n---\n\nTags may be functions.\n", names)).toEqual([])
  })

  test.each([
    ['without front matter', 'Tags may be functions.\n', 'has no front matter'],
    ['for an unknown package', "---\n'@granary/cor': minor\n---\n\nText.\n", 'names no public package'],
    ['with an unknown bump', "---\n'@granary/core': tiny\n---\n\nText.\n", 'neither major, minor nor patch'],
    ['that says nothing', "---\n'@granary/core': minor\n---\n", 'says nothing'],
  ])('a note %s is found', (_, text, what) => {
    expect(wrongNote(text, names)).toEqual([expect.stringContaining(what)])
  })
})
