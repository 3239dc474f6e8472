import { parseArgs } from 'node:util'
import { isOpsFluxError, OpsFluxError } from '@opsflux/sdk'
import type { Command, Outcome, Values } from './command.ts'
import { build } from './commands/build.ts'
import { keygen } from './commands/keygen.ts'
import { publish } from './commands/publish.ts'
import { sign } from './commands/sign.ts'
import { verify } from './commands/verify.ts'

const commands: Readonly<Record<string, Command>> = { keygen, build, sign, publish, verify }

export interface Streams {
  out(text: string): void
  error(text: string): void
}

const processStreams: Streams = { out: (text) => process.stdout.write(`${text}\n`), error: (text) => process.stderr.write(`${text}\n`) }

/** Runs one command line. @returns the exit code: 0 done, 1 refused or failed, 2 wrongly asked */
export async function run(args: readonly string[], streams: Streams = processStreams): Promise<number> {
  const [name, ...rest] = args
  const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined
  const asJson = rest.includes('--json')
  if (name === undefined || name === '--help' || name === 'help') return say(streams, overview())
  if (name !== undefined && command && rest.includes('--help')) return say(streams, helpOf(name, command))
  try {
    if (!command) throw new OpsFluxError('invalid-request', `There is no command "${name}". See \`opsflux --help\`.`)
    const { argument, values } = parse(name, command, rest)
    const { lines, result }: Outcome = await command.run(argument, values)
    return say(streams, asJson ? JSON.stringify(result) : lines.join('\n'))
  } catch (error) {
    const known = isOpsFluxError(error) ? error : new OpsFluxError('internal', error instanceof Error ? error.message : String(error), { cause: error })
    streams.error(asJson ? JSON.stringify({ error: { code: known.code, detail: known.message, data: known.data } }) : `opsflux: ${known.code}${reasonOf(known)}\n${known.message}`)
    return known.code === 'invalid-request' ? 2 : 1
  }
}

function parse(name: string, command: Command, args: readonly string[]): { argument: string; values: Values } {
  const options = Object.fromEntries(Object.keys(command.options).map((option) => [option, { type: 'string' as const }]))
  const see = `See \`opsflux ${name} --help\`.`
  const { values, positionals } = tryTo(() => parseArgs({ args: args.filter((arg) => arg !== '--json'), options, allowPositionals: true, strict: true }), see)
  const missing = Object.entries(command.options).find(([option, { required }]) => required && values[option] === undefined)?.[0]
  if (missing !== undefined) throw new OpsFluxError('invalid-request', `The option --${missing} is missing. ${see}`)
  if (positionals.length !== (command.argument === undefined ? 0 : 1)) throw new OpsFluxError('invalid-request', `The command takes ${command.argument ?? 'no argument'}. ${see}`)
  return { argument: positionals[0] ?? '', values }
}

function tryTo<T>(work: () => T, see: string): T {
  try {
    return work()
  } catch (cause) {
    throw new OpsFluxError('invalid-request', `${cause instanceof Error ? cause.message.split('. ')[0] : 'The options cannot be read'}. ${see}`, { cause })
  }
}

function reasonOf(error: OpsFluxError): string {
  return typeof error.data.reason === 'string' ? ` (${error.data.reason})` : ''
}

function say(streams: Streams, text: string): number {
  streams.out(text)
  return 0
}

function overview(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`)
  return ['Usage: opsflux <command> [options]', '', ...lines, '', 'Every command takes --json (one line of JSON) and --help.'].join('\n')
}

function helpOf(name: string, { summary, argument, options }: Command): string {
  const lines = Object.entries(options).map(([option, { value, help, required }]) => `  ${`--${option} ${value}`.padEnd(20)} ${help}${required ? ' (required)' : ''}`)
  return [`Usage: opsflux ${name}${argument === undefined ? '' : ` ${argument}`} [options]`, summary, '', ...lines, `  ${'--json'.padEnd(20)} answer as one line of JSON`].join('\n')
}
