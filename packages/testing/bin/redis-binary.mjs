// Finds a Redis server program, or installs Debian's package. Plain JavaScript, so that scripts can use it before any build.
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const NAMES = ['redis-server', 'valkey-server']
const POLICY = '/usr/sbin/policy-rc.d'
const LOCK_PATIENCE = 180_000

/** No usable Redis server program was found, and it could not be installed. */
export class RedisServerMissing extends Error {
  /** @param {string} message @param {unknown} [cause] */
  constructor(message, cause) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'RedisServerMissing'
    this.code = 'REDIS_SERVER_MISSING'
  }
}

/** The first Redis server program in `path`, or undefined. */
export function findRedisServer(path = process.env.PATH ?? '') {
  for (const name of NAMES) {
    for (const folder of path.split(delimiter)) {
      if (folder === '') continue
      const file = join(folder, name)
      if (isExecutable(file)) return file
    }
  }
  return undefined
}

/** Finds a Redis server program and installs Debian's or Ubuntu's package first when there is none and this is root. */
export async function ensureRedisServer(options = {}) {
  const { path = process.env.PATH ?? '', install = true } = options
  const found = findRedisServer(path)
  if (found !== undefined) return found
  const obstacle = install ? whyNotInstall() : 'it was told not to install anything'
  if (obstacle !== undefined) throw new RedisServerMissing(`No redis-server in PATH, and ${obstacle}. ${advice()}`)
  await installPackage(path)
  const installed = findRedisServer(path)
  if (installed !== undefined) return installed
  throw new RedisServerMissing(`apt-get installed redis-server, yet it is not in PATH. ${advice()}`)
}

function whyNotInstall() {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get'))
    return 'this system has no apt-get to install it with'
  if (process.getuid?.() !== 0) return 'only root can install it'
  return undefined
}

function advice() {
  if (process.platform === 'darwin') return 'Get it with: brew install redis'
  if (existsSync('/usr/bin/apt-get')) return 'Get it with: sudo apt-get install -y --no-install-recommends redis-server'
  if (existsSync('/sbin/apk')) return 'Get it with: apk add redis'
  if (existsSync('/usr/bin/dnf')) return 'Get it with: sudo dnf install -y redis'
  return 'Install Redis 7 or newer, or Valkey, so that redis-server is in PATH.'
}

async function installPackage(path) {
  const restorePolicy = forbidServiceStart()
  try {
    await apt(['update'], path)
    await apt(['install', '-y', '--no-install-recommends', 'redis-server'], path)
  } finally {
    restorePolicy()
  }
}

/** Debian starts a service when its package is installed unless this file forbids it; an existing one is somebody's policy and stays. */
function forbidServiceStart() {
  try {
    writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' })
  } catch {
    return () => {}
  }
  return () => rmSync(POLICY, { force: true })
}

/** Runs apt-get; while another process holds apt's lock it waits, and stops trying once that process has installed the server. */
async function apt(args, path) {
  const deadline = performance.now() + LOCK_PATIENCE
  for (;;) {
    const { code, output } = await run('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...args])
    if (code === 0 || findRedisServer(path) !== undefined) return
    const locked = /could not get lock|unable to lock/i.test(output)
    if (!locked || performance.now() > deadline) {
      const reason = output.trim().split('\n').slice(-3).join(' ')
      throw new RedisServerMissing(`apt-get ${args.join(' ')} failed (exit ${code}): ${reason} ${advice()}`)
    }
    await wait(1_000)
  }
}

function run(program, args) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1', LC_ALL: 'C' }
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = (chunk) => {
      output = (output + chunk).slice(-4_000)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? -1, output }))
  })
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
