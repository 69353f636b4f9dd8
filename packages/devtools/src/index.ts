export { type Command, type CommandOutput, isCommand } from './command.ts'
export { type CommandLineContext, runCommandLine } from './command-line.ts'
export { type FoundCommand, findCommands } from './find-commands.ts'
