import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'

/**
 * Ties child processes and their folders to the life of this process. An exit hook covers the orderly end. A crash or
 * SIGKILL of this process runs no hook: for it a tiny shell waits for the end of its standard input, which the system
 * closes when we are gone for whatever reason, and then kills the child and deletes its folder.
 */
const WATCH = 'while read -r _; do :; done; kill -9 "$1" 2>/dev/null; rm -rf "$2"'

const children = new Set<ChildProcess>()
const folders = new Set<string>()
let hooked = false

/** Makes `child` end, and `folder` disappear, when this process does. */
export function leash(child: ChildProcess, folder: string): void {
  hookExit()
  children.add(child)
  folders.add(folder)
  const watch = spawn('/bin/sh', ['-c', WATCH, 'granary-leash', String(child.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watch.on('error', () => {})
  watch.stdin.on('error', () => {})
  watch.unref()
  unrefStream(watch.stdin)
  child.once('exit', () => {
    children.delete(child)
    watch.kill('SIGKILL')
  })
}

/** Deletes a folder now instead of at the end of this process. */
export function discard(folder: string): void {
  folders.delete(folder)
  rmSync(folder, { recursive: true, force: true })
}

function hookExit(): void {
  if (hooked) return
  hooked = true
  process.on('exit', () => {
    for (const child of children) child.kill('SIGKILL')
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })
}

/** Child pipes are sockets, which can be told not to keep the process alive; the stream types do not say so. */
function unrefStream(stream: unknown): void {
  if (typeof stream === 'object' && stream !== null && 'unref' in stream && typeof stream.unref === 'function')
    stream.unref()
}
