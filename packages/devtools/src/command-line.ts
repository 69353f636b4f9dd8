import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Command, type CommandOutput, isCommand } from './command.ts'
import { type FoundCommand, findCommands } from './find-commands.ts'

/** Where the command line runs. */
export interface CommandLineContext extends CommandOutput {
  /** The folder whose packages bring the commands. */
  readonly folder: string
}

/**
 * Runs `granary NAME ...`, or lists the commands when there is no name.
 *
 * @returns the exit code: the command's own, 0 for the list, 2 for a name that no installed package brings.
 */
export async function runCommandLine(args: readonly string[], context: CommandLineContext): Promise<number> {
  const commands = findCommands(context.folder)
  const [name, ...rest] = args
  if (name === undefined || name === '--help') {
    context.out(await list(commands))
    return 0
  }
  const found = commands.find((command) => command.name === name)
  if (found === undefined) {
    context.progress(
      `no command ${name}: installed packages bring ${commands.map((command) => command.name).join(', ') || 'none'}\n`,
    )
    return 2
  }
  return (await load(found)).run(rest, context)
}

async function load({ name, from, directory, module }: FoundCommand): Promise<Command> {
  const path = createRequire(join(directory, 'package.json')).resolve(module)
  const loaded: unknown = await import(pathToFileURL(path).href)
  if (!isCommand(loaded))
    throw new TypeError(`${from} names ${path} as its command '${name}', but it exports no summary and run.`)
  return loaded
}

async function list(commands: readonly FoundCommand[]): Promise<string> {
  const lines = await Promise.all(
    commands.map(async (found) => `  ${found.name.padEnd(12)}${(await load(found)).summary} (${found.from})`),
  )
  return [
    'granary COMMAND [options]',
    '',
    ...(lines.length > 0 ? lines : ['  No installed package brings a command.']),
    '',
  ].join('\n')
}
