import { isOpsFluxError } from '@opsflux/sdk'
import type { WayBack } from '@opsflux/sdk'
import type pg from 'pg'
import { findLosses, takeFingerprint } from './fingerprint.ts'
import type { Fingerprint } from './fingerprint.ts'
import { protectTables } from './protect-tables.ts'
import { runScripts } from './run-migrations.ts'
import type { Script, Scripts } from './run-migrations.ts'
import { compareShapes, readShapes } from './table-changes.ts'
import type { Measured } from './types.ts'

/** Runs a change and its way back in the open transaction of `client`, which the caller rolls back. @throws migration-failed */
export async function measureScripts(client: pg.Client, schema: string, owner: string, scripts: Scripts): Promise<Omit<Measured, 'afterSteps'>> {
  const shapes = await readShapes(client, schema)
  const before = await takeFingerprint(client, schema)
  const start = performance.now()
  await runScripts(client, scripts.forward)
  await protectTables(client, schema, owner)
  const ms = Math.round(performance.now() - start)
  const tables = compareShapes(shapes, await readShapes(client, schema))
  return { tables, ms, wayBack: await measureWayBack(client, schema, scripts, before) }
}

async function measureWayBack(client: pg.Client, schema: string, { forward, back }: Scripts, before: Fingerprint): Promise<WayBack> {
  if (forward.length === 0) return { kind: 'lossless', reason: 'nothing-changed', lost: [] }
  if (back === undefined) return { kind: 'one-way', reason: 'no-down-migration', lost: [] }
  if (!(await works(client, back))) return { kind: 'one-way', reason: 'down-migration-fails', lost: [] }
  const lost = findLosses(before, await takeFingerprint(client, schema))
  return lost.length === 0 ? { kind: 'lossless', reason: 'nothing-lost', lost } : { kind: 'lossy', reason: 'values-lost', lost }
}

// A way back that fails on the real rows is none.
async function works(client: pg.Client, back: readonly Script[]): Promise<boolean> {
  try {
    await runScripts(client, back)
    return true
  } catch (error) {
    if (isOpsFluxError(error)) return false
    throw error
  }
}
