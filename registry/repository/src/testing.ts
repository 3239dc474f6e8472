import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for one test's repository, removed at its end. */
export async function temporaryHome(): Promise<AsyncDisposable & { path: string }> {
  const place = await mkdtemp(join(tmpdir(), 'opsflux-repository-'))
  return { path: join(place, 'registry'), [Symbol.asyncDispose]: () => rm(place, { recursive: true, force: true }) }
}
