import { parseArgs } from 'node:util'
import { isOpsFluxError, OpsFluxError } from '@opsflux/sdk'
import type { Command, CommandGroup, Commands, Given, Outcome, Values } from './command.ts'
import { build } from './commands/build.ts'
import { keygen } from './commands/keygen.ts'
import { migrate } from './commands/migrate.ts'
import { publish } from './commands/publish.ts'
import { registry } from './commands/registry/group.ts'
import { renew } from './commands/renew.ts'
import { revoke } from './commands/revoke.ts'
import { sign } from './commands/sign.ts'
import { verify } from './commands/verify.ts'
import { groupHelp, helpOf } from './help.ts'

const commands: Commands = { keygen, migrate, build, sign, publish, verify, revoke, renew, registry }

export interface Streams {
  out(text: string): void
  error(text: string): void
}

const processStreams: Streams = { out: (text) => process.stdout.write(`${text}\n`), error: (text) => process.stderr.write(`${text}\n`) }

/** Runs one command line. @returns the exit code: 0 done, 1 refused or failed, 2 wrongly asked */
export async function run(args: readonly string[], streams: Streams = processStreams): Promise<number> {
  const asJson = args.includes('--json')
  try {
    const { name, command, group, rest } = await find(args)
    if (group) return say(streams, groupHelp(name, group))
    if (rest.includes('--help')) return say(streams, helpOf(name, command))
    const { argument, values, given } = parse(name, command, rest)
    const { lines, result }: Outcome = await command.run(argument, values, given)
    return say(streams, asJson ? JSON.stringify(result) : lines.join('\n'))
  } catch (error) {
    const known = isOpsFluxError(error) ? error : new OpsFluxError('internal', error instanceof Error ? error.message : String(error), { cause: error })
    streams.error(asJson ? JSON.stringify({ error: { code: known.code, detail: known.message, data: known.data } }) : [`opsflux: ${known.code}${reasonOf(known)}`, known.message, ...problemsOf(known)].join('\n'))
    return known.code === 'invalid-request' ? 2 : 1
  }
}

type Found = { name: string; rest: readonly string[] } & ({ command: Command; group?: never } | { command?: never; group: Commands })

/** The command that the first words name; a group when none of its commands was named. */
async function find(args: readonly string[], among: Commands = commands, path = ''): Promise<Found> {
  const [word, ...rest] = args
  if (word === undefined || word === '--help' || word === 'help') return { name: path, rest, group: among }
  const found: Command | CommandGroup | undefined = Object.hasOwn(among, word) ? among[word] : undefined
  const name = `${path} ${word}`.trim()
  if (!found) throw new OpsFluxError('invalid-request', `There is no command "${name}". See \`${`opsflux ${path}`.trim()} --help\`.`)
  return 'load' in found ? find(rest, await found.load(), name) : { name, rest, command: found }
}

function parse(name: string, command: Command, args: readonly string[]): { argument: string; values: Values; given: Given } {
  const options = Object.fromEntries(Object.entries(command.options).map(([option, { value }]) => [option, { type: value === undefined ? 'boolean' as const : 'string' as const, multiple: true as const }]))
  const see = `See \`opsflux ${name} --help\`.`
  const { values: parsed, positionals } = tryTo(() => parseArgs({ args: args.filter((arg) => arg !== '--json'), options, allowPositionals: true, strict: true }), see)
  const lists = new Map(Object.entries(parsed).map(([option, list]) => [option, (list ?? []).filter((value) => typeof value === 'string')]))
  const twice = [...lists].find(([option, list]) => list.length > 1 && !command.options[option]?.multiple)?.[0]
  if (twice !== undefined) throw new OpsFluxError('invalid-request', `The option --${twice} is given twice. ${see}`)
  const values = Object.fromEntries([...lists].map(([option, list]) => [option, list.at(-1)]))
  const missing = Object.entries(command.options).find(([option, { required }]) => required && values[option] === undefined)?.[0]
  if (missing !== undefined) throw new OpsFluxError('invalid-request', `The option --${missing} is missing. ${see}`)
  if (!isFitting(positionals.length, command.argument)) throw new OpsFluxError('invalid-request', `The command takes ${command.argument ?? 'no argument'}. ${see}`)
  return { argument: positionals[0] ?? '', values, given: { arguments: positionals, all: (option) => lists.get(option) ?? [], has: (option) => parsed[option] !== undefined } }
}

function isFitting(count: number, argument = ''): boolean {
  const places = argument.match(/<[^>]+>/g) ?? []
  return argument.endsWith('…>') ? count >= places.length : count === places.length
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

/** All of them, where the message names the first few only. */
function problemsOf({ data: { problems } }: OpsFluxError): string[] {
  if (!Array.isArray(problems)) return []
  return problems.flatMap((problem) => (typeof problem === 'object' && problem !== null && !Array.isArray(problem) ? [`  ${String(problem.path) || 'the whole'} ${String(problem.message)}`] : []))
}

function say(streams: Streams, text: string): number {
  streams.out(text)
  return 0
}
