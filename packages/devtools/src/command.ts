/** Where a command writes: what it found to `out`, how far it is to `progress`. */
export interface CommandOutput {
  /** Writes what a command found. */
  out(text: string): void
  /** Tells how far it is; beside the findings, so that those can be piped on. */
  progress(text: string): void
}

/**
 * A command of the `granary` command line. A package brings one by naming a module in its `package.json`, under
 * `granary.commands`: `{ "granary": { "commands": { "calibrate": "./calibrate" } } }`, where `./calibrate` is one of its exports.
 */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** Runs the command with the arguments behind its name, and answers with the exit code. */
  run(args: readonly string[], output: CommandOutput): Promise<number>
}

/** Whether a module is a command. */
export function isCommand(loaded: unknown): loaded is Command {
  if (typeof loaded !== 'object' || loaded === null) return false
  const { summary, run } = loaded as Partial<Command>
  return typeof summary === 'string' && typeof run === 'function'
}
