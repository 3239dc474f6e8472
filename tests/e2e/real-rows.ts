import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { importCsv, readMapping, type ImportReport } from '@opsflux/example-import-csv'

const root = join(import.meta.dirname, '../..')
const examples = join(root, 'examples/import-csv')
const accidents = join(root, '../shared/data/ihm-industrial-accidents.csv')

export interface Account { url: string; email: string; password: string }

/** The 425 accidents where they are at hand, else the sample that comes with the project. */
export const incidentFile = existsSync(accidents) ? accidents : join(examples, 'sample-incidents.csv')

export const importIncidents = (account: Account): Promise<ImportReport> => send(account, 'incident', incidentFile, 'ihm-accidents.mapping.json')
export const importHours = (account: Account): Promise<ImportReport> => send(account, 'exposureHours', join(examples, 'sample-hours.csv'), 'sample-hours.mapping.json')

async function send(account: Account, entity: string, file: string, mapping: string): Promise<ImportReport> {
  return importCsv({
    ...account, plugin: 'hse-reports', entity,
    csv: await readFile(file, 'utf8'),
    mapping: readMapping(JSON.parse(await readFile(join(examples, mapping), 'utf8'))),
  })
}
