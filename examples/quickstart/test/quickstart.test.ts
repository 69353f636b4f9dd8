import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('npm start shows a load, a hit whose Date is a Date, and a load after the invalidation', async () => {
  const { stdout } = await promisify(execFile)('npm', ['start', '--silent'], { cwd: join(import.meta.dirname, '..') })
  expect(stdout.trim().split('\n')).toEqual([
    'first read',
    '  (asking the database for reader 7)',
    '  miss from loader: Ada, joined in 2024',
    'second read: the Date is still a Date',
    '  hit from l1: Ada, joined in 2024',
    'after a rename',
    '  (asking the database for reader 7)',
    '  miss from loader: Grace, joined in 2024',
    '1 hit, 2 misses, hit rate 33 %',
  ])
})
