import type { HttpRequest } from '@opsflux/sdk'
import { malformed } from './failures.ts'

export const maxBodyBytes = 524_288
const maxUrlLength = 2_048
const maxHeaderBytes = 16_384

export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
export type Method = (typeof methods)[number]

/** What is sent to one host; `headers` by lower-case name, still with their templates. */
export interface OutgoingRequest {
  url: URL
  method: Method
  headers: ReadonlyMap<string, string>
  body: Buffer | undefined
}

/** The arguments of the host call `http.fetch`. */
export const fetchSchema = {
  type: 'object', additionalProperties: false, required: ['url'],
  properties: {
    url: { type: 'string', maxLength: maxUrlLength },
    request: {
      type: 'object', additionalProperties: false,
      properties: {
        method: { enum: methods },
        headers: {
          type: 'object', maxProperties: 50,
          // RFC 9110 §5.6.2: a token.
          propertyNames: { pattern: '^[!#$%&\'*+.^_`|~0-9A-Za-z-]{1,100}$' },
          additionalProperties: { type: 'string', maxLength: 8_192 },
        },
        body: { type: 'string', maxLength: maxBodyBytes },
        responseType: { enum: ['text', 'base64'] },
        timeoutMs: { type: 'integer', minimum: 1, maximum: 10_000 },
      },
    },
  },
}

// What the host says itself (RFC 9110 §7.6.1: of this connection alone; §7.2: to whom), what would make it believed to come
// from somebody else, and `accept-encoding`: nothing compressed is taken.
const ownHeaders = new Set([
  'host', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'te', 'trailer', 'upgrade', 'http2-settings', 'expect', 'cookie', 'cookie2', 'forwarded', 'accept-encoding',
])
const ownPrefixes = ['proxy-', 'x-forwarded-']

/** @throws plugin-failed when the request is none that may be sent to anybody */
export function readRequest(address: string, request: HttpRequest): OutgoingRequest {
  const method = request.method ?? 'GET'
  const body = request.body === undefined ? undefined : Buffer.from(request.body)
  if (body && (method === 'GET' || method === 'HEAD')) throw malformed(`a ${method} request has no body.`)
  if (body && body.length > maxBodyBytes) throw malformed(`the body is larger than ${maxBodyBytes / 1_024} KiB.`)
  return { url: readUrl(address), method, headers: readHeaders(request.headers ?? {}), body }
}

/** Without its fragment, which is nobody else's. @throws plugin-failed */
export function readUrl(address: string, base?: URL): URL {
  // The parser drops or changes these without a word; whoever writes them means something else than it reads.
  if (/[\s\\]|\p{Cc}/u.test(address)) throw malformed('the URL holds white space, a control character or a backslash.')
  if (address.length > maxUrlLength || !URL.canParse(address, base)) throw malformed('the URL cannot be read.')
  const url = new URL(address, base)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw malformed(`a URL must begin with https://, not ${url.protocol}`)
  if (url.username !== '' || url.password !== '') throw malformed('a URL must not hold a user name or password. Send them as a header.')
  url.hash = ''
  // The root's dot changes nothing but the spelling (RFC 1034 §3.1); an empty label is no name.
  url.hostname = url.hostname.replace(/\.$/, '')
  if (/^\.|\.\.|\.$/.test(url.hostname)) throw malformed('the URL names no host.')
  // As it is sent: a letter outside ASCII takes six bytes and more.
  if (url.href.length > 2 * maxUrlLength) throw malformed('the URL is too long.')
  return url
}

function readHeaders(given: Readonly<Record<string, string>>): Map<string, string> {
  const headers = new Map<string, string>()
  let bytes = 0
  for (const [spelling, value] of Object.entries(given)) {
    const name = spelling.toLowerCase()
    if (ownHeaders.has(name) || ownPrefixes.some((prefix) => name.startsWith(prefix))) throw malformed(`the header "${name}" is not a module's to set.`)
    if (headers.has(name)) throw malformed(`the header "${name}" is given twice.`)
    if (!isHeaderValue(value)) throw malformed(`the value of the header "${name}" holds a character that no header can carry.`)
    bytes += name.length + value.length
    headers.set(name, value)
  }
  if (bytes > maxHeaderBytes) throw malformed(`the headers are larger than ${maxHeaderBytes / 1_024} KiB.`)
  return headers
}

/** RFC 9110 §5.5: visible characters, spaces and tabs; no line ends, no NUL, no other controls. */
export const isHeaderValue = (value: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
