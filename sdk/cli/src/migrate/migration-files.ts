import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Script } from '@opsflux/migrations/generate'
import { OpsFluxError } from '@opsflux/sdk'
import type { MigrationTexts } from './rehearsal.ts'

/** Files of a plugin's `migrations` folder that are no migrations: what its tables are, for programs and for people. */
export const reportFiles = { json: 'schema.json', markdown: 'schema.md' } as const

/** The migrations of a plugin's folder, in order. @throws validation-failed */
export async function readMigrationTexts(folder: string): Promise<MigrationTexts[]> {
  const place = join(folder, 'migrations')
  const names = (await readdir(place).catch(() => [])).filter((name) => name.endsWith('.sql')).toSorted()
  const ids = [...new Set(names.map((name) => name.replace(/\.(up|down|after)\.sql$/, '')))]
  const text = (id: string, part: string): Promise<string> => readFile(join(place, `${id}.${part}.sql`), 'utf8')
  return Promise.all(ids.map(async (id) => {
    const has = (part: string): boolean => names.includes(`${id}.${part}.sql`)
    if (!has('up')) throw new OpsFluxError('validation-failed', `migrations/${id} has no .up.sql. Add it, or remove its other files.`)
    return { id, up: await text(id, 'up'), ...(has('down') ? { down: await text(id, 'down') } : {}), ...(has('after') ? { after: await text(id, 'after') } : {}) }
  }))
}

/** `0003-add-due-date` after `0002-…`. @throws invalid-request */
export function nextId(migrations: readonly MigrationTexts[], name: string): string {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || name.length > 60) throw new OpsFluxError('invalid-request', `"${name}" cannot be the name of a migration. Use lower-case words and hyphens, at most 60 characters, such as add-due-date.`)
  return `${String(Number(migrations.at(-1)?.id.slice(0, 4) ?? 0) + 1).padStart(4, '0')}-${name}`
}

export function textsOf(id: string, { up, down, after }: Script): MigrationTexts {
  return { id, up: textOf(up), down: textOf(down), ...(after.length === 0 ? {} : { after: textOf(after) }) }
}

/** Statements of several lines stand apart. */
const textOf = (statements: readonly string[]): string => statements.map((statement, at) => `${at > 0 && (statement.includes('\n') || statements[at - 1]?.includes('\n')) ? '\n' : ''}${statement};\n`).join('')

/** Answers the paths written, beginning at the plugin's folder. A file that is there is never replaced. */
export async function writeMigration(folder: string, { id, up, down, after }: MigrationTexts): Promise<string[]> {
  const files = Object.entries({ up, down, after }).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const paths = files.map(([part]) => `migrations/${id}.${part}.sql`)
  for (const [at, [, text]] of files.entries()) await writeFile(join(folder, paths[at] ?? ''), text, { flag: 'wx' })
  return paths
}
