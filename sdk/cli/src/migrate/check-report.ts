import { tablesOf } from '@opsflux/migrations/generate'
import { OpsFluxError, type EntityDeclaration } from '@opsflux/sdk'
import { readReport } from './previous.ts'
import { reportDifferences } from './schema-report.ts'

/** What the entities declare otherwise than the committed report. Without a report: nothing, or an error when it is needed. */
export async function checkReport(folder: string, entities: readonly EntityDeclaration[], { isNeeded }: { isNeeded: boolean }): Promise<string[]> {
  const report = await readReport(folder)
  if (report) return reportDifferences(report.tables, tablesOf(entities))
  if (isNeeded) throw new OpsFluxError('validation-failed', 'There is no migrations/schema.json. Run `opsflux migrate`, and commit what it writes.')
  return []
}
