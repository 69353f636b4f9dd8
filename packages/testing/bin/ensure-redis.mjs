#!/usr/bin/env node
// Makes sure that a Redis server program is installed and prints its file name.
import { ensureRedisServer } from './redis-binary.mjs'

try {
  process.stdout.write(`${await ensureRedisServer({ install: !process.argv.includes('--no-install') })}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
