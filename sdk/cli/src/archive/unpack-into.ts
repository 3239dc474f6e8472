import { lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { OpenedPackage } from '@opsflux/registry-client'
import { isOpsFluxError, OpsFluxError } from '@opsflux/sdk'

/** Writes a judged package to a folder that is empty or not there, in one step; after a failure everything is as it was. @throws conflict */
export async function unpackInto(opened: OpenedPackage, folder: string): Promise<void> {
  const wasThere = await mustBeFree(folder)
  const made = await mkdir(dirname(folder), { recursive: true }).catch((cause: unknown) => { throw unwritable(folder, cause) })
  try {
    // What is renamed into place must not find anything there; a link there is not followed.
    if (wasThere) await rmdir(folder)
    await opened.unpackTo(folder)
  } catch (error) {
    if (made !== undefined) await rm(made, { recursive: true, force: true })
    else if (wasThere) await mkdir(folder, { recursive: true })
    throw isOpsFluxError(error) ? error : unwritable(folder, error)
  }
}

function unwritable(folder: string, cause: unknown): OpsFluxError {
  return new OpsFluxError('conflict', `"${folder}" cannot be written: ${cause instanceof Error ? cause.message : String(cause)}. Choose another folder.`, { cause })
}

async function mustBeFree(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined)
  if (found && !found.isDirectory()) throw new OpsFluxError('conflict', `"${folder}" is there and is not a folder. Choose another one.`)
  if (found && (await readdir(folder)).length > 0) throw new OpsFluxError('conflict', `"${folder}" is not empty, and nothing is ever written over. Choose another folder.`)
  return found !== undefined
}
