import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The platform's secret, made at the first start, readable by its owner only. */
export async function readSecret(path: string): Promise<string> {
  return readOrMake(path, () => randomBytes(32).toString('base64url'))
}

/** Names this host in the journal, so that it finds what it left unfinished. */
export async function readHostId(home: string): Promise<string> {
  return readOrMake(join(home, 'host-id'), randomUUID)
}

async function readOrMake(path: string, make: () => string): Promise<string> {
  const known = await readFile(path, 'utf8').catch(() => undefined)
  if (known?.trim()) return known.trim()
  await mkdir(dirname(path), { recursive: true })
  // `wx`: of two processes that make it at once, one wins and both read the winner's.
  await writeFile(path, make(), { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return (await readFile(path, 'utf8')).trim()
}
