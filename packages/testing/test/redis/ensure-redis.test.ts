import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureRedisServer, findRedisServer, RedisServerMissing } from '../../src/index.ts'

const program = fileURLToPath(new URL('../../bin/ensure-redis.mjs', import.meta.url))
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'granary-path-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function install(name: string): string {
  const file = join(folder, name)
  writeFileSync(file, '#!/bin/sh\n')
  chmodSync(file, 0o755)
  return file
}

test('a missing server is one clear line that says how to get it', async () => {
  const failure = await ensureRedisServer({ path: folder, install: false }).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(RedisServerMissing)
  expect(failure).toMatchObject({
    code: 'REDIS_SERVER_MISSING',
    message: expect.stringMatching(/^No redis-server in PATH.*install.*$/i),
  })
})

test('the command exits with 1 and the same line, and with 0 and the file name once there is a server', () => {
  const run = (path: string) =>
    spawnSync(process.execPath, [program, '--no-install'], { env: { ...process.env, PATH: path }, encoding: 'utf8' })
  expect(run(folder)).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/^No redis-server in PATH.*\n$/),
  })
  const file = install('redis-server')
  expect(run(folder)).toMatchObject({ status: 0, stdout: `${file}\n`, stderr: '' })
  rmSync(file)
})

test('Valkey will do, Redis is preferred, and a file that cannot be executed is none', async () => {
  expect(findRedisServer(folder)).toBeUndefined()
  const valkey = install('valkey-server')
  expect(await ensureRedisServer({ path: `${delimiter}${folder}` })).toBe(valkey)
  writeFileSync(join(folder, 'redis-server'), '')
  expect(findRedisServer(folder)).toBe(valkey)
  const redis = install('redis-server')
  expect(findRedisServer(folder)).toBe(redis)
})
