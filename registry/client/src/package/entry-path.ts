import type { PackageLimits } from './limits.ts'
import { refusal, type RefusalReason } from './refusal.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
// Windows opens a device for these names whatever folder or extension they have (Microsoft, "Naming Files, Paths, and Namespaces").
const reservedName = /^(con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i

/** Reads the path of an archive entry, or refuses it. A folder's trailing slash must be cut off before. */
export function entryPath(raw: Uint8Array, limits: Pick<PackageLimits, 'pathBytes' | 'depth'>): string {
  let path: string
  try {
    path = utf8.decode(raw)
  } catch (cause) {
    throw refusal('path-not-utf8', 'The name of an entry is not valid UTF-8.', Buffer.from(raw).toString('latin1'), cause)
  }
  const fault = pathFault(path, limits)
  if (fault) throw refusal(fault[0], `The entry "${path}" ${fault[1]}.`, path)
  return path
}

/** Why a path cannot stand in a package, or undefined. */
export function pathFault(path: string, limits: Pick<PackageLimits, 'pathBytes' | 'depth'>): [RefusalReason, string] | undefined {
  if (path === '') return ['path-empty', 'has no name']
  if (Buffer.byteLength(path) > limits.pathBytes) return ['path-too-long', `has a path of more than ${limits.pathBytes} bytes`]
  if (path.split('/').length > limits.depth) return ['path-too-deep', `is nested more than ${limits.depth} names deep`]
  if (path.normalize('NFC') !== path) return ['path-not-normalised', 'is not in Unicode normal form C']
  const compatible = path.normalize('NFKC')
  // A full-width "．．" or "／" is harmless here and climbs on a system that folds it.
  return formFault(path) ?? (compatible === path ? undefined : formFault(compatible))
}

function formFault(path: string): [RefusalReason, string] | undefined {
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(path)) return ['path-control-character', 'has a control or invisible character in its path']
  if (path.includes('\\')) return ['path-backslash', 'has a backslash in its path']
  if (path.startsWith('/')) return ['path-absolute', 'has an absolute path']
  if (/^[a-z]:/i.test(path)) return ['path-drive', 'begins with a drive letter']
  if (/[<>:"|?*]/.test(path)) return ['path-character', 'has a character in its path that some systems cannot store']
  for (const name of path.split('/')) {
    if (name === '') return ['path-empty', 'has an empty name in its path']
    if (name === '.' || name === '..') return ['path-climbing', 'climbs out of the package or stays in place']
    if (/[. ]$/.test(name)) return ['path-trailing-dot-or-space', 'has a name ending in a dot or a space']
    if (reservedName.test(name)) return ['path-reserved-name', 'has a name that Windows keeps for devices']
  }
  return undefined
}

/** Two paths with one key are one file on a system that ignores case or folds compatible characters. */
export function collisionKey(path: string): string {
  return path.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC')
}
