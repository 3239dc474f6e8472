import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { RemoteHost } from './host-name.ts'
import { describeFailure, fetchFailed } from './failures.ts'
import { maxBodyBytes, type Method } from './read-request.ts'

/** One request as it goes out, to addresses that were judged. */
export interface Exchange {
  url: URL
  host: RemoteHost
  addresses: readonly string[]
  method: Method
  headers: ReadonlyMap<string, string>
  body: Buffer | undefined
  /** Certificates trusted beside the system's. */
  ca: string | undefined
  signal: AbortSignal
}

export interface Answer {
  status: number
  headers: ReadonlyMap<string, string>
  /** Empty of a redirect, and of an answer to HEAD. */
  body: Buffer
}

const connectMs = 5_000
const maxHeaderBytes = 16_384
const maxInterimAnswers = 10
const firstBodyBytes = 16_384
const maxAddressesTried = 16
const redirects = new Set([301, 302, 303, 307, 308])

export const isRedirect = ({ status, headers }: Pick<Answer, 'status' | 'headers'>): boolean => redirects.has(status) && headers.has('location')

/** Sends one request on a connection of its own and reads one answer, within bounds. @throws fetch-failed, the signal's reason */
export function exchange(sent: Exchange): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = sent.url.protocol === 'https:' ? requestHttps : requestHttp
    const request = send(optionsOf(sent))
    let interim = 0
    const connecting = setTimeout(() => end(fetchFailed(`${sent.host.name} took longer than ${connectMs} ms to connect.`)), connectMs)
    const abort = (): void => end(sent.signal.reason)
    // Whatever the socket does afterwards, `error` keeps its listener: nothing of it reaches the process.
    const end = (outcome: unknown, answer?: Answer): void => {
      clearTimeout(connecting)
      sent.signal.removeEventListener('abort', abort)
      if (answer) resolve(answer)
      else reject(outcome)
      request.destroy()
    }
    request.on('error', (error) => end(describeFailure(sent.host.name, error)))
    // After an error this changes nothing; without one, the connection ended before an answer began.
    const closed = (): void => end(fetchFailed(`${sent.host.name} closed the connection before it had answered.`))
    request.on('close', closed)
    request.on('socket', (socket) => socket.on('error', () => undefined).on(sent.url.protocol === 'https:' ? 'secureConnect' : 'connect', () => clearTimeout(connecting)))
    request.on('information', () => { if (++interim > maxInterimAnswers) end(fetchFailed(`${sent.host.name} sent interim answers without end.`)) })
    request.on('response', (response) => {
      request.off('close', closed)
      response.on('error', () => undefined)
      readAnswer(sent, response).then((answer) => end(undefined, answer), end)
    })
    sent.signal.addEventListener('abort', abort, { once: true })
    if (sent.signal.aborted) abort()
    else request.end(sent.body)
  })
}

function optionsOf({ url, host, addresses, method, headers, body, ca }: Exchange): RequestOptions & { ca?: string; rejectUnauthorized: boolean; servername: string } {
  return {
    method, host: host.name, port: host.port, path: url.pathname + url.search,
    headers: { 'user-agent': 'OpsFlux', ...Object.fromEntries(headers), host: url.host, 'accept-encoding': 'identity', connection: 'close', ...lengthOf(method, body) },
    setDefaultHeaders: false, agent: false, maxHeaderSize: maxHeaderBytes, insecureHTTPParser: false, lookup: judged(addresses),
    // Said aloud: no variable of the environment turns them off. RFC 6066 §3: an address is no server name.
    rejectUnauthorized: true, servername: host.isAddress ? '' : host.name, ...(ca === undefined ? {} : { ca }),
  }
}

function lengthOf(method: Method, body: Buffer | undefined): Record<string, string> {
  if (body) return { 'content-length': String(body.length) }
  // RFC 9110 §8.6: of methods that are expected to have content.
  return method === 'POST' || method === 'PUT' || method === 'PATCH' ? { 'content-length': '0' } : {}
}

/** Connects to what was judged: the name is not asked for a second time, when it may lead elsewhere. */
function judged(addresses: readonly string[]): LookupFunction {
  const found = addresses.slice(0, maxAddressesTried).map((address) => ({ address, family: isIP(address) }))
  const [first] = found
  return (name, options, callback) => {
    if (!first) callback(new Error(`${name} leads nowhere`), '')
    else if (options.all === true) callback(null, found)
    else callback(null, first.address, first.family)
  }
}

async function readAnswer({ host: { name: host }, method }: Exchange, response: IncomingMessage): Promise<Answer> {
  const answer = { status: response.statusCode ?? 0, headers: headersOf(response) }
  // RFC 9110 §9.3.2: of a HEAD, the headers speak of a body that does not come.
  if (isRedirect(answer) || method === 'HEAD') return { ...answer, body: Buffer.alloc(0) }
  const encoding = answer.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && encoding !== '') throw fetchFailed(`${host} answered compressed, though it was asked not to.`)
  if (Number(response.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLong(host)
  return { ...answer, body: await readBody(host, response) }
}

/** Copied as it comes: kept pieces would each keep what they were read with, and a server can make half a million of them. */
function readBody(host: string, response: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let body = Buffer.alloc(firstBodyBytes)
    let length = 0
    response.on('data', (chunk: Buffer) => {
      const needed = length + chunk.length
      if (needed > maxBodyBytes) {
        reject(tooLong(host))
        return
      }
      if (needed > body.length) body = Buffer.concat([body], Math.max(needed, 2 * body.length))
      chunk.copy(body, length)
      length = needed
    })
    response.on('end', () => { if (response.complete) resolve(body.subarray(0, length)) })
    response.on('error', (error) => reject(describeFailure(host, error)))
    response.on('close', () => reject(fetchFailed(`${host} closed the connection in the middle of its answer.`)))
  })
}

const tooLong = (host: string): Error => fetchFailed(`${host} answered with more than ${maxBodyBytes / 1_024} KiB.`)

/** Several of one name are one list (RFC 9110 §5.3), but for `set-cookie`, which is left out. */
function headersOf({ rawHeaders }: IncomingMessage): Map<string, string> {
  const headers = new Map<string, string>()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase()
    const value = rawHeaders[index + 1] ?? ''
    if (name === 'set-cookie' || name === 'set-cookie2' || name === '__proto__') continue
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return headers
}
