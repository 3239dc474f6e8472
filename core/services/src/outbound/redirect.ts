import type { Answer } from './exchange.ts'
import { egressRefused, fetchFailed } from './failures.ts'
import { readUrl, type Method, type OutgoingRequest } from './read-request.ts'

/** Meant for the host they were sent to. */
const credentials = ['authorization']
/** RFC 9110 §15.4: they describe a body that is no longer sent. */
const ofBody = ['content-type', 'content-encoding', 'content-language', 'content-location', 'digest', 'content-digest', 'repr-digest', 'last-modified']

/**
 * The request a redirect asks for (RFC 9110 §15.4). To another host, port or scheme nothing goes that was meant for this one.
 * @param carrying names of headers that carry a secret
 * @throws fetch-failed when it leads to no URL, egress-refused when it leads out of TLS
 */
export function redirected({ url, method, headers, body }: OutgoingRequest, { status, headers: answered }: Answer, carrying: ReadonlySet<string>): OutgoingRequest {
  const target = targetOf(url, answered.get('location') ?? '')
  const next = methodAfter(status, method)
  const isBodyKept = next === method
  const left = new Set([...(target.origin === url.origin ? [] : [...credentials, ...carrying]), ...(isBodyKept ? [] : ofBody)])
  return { url: target, method: next, headers: new Map([...headers].filter(([name]) => !left.has(name))), body: isBodyKept ? body : undefined }
}

function targetOf(url: URL, location: string): URL {
  let target: URL
  try {
    target = readUrl(location, url)
  } catch {
    throw fetchFailed(`${url.hostname} redirects to an address that cannot be followed.`)
  }
  if (url.protocol === 'https:' && target.protocol !== 'https:') throw egressRefused(`${url.hostname} redirects out of HTTPS.`)
  return target
}

function methodAfter(status: number, method: Method): Method {
  if (status === 303) return method === 'HEAD' ? 'HEAD' : 'GET'
  return (status === 301 || status === 302) && method === 'POST' ? 'GET' : method
}
