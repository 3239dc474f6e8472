import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OpsFluxError } from '@opsflux/sdk'
import { parseJson } from './stage.ts'

/** The version of the release, as `package.json` says. @throws validation-failed */
export async function versionOf(root: string): Promise<string> {
  const source = await readFile(join(root, 'package.json'), 'utf8').catch((cause: unknown) => {
    throw new OpsFluxError('validation-failed', 'package.json is missing. It gives the version of the release.', { cause })
  })
  const value = parseJson(source, 'package.json')
  if (typeof value === 'object' && value !== null && 'version' in value && typeof value.version === 'string') return value.version
  throw new OpsFluxError('validation-failed', 'package.json has no version. Set the version of the release.')
}
