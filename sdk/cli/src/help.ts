import type { Command, Commands, Option } from './command.ts'

/** What the commands of a group do; `name` is empty for all of them. */
export function groupHelp(name: string, commands: Commands): string {
  const width = Math.max(9, ...Object.keys(commands).map((word) => word.length))
  const lines = Object.entries(commands).map(([word, { summary }]) => `  ${word.padEnd(width)} ${summary}`)
  return [`Usage: ${['opsflux', name].join(' ').trim()} <command> [options]`, '', ...lines, '', 'Every command takes --json (one line of JSON) and --help.'].join('\n')
}

export function helpOf(name: string, { summary, argument, options }: Command): string {
  const named: [string, Option][] = Object.entries(options).map(([option, about]) => [about.value === undefined ? `--${option}` : `--${option} ${about.value}`, about])
  const width = Math.max(20, ...named.map(([text]) => text.length))
  const lines = named.map(([text, { help, required, multiple }]) => `  ${text.padEnd(width)} ${help}${noteOf(required, multiple)}`)
  return [`Usage: opsflux ${name}${argument === undefined ? '' : ` ${argument}`} [options]`, summary, '', ...lines, `  ${'--json'.padEnd(width)} answer as one line of JSON`].join('\n')
}

function noteOf(required = false, multiple = false): string {
  const notes = [...(required ? ['required'] : []), ...(multiple ? ['may be given several times'] : [])]
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`
}
