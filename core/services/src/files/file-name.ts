import { OpsFluxError } from '@opsflux/sdk'
import { fileLimits } from './limits.ts'

// Characters that turn the reading direction make `exe.fdp` of `pdf.exe` (Unicode TR 36 §3.1.1).
const forbidden = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069/\\]/u

/** The name in the header `X-File-Name`. @throws invalid-request */
export function fileNameOf(header: string): string {
  const name = decode(header).normalize('NFC').trim()
  if (name === '' || [...name].length > fileLimits.nameCharacters || forbidden.test(name) || name === '.' || name === '..') {
    throw new OpsFluxError('invalid-request', `A file name has 1 to ${fileLimits.nameCharacters} characters, and no slashes or control characters. Send it percent-encoded in the header X-File-Name.`)
  }
  return name
}

function decode(header: string): string {
  try {
    return decodeURIComponent(header)
  } catch {
    return ''
  }
}
