import { createInterface } from 'node:readline/promises'
import { spoken } from './migrate.ts'
import type { Ask } from './questions.ts'
import type { Measurement, MigrationTexts } from './rehearsal.ts'

/** Asks on the terminal; undefined where there is none. */
export function terminalAsk(): Ask | undefined {
  return process.stdin.isTTY && process.stderr.isTTY ? choose : undefined
}

async function choose(question: string, choices: readonly string[]): Promise<string> {
  const said = await prompt(`${question}\n${choices.map((choice, at) => `  ${at + 1}  ${choice}`).join('\n')}\n> `)
  return choices[Number(said) - 1] ?? (choices.includes(said) ? said : choose(question, choices))
}

export async function confirmOnTerminal({ id, up, after }: MigrationTexts, { wayBack }: Measurement): Promise<boolean> {
  const said = await prompt(`\n-- ${id}.up.sql\n${up}${after === undefined ? '' : `\n-- ${id}.after.sql\n${after}`}\nWay back: ${spoken(wayBack)}. Write it? [Y/n] `)
  return !/^n/i.test(said.trim())
}

async function prompt(text: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await lines.question(text)).trim()
  } finally {
    lines.close()
  }
}
