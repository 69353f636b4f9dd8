#!/usr/bin/env node
import { runCommandLine } from '@granary/devtools'

process.exitCode = await runCommandLine(process.argv.slice(2), {
  folder: process.cwd(),
  out: (text) => void process.stdout.write(text),
  progress: (text) => void process.stderr.write(text),
})
