import { isOpsFluxError } from '@opsflux/sdk'
import type { WayBack } from '@opsflux/sdk'
import type pg from 'pg'
import { findLosses, takeFingerprint } from './fingerprint.ts'
import type { Fingerprint } from './fingerprint.ts'
import { protectTables } from './protect-tables.ts'
import { runScripts } from './run-migrations.ts'
import type { Scripts } from './run-migrations.ts'
import { compareShapes, readShapes } from './table-changes.ts'
import type { Measured } from './types.ts'

/** Runs a change and its way back in the open transaction of `client`, which the caller rolls back. @throws migration-failed */
export async function measureScripts(client: pg.Client, schema: string, owner: string, scripts: Scripts): Promise<Measured> {
  const shapes = await readShapes(client, schema)
  const before = await takeFingerprint(client, schema)
  const start = performance.now()
  await runScripts(client, scripts.forward)
  await protectTables(client, schema, owner)
  const ms = Math.round(performance.now() - start)
  const tables = compareShapes(shapes, await readShapes(client, schema))
  return { tables, ms, wayBack: await measureWayBack(client, schema, scripts, before) }
}

async function measureWayBack(client: pg.Client, schema: string, { back, oneWay }: Scripts, before: Fingerprint): Promise<WayBack> {
  if (back === undefined) {
    return { kind: 'one-way', reason: `Migration ${oneWay} cannot be taken back. The restore point brings the data of before back.`, lost: [] }
  }
  try {
    await runScripts(client, back)
  } catch (error) {
    if (!isOpsFluxError(error)) throw error
    return { kind: 'one-way', reason: `The way back was tried and does not work: ${error.message} The restore point brings the data of before back.`, lost: [] }
  }
  const lost = findLosses(before, await takeFingerprint(client, schema))
  return lost.length === 0
    ? { kind: 'lossless', reason: 'There and back was tried on the real rows: every value is the same as before.', lost }
    : { kind: 'lossy', reason: 'There and back was tried on the real rows: some values are not the same as before.', lost }
}
