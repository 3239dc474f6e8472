import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OpsFluxError, type MigrationEntry } from '@opsflux/sdk'
import { reportFiles } from '../migrate/migration-files.ts'

const isReport = (name: string): boolean => Object.values(reportFiles).some((file) => file === name)

/** The migrations in order, and their files by path; the report of the tables stays with the sources. */
export async function readMigrations(root: string): Promise<{ entries: MigrationEntry[]; files: Map<string, Buffer> }> {
  const names = (await readdir(join(root, 'migrations')).catch(() => [])).filter((name) => !isReport(name))
  const files = new Map<string, Buffer>()
  for (const name of names.toSorted()) {
    if (!/^\d{4}-[a-z0-9]+(-[a-z0-9]+)*\.(up|down|after)\.sql$/.test(name)) {
      throw new OpsFluxError('validation-failed', `migrations/${name} is not named as a migration. Call it such as 0001-init.up.sql.`)
    }
    files.set(`migrations/${name}`, await readFile(join(root, 'migrations', name)))
  }
  const ids = [...new Set(names.map((name) => name.replace(/\.(up|down|after)\.sql$/, '')))].toSorted()
  const has = (id: string, part: string): boolean => files.has(`migrations/${id}.${part}.sql`)
  for (const id of ids) {
    if (!has(id, 'up')) throw new OpsFluxError('validation-failed', `migrations/${id}.${has(id, 'down') ? 'down' : 'after'}.sql has no ${id}.up.sql beside it. Add it or remove both.`)
  }
  return { entries: ids.map((id) => ({ id, reversible: has(id, 'down'), ...(has(id, 'after') ? { after: true } : {}) })), files }
}
