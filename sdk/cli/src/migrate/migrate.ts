import { planMigration, tablesOf, type Planned, type SchemaReport, type Table } from '@opsflux/migrations/generate'
import { OpsFluxError, type WayBack } from '@opsflux/sdk'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSources, type PluginSources } from '../build/sources.ts'
import { adopt } from './adopt.ts'
import { nextId, readMigrationTexts, reportFiles, textsOf, writeMigration } from './migration-files.ts'
import { nameFor } from './name-for.ts'
import { readPrevious, type Previous } from './previous.ts'
import { answerAll, type Answers, type Ask } from './questions.ts'
import { Rehearsal, type Measurement, type MigrationTexts } from './rehearsal.ts'
import { reportJson, reportMarkdown } from './schema-report.ts'
import { scratchDatabase } from './scratch-database.ts'

export interface MigrateOptions {
  /** The plugin's source folder. */
  folder: string
  /** Of the new migration, such as `add-due-date`. Default: made from what changes. */
  name?: string
  answers: Answers
  /** As `Change` of the generator takes them. */
  backfills: ReadonlyMap<string, string>
  /** Package or `plugin.json` of the last release. Default: `migrations/schema.json`. */
  from?: string
  /** URL of a PostgreSQL whose role may create databases. Default: an embedded one. */
  database?: string
  /** Asked what only a person knows; without it the command stops there. */
  ask: Ask | undefined
  /** Shown what is about to be written, and asked whether it may be. Default: it may. */
  confirm?: (texts: MigrationTexts, measured: Measurement) => Promise<boolean>
}

export interface Migrated {
  /** Absent when nothing is to be migrated. */
  migration?: string
  written: string[]
  measured?: Measurement
  /** Values in the migration that the author has to confirm. */
  toCheck: number
}

/**
 * Compares the entities of a plugin with the last release, tries the migration between them there and back on generated rows, and writes it down with
 * the report of the tables. @throws invalid-request, validation-failed, migration-failed, not-ready
 */
export async function migrate(options: MigrateOptions): Promise<Migrated> {
  const sources = await readSources(options.folder)
  const earlier = await readMigrationTexts(options.folder)
  const wanted = tablesOf(sources.entities)
  const previous = await readPrevious(options.folder, earlier, options.from)
  const answers = await answerAll(previous.tables, wanted, checked(options.answers, previous.tables, wanted), options.ask)
  await using database = await scratchDatabase(options.database)
  await using rehearsal = await Rehearsal.open(database, sources.id)
  await rehearsal.run(earlier)
  const before = previous.isAssumed ? { ...previous, tables: await adopt(rehearsal.client, sources.id, previous.tables) } : previous
  const planned = plan(before, wanted, sources, answers, options.backfills)
  if (planned.script.up.length + planned.script.after.length === 0) return { written: await writeReport(options.folder, sources, earlier.at(-1)?.id ?? '', wanted, planned), toCheck: 0 }
  const id = nextId(earlier, options.name ?? nameFor(before.tables, wanted, answers.renames))
  const texts = textsOf(id, planned.script)
  const measured = await rehearsal.measure(texts, before.tables, { id: sources.id, entities: [...sources.entities] }, wanted)
  const labelled = { ...texts, down: `${labelOf(measured)}\n${texts.down ?? ''}` }
  const toCheck = [texts.up, texts.down].join('').split('CHECK THIS').length - 1
  if (options.confirm && !(await options.confirm(labelled, measured))) return { written: [], toCheck, measured }
  await mkdir(join(options.folder, 'migrations'), { recursive: true })
  const written = [...await writeMigration(options.folder, labelled), ...await writeReport(options.folder, sources, id, wanted, planned)]
  return { migration: id, written, measured, toCheck }
}

const plan = (before: Previous, tables: readonly Table[], { version, hasSteps }: PluginSources, { renames }: Answers, backfills: ReadonlyMap<string, string>): Planned =>
  planMigration({ before, tables, release: version, renames: renames.toSorted((a, b) => Number(a.field !== undefined) - Number(b.field !== undefined)), backfills, afterSteps: hasSteps })

async function writeReport(folder: string, { id, version }: PluginSources, migration: string, tables: readonly Table[], { aside }: Planned): Promise<string[]> {
  const report: SchemaReport = { formatVersion: 1, plugin: id, release: version, migration, tables, aside }
  await mkdir(join(folder, 'migrations'), { recursive: true })
  await writeFile(join(folder, 'migrations', reportFiles.json), reportJson(report))
  await writeFile(join(folder, 'migrations', reportFiles.markdown), reportMarkdown(report))
  return [`migrations/${reportFiles.json}`, `migrations/${reportFiles.markdown}`]
}

/** @throws invalid-request when an answer is about something that is not there */
function checked(answers: Answers, before: readonly Table[], wanted: readonly Table[]): Answers {
  const has = (tables: readonly Table[], entity: string, field?: string): boolean => tables.some((table) => table.entity === entity && (field === undefined || table.link === field || table.columns.some((column) => column.field === field)))
  const oldName = (entity: string): string => answers.renames.find(({ field, to }) => field === undefined && to === entity)?.entity ?? entity
  for (const { entity, field, to } of answers.renames) {
    const [from, into] = field === undefined ? [has(before, entity), has(wanted, to)] : [has(before, oldName(entity), field), has(wanted, entity, to)]
    if (!from || !into) throw new OpsFluxError('invalid-request', `--rename ${field === undefined ? entity : `${entity}.${field}`}=${to}: ${from ? 'the new name is not declared' : 'the last release has no such name'}. After an entity is renamed, its fields go by the new name.`)
  }
  return answers
}

function labelOf({ wayBack, rows, empty, newRecords, failure }: Measurement): string {
  if (failure !== undefined) return `-- Way back: not measured, as the way up fails on generated rows: ${failure.replaceAll('\n', ' ')}`
  const on = rows === 0 && empty.length === 0 ? 'nothing was there before' : `measured on ${rows} generated rows${empty.length === 0 ? '' : `; none could be made for ${empty.join(', ')}`}`
  const lines = [`Way back: ${spoken(wayBack)} (${on}).`, ...(newRecords === undefined || wayBack.kind === 'one-way' ? [] : ['It fails once records were written by the new release; the platform then goes back by its restore point.'])]
  return lines.map((line) => `-- ${line}`).join('\n')
}

/** `lossless`, `lossy: incident.site`, `one-way`. */
export const spoken = ({ kind, lost }: WayBack): string => (kind === 'lossy' ? `lossy: ${lost.join(', ')}` : kind)
