import { createHash } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { request as requestPlain, type IncomingMessage } from 'node:http'
import { request as requestSecure } from 'node:https'
import { dirname } from 'node:path'
import { isOpsFluxError } from '@opsflux/sdk'
import { moveInto, temporaryBeside } from './atomic-file.ts'
import { unkept, unreachable, untrusted } from './faults.ts'
import { defaultPatience, PaceGuard, type Patience } from './patience.ts'

/** One exchange with a registry. */
export interface Exchange {
  signal: AbortSignal
  patience?: Patience
  method?: string
  headers?: Record<string, string>
  body?: Uint8Array
}

/** The answer's status and chunks, as they are on the wire. */
export interface Answer {
  status: number
  chunks: AsyncIterable<Uint8Array>
  /** Gives the connection up, when the chunks are not wanted. */
  end(): void
}

const maxHeadBytes = 16_384

/** Reads an answer of at most `maxBytes`; undefined for 404. @throws registry-unreachable */
export async function fetchBytes(url: string, maxBytes: number, exchange: Exchange): Promise<Buffer | undefined> {
  const answer = await found(url, exchange)
  return answer && readAll(url, answer, maxBytes)
}

/** @throws registry-unreachable */
export async function readAll(url: string, answer: Answer, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.chunks) {
    size += chunk.length
    if (size > maxBytes) throw unreachable(url, `it answered more than ${maxBytes} bytes for ${new URL(url).pathname}`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * Downloads a file of known size and SHA-256 to `path`. Both are checked while the bytes come in; nothing is left when they differ.
 * @throws registry-unreachable, untrusted-release, not-ready when the file cannot be written
 */
export async function downloadFile(url: string, path: string, expected: { size: number; digest: string }, exchange: Exchange): Promise<void> {
  const answer = await found(url, exchange)
  if (!answer) throw unreachable(url, `it lists ${new URL(url).pathname} and does not have it`)
  const temporary = temporaryBeside(path)
  try {
    await mkdir(dirname(path), { recursive: true })
    await save(answer.chunks, temporary, expected)
    await moveInto(temporary, path)
  } catch (error) {
    answer.end()
    await rm(temporary, { force: true }).catch(() => {})
    throw isOpsFluxError(error) ? error : unkept('The download', error)
  }
}

async function save(chunks: AsyncIterable<Uint8Array>, path: string, expected: { size: number; digest: string }): Promise<void> {
  const hash = createHash('sha256')
  let size = 0
  await using file = await open(path, 'wx', 0o644)
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > expected.size) throw untrusted(`The download is larger than the ${expected.size} bytes that its publisher signed.`)
    hash.update(chunk)
    await file.writeFile(chunk)
  }
  if (size < expected.size) throw untrusted(`The download ended after ${size} of ${expected.size} bytes.`)
  if (hash.digest('hex') !== expected.digest) throw untrusted('The download does not have the SHA-256 that its publisher signed.')
  await file.sync()
}

async function found(url: string, exchange: Exchange): Promise<Answer | undefined> {
  const answer = await ask(url, exchange)
  if (answer.status === 200) return answer
  answer.end()
  if (answer.status === 404) return undefined
  throw unreachable(url, `it answered ${answer.status} for ${new URL(url).pathname}`)
}

/**
 * Asks a registry. Redirects are not followed, and encoded answers are refused unread: what a few bytes unpack to is not known
 * before they are unpacked. @throws registry-unreachable
 */
export async function ask(url: string, exchange: Exchange): Promise<Answer> {
  const response = await send(url, exchange)
  const encoding = response.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') {
    response.destroy()
    throw unreachable(url, `it answered ${new URL(url).pathname} encoded as ${encoding.slice(0, 40)}, which was not asked for`)
  }
  return { status: response.statusCode ?? 0, chunks: chunksOf(response, url, exchange), end: () => { response.destroy() } }
}

function send(url: string, exchange: Exchange, isAgain = false): Promise<IncomingMessage> {
  const { signal, method = 'GET', headers = {}, body, patience = defaultPatience } = exchange
  return new Promise((resolve, reject) => {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw unreachable(url, 'its address is not one of http or https')
    const request = url.startsWith('https:') ? requestSecure : requestPlain
    const asked = request(url, { method, signal, maxHeaderSize: maxHeadBytes, headers: { 'accept-encoding': 'identity', ...headers, ...(body ? { 'content-length': body.length } : {}) } })
    let timer: NodeJS.Timeout | undefined
    const wait = (): void => { timer ??= setTimeout(() => { asked.destroy(unreachable(url, `it did not begin to answer within ${patience.headMs} ms`)) }, patience.headMs) }
    // Sending a package may take longer than waiting for the first byte.
    if (body) asked.on('finish', wait)
    else wait()
    asked.on('response', (response) => {
      asked.off('finish', wait)
      clearTimeout(timer)
      resolve(response)
    })
    asked.on('error', (error) => {
      clearTimeout(timer)
      // The registry may close a connection that was kept open just when it is used again.
      if (asked.reusedSocket && !isAgain && !signal.aborted && !isOpsFluxError(error)) resolve(send(url, exchange, true))
      else reject(noAnswer(url, signal, error))
    })
    // An answer that changes the protocol ends neither in a response nor in an error.
    asked.on('upgrade', (_, socket) => { socket.destroy() })
    asked.on('close', () => {
      clearTimeout(timer)
      reject(noAnswer(url, signal, undefined))
    })
    asked.end(body)
  })
}

// A generator, so that a fault of whoever takes the bytes (a full disk) is not taken for one of the network.
async function* chunksOf(response: IncomingMessage, url: string, { signal, patience = defaultPatience }: Exchange): AsyncGenerator<Uint8Array, void> {
  using guard = new PaceGuard(url, patience, (error) => { response.destroy(error) })
  const chunks: AsyncIterator<Uint8Array> = response[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => { throw noAnswer(url, signal, error) })
      if (next.done) return
      guard.count(next.value.length)
      yield next.value
    }
  } finally {
    response.destroy()
  }
}

function noAnswer(url: string, signal: AbortSignal, cause: unknown): Error {
  if (isOpsFluxError(cause)) return cause
  return unreachable(url, signal.aborted ? 'it took too long to answer' : 'it does not answer', cause)
}
