import { parse } from 'csv-parse/sync'
import { columnsOf, mapRow, type FieldValue, type Mapping, type Row } from './mapping.ts'
import { signIn, type Session } from './session.ts'

export interface ImportOptions {
  /** Address of the platform, such as `http://localhost:3000`. */
  url: string
  email: string
  password: string
  plugin: string
  entity: string
  /** The text of the CSV file, its first line the names of the columns. */
  csv: string
  mapping: Mapping
  /** Rows at the beginning that are not sent: those an earlier run has sent. Default 0. */
  skip?: number
  /** `stop` sends nothing when a row cannot be mapped, and no more rows after one is refused. Default `stop`. */
  onError?: 'stop' | 'continue'
  /** Requests at a time. Default 4. */
  concurrency?: number
  onProgress?: (done: number, total: number) => void
}

/** Rows are numbered from 1, the first below the names of the columns. */
export interface ImportReport {
  rows: number
  skipped: number
  created: number
  failed: { row: number; reason: string }[]
  /** Rows up to this one have been sent or have failed: `skip` for a run that goes on from here. */
  reached: number
}

interface Work { row: number; record: Record<string, FieldValue> }

/** Sends the rows of a CSV file to an entity of a plugin, one record each. @throws Error when the file does not fit the mapping or sign-in fails */
export async function importCsv(options: ImportOptions): Promise<ImportReport> {
  const { csv, mapping, skip = 0, onError = 'stop' } = options
  const rows = readRows(csv, mapping)
  const report: ImportReport = { rows: rows.length, skipped: Math.min(skip, rows.length), created: 0, failed: [], reached: skip }
  const work = mapRows(rows, skip, mapping, report)
  if (report.failed.length > 0 && onError === 'stop') return report
  const session = await signIn(options.url, options.email, options.password)
  try {
    await send(work, session, options, report)
  } finally {
    await session.signOut().catch(() => undefined)
  }
  report.failed.sort((a, b) => a.row - b.row)
  return report
}

function readRows(csv: string, mapping: Mapping): Row[] {
  const rows = parse(csv, { columns: true, bom: true, skip_empty_lines: true, delimiter: mapping.delimiter ?? ',' }) as Row[]
  const [first] = rows
  const missing = first ? columnsOf(mapping).filter((column) => !Object.hasOwn(first, column)) : []
  if (missing.length > 0) throw new Error(`The file lacks the columns ${missing.map((column) => `"${column}"`).join(', ')} of the mapping.`)
  return rows
}

function mapRows(rows: Row[], skip: number, mapping: Mapping, report: ImportReport): Work[] {
  return rows.flatMap((row, at) => {
    if (at < skip) return []
    try {
      return [{ row: at + 1, record: mapRow(row, mapping) }]
    } catch (error) {
      report.failed.push({ row: at + 1, reason: reasonOf(error) })
      return []
    }
  })
}

async function send(work: Work[], session: Session, options: ImportOptions, report: ImportReport): Promise<void> {
  const { plugin, entity, onError = 'stop', concurrency = 4, onProgress } = options
  const waiting = work.values()
  let stopped = false
  let done = 0
  const worker = async (): Promise<void> => {
    // The workers share one iterator: rows are taken in order, each by one of them.
    for (const { row, record } of waiting) {
      report.reached = Math.max(report.reached, row)
      try {
        await session.post(`/api/${plugin}/${entity}`, record)
        report.created += 1
      } catch (error) {
        report.failed.push({ row, reason: reasonOf(error) })
        stopped ||= onError === 'stop'
      }
      onProgress?.(++done, work.length)
      if (stopped) return
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  if (!stopped) report.reached = report.rows
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
