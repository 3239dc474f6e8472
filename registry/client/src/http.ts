import { createHash } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { moveInto, temporaryBeside } from './atomic-file.ts'
import { untrusted, unreachable } from './faults.ts'

/** Reads an answer of at most `maxBytes`; undefined for 404. @throws registry-unreachable */
export async function fetchBytes(url: string, maxBytes: number, signal: AbortSignal): Promise<Buffer | undefined> {
  const answer = await ask(url, signal)
  if (!answer) return undefined
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer) {
    size += chunk.length
    if (size > maxBytes) throw unreachable(url, `it answered more than ${maxBytes} bytes for ${new URL(url).pathname}`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * Downloads a file of known size and SHA-256 to `path`. Both are checked while the bytes come in; nothing is left when they differ.
 * @throws registry-unreachable, untrusted-release
 */
export async function downloadFile(url: string, path: string, expected: { size: number; digest: string }, signal: AbortSignal): Promise<void> {
  const answer = await ask(url, signal)
  if (!answer) throw unreachable(url, `it lists ${new URL(url).pathname} and does not have it`)
  const temporary = temporaryBeside(path)
  await mkdir(dirname(path), { recursive: true })
  try {
    await save(answer, temporary, expected)
    await moveInto(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function save(answer: AsyncIterable<Uint8Array>, path: string, expected: { size: number; digest: string }): Promise<void> {
  const hash = createHash('sha256')
  let size = 0
  await using file = await open(path, 'wx', 0o644)
  for await (const chunk of answer) {
    size += chunk.length
    if (size > expected.size) throw untrusted(`The download is larger than the ${expected.size} bytes that its publisher signed.`)
    hash.update(chunk)
    await file.writeFile(chunk)
  }
  if (size < expected.size) throw untrusted(`The download ended after ${size} of ${expected.size} bytes.`)
  if (hash.digest('hex') !== expected.digest) throw untrusted('The download does not have the SHA-256 that its publisher signed.')
  await file.sync()
}

async function ask(url: string, signal: AbortSignal): Promise<AsyncGenerator<Uint8Array, void> | undefined> {
  let response: Response
  try {
    response = await fetch(url, { signal, redirect: 'error' })
  } catch (error) {
    throw noAnswer(url, signal, error)
  }
  if (response.ok) return chunksOf(response, url, signal)
  await response.body?.cancel()
  if (response.status === 404) return undefined
  throw unreachable(url, `it answered ${response.status}`)
}

// A generator, so that a fault of whoever takes the bytes (a full disk) is not taken for one of the network.
async function* chunksOf(response: Response, url: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of response.body ?? []) yield chunk
  } catch (error) {
    throw noAnswer(url, signal, error)
  }
}

function noAnswer(url: string, signal: AbortSignal, cause: unknown): Error {
  return unreachable(url, signal.aborted ? 'it took too long to answer' : 'it does not answer', cause)
}
