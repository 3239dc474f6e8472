import { createHash } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isOpsFluxError } from '@opsflux/sdk'
import { moveInto, temporaryBeside } from './atomic-file.ts'
import { untrusted, unreachable } from './faults.ts'

/** Reads an answer of at most `maxBytes`; undefined for 404. @throws registry-unreachable */
export async function fetchBytes(url: string, maxBytes: number, signal: AbortSignal): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  const found = await stream(url, signal, (chunk) => {
    size += chunk.length
    if (size > maxBytes) throw unreachable(url, `it answered more than ${maxBytes} bytes for ${new URL(url).pathname}`)
    chunks.push(chunk)
  })
  return found ? Buffer.concat(chunks) : undefined
}

/**
 * Downloads a file of known size and SHA-256 to `path`. Both are checked while the bytes come in; nothing is left when they differ.
 * @throws registry-unreachable, untrusted-release
 */
export async function downloadFile(url: string, path: string, expected: { size: number; digest: string }, signal: AbortSignal): Promise<void> {
  const temporary = temporaryBeside(path)
  await mkdir(dirname(path), { recursive: true })
  const hash = createHash('sha256')
  let size = 0
  try {
    const file = await open(temporary, 'wx', 0o644)
    try {
      const found = await stream(url, signal, async (chunk) => {
        size += chunk.length
        if (size > expected.size) throw untrusted(`The download is larger than the ${expected.size} bytes that its publisher signed.`)
        hash.update(chunk)
        await file.writeFile(chunk)
      })
      if (!found) throw unreachable(url, `it lists ${new URL(url).pathname} and does not have it`)
      if (size < expected.size) throw untrusted(`The download ended after ${size} of ${expected.size} bytes.`)
      if (hash.digest('hex') !== expected.digest) throw untrusted('The download does not have the SHA-256 that its publisher signed.')
      await file.sync()
    } finally {
      await file.close()
    }
    await moveInto(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function stream(url: string, signal: AbortSignal, take: (chunk: Uint8Array) => void | Promise<void>): Promise<boolean> {
  try {
    const response = await fetch(url, { signal, redirect: 'error' })
    if (response.status === 404) {
      await response.body?.cancel()
      return false
    }
    if (!response.ok) throw unreachable(url, `it answered ${response.status}`)
    for await (const chunk of response.body ?? []) await take(chunk)
    return true
  } catch (error) {
    if (isOpsFluxError(error)) throw error
    throw unreachable(url, signal.aborted ? 'it took too long to answer' : 'it does not answer', error)
  }
}
