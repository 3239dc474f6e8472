import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OpsFluxError, type MigrationEntry } from '@opsflux/sdk'

/** The migrations in order, and their files by path. */
export async function readMigrations(root: string): Promise<{ entries: MigrationEntry[]; files: Map<string, Buffer> }> {
  const names = await readdir(join(root, 'migrations')).catch(() => [])
  const files = new Map<string, Buffer>()
  for (const name of names.toSorted()) {
    if (!/^\d{4}-[a-z0-9]+(-[a-z0-9]+)*\.(up|down)\.sql$/.test(name)) {
      throw new OpsFluxError('validation-failed', `migrations/${name} is not named as a migration. Call it such as 0001-init.up.sql.`)
    }
    files.set(`migrations/${name}`, await readFile(join(root, 'migrations', name)))
  }
  const ids = [...new Set(names.map((name) => name.replace(/\.(up|down)\.sql$/, '')))].toSorted()
  for (const id of ids) {
    if (!files.has(`migrations/${id}.up.sql`)) throw new OpsFluxError('validation-failed', `migrations/${id}.down.sql has no ${id}.up.sql beside it. Add it or remove both.`)
  }
  return { entries: ids.map((id) => ({ id, reversible: files.has(`migrations/${id}.down.sql`) })), files }
}
