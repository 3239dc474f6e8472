import { OpsFluxError, type Json } from '@opsflux/sdk'

/** Why a package is refused; `data.reason` of a `package-refused` error. */
export type RefusalReason =
  | 'not-a-file' | 'packed-too-large' | 'unpacked-too-large' | 'too-many-entries' | 'file-too-large'
  | 'not-gzip' | 'gzip-damaged' | 'trailing-bytes' | 'second-gzip-member'
  | 'truncated-archive' | 'data-after-end' | 'bad-checksum' | 'not-ustar' | 'bad-number' | 'bad-header' | 'entry-type'
  | 'path-empty' | 'path-too-long' | 'path-too-deep' | 'path-not-utf8' | 'path-not-normalised' | 'path-control-character' | 'path-character'
  | 'path-absolute' | 'path-drive' | 'path-backslash' | 'path-climbing' | 'path-trailing-dot-or-space' | 'path-reserved-name'
  | 'duplicate-entry' | 'case-collision' | 'file-as-folder' | 'empty-folder'
  | 'manifest-missing' | 'manifest-invalid' | 'signature-missing' | 'signature-invalid' | 'signature-wrong'
  | 'file-unlisted' | 'file-missing' | 'file-altered' | 'file-unexpected' | 'link-on-disk' | 'mode-altered'
  | 'plugin-missing' | 'plugin-invalid' | 'plugin-mismatch' | 'icon-unsafe' | 'migration-forbidden' | 'migrations-too-large' | 'unpacked-differs'

const nextStep = 'Get the package again from its publisher.'

/** A `package-refused` error: `what` is a full sentence, `entry` the path at fault as far as it can be shown, `more` goes into `data`. */
export function refusal(reason: RefusalReason, what: string, entry?: string, cause?: unknown, more: Record<string, Json> = {}): OpsFluxError {
  const data = { reason, ...(entry === undefined ? {} : { entry: printable(entry) }), ...more }
  return new OpsFluxError('package-refused', `${printable(what)} ${nextStep}`, { data, cause })
}

/** Makes text from a hostile archive safe to show: control and invisible characters escaped, length bounded. */
export function printable(text: string): string {
  const escaped = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
  return escaped.length > 800 ? `${escaped.slice(0, 800)}…` : escaped
}
